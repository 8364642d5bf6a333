# SPDX-License-Identifier: MIT
"""
Where harm is looked for: targets that would notice it, the program that takes their stacks, and what
must be so afterwards.  Built on the stage of tests/trouble.
"""
import itertools
import json
import os
import subprocess
import time

from trouble import facts, stage
from trouble.stage import Failed, Skip

from .told import Told

READY_S, MOVES_S = 10, 5


def _status(path):
    """State, tracer and thread group of a task; None when it is gone."""
    try:
        with open(f"{path}/status") as file:
            lines = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    except OSError:
        return None
    return lines["State"][0], int(lines["TracerPid"])


class Target:
    """programs/target; pid is of the process to look at."""

    def __init__(self, ground, mode, argument, ready):
        path = ground.path("told")
        self.told = Told(path)
        self.process = subprocess.Popen(
            [os.path.join(ground.options.programs, "target"), path, mode, str(argument)],
            stdin=subprocess.DEVNULL, preexec_fn=lambda: stage.end_with_parent(9), start_new_session=True)
        ground.spared.add(self.process.pid)
        self.pid = self.process.pid
        self.tracer = 0
        ground.wait(lambda: self.told.ready >= ready or self.process.poll() is not None, READY_S, "its target is ready")
        if self.process.poll() == 77:
            raise Skip(f"no {mode} on this machine")
        self.clock = mode in ("watch", "signals", "leaderless", "traced")

    def tasks(self):
        try:
            return [f"/proc/{self.pid}/task/{tid}" for tid in os.listdir(f"/proc/{self.pid}/task")]
        except OSError:
            return []

    def states(self):
        return [seen[0] for seen in map(_status, self.tasks()) if seen]

    def moves(self, seconds=MOVES_S):
        """The thread that reads the clock does so."""
        before, end = self.told.turns, time.monotonic() + seconds
        while self.told.turns == before:
            if time.monotonic() > end:
                return False
            time.sleep(0.001)
        return True

    def unharmed(self, stopped=""):
        """Nobody stopped but as it says, nobody traced but by whom it says, and it runs."""
        if self.process.poll() is not None:
            raise Failed(f"the target ended with status {self.process.returncode}")
        for path in self.tasks():
            seen = _status(path)
            if seen and seen[0] in "Tt" and seen[0] not in stopped:
                raise Failed(f"{path} is in state {seen[0]}")
            if seen and seen[1] != self.tracer:
                raise Failed(f"{path} has the tracer {seen[1]} ({facts.comm(seen[1])})")
        if self.clock and not stopped and not self.moves():
            raise Failed(f"{self.pid} does not move")


class Ground(stage.Stage):
    def __init__(self, options, directory):
        self.options, self.dir = options, directory
        self.targets, self.spared, self.files = [], set(), {"out", "err"}
        self.made, self.count = [], 0

    def path(self, name):
        self.count += 1
        name = f"{name}.{self.count}"
        self.files.add(name)
        return os.path.join(self.dir, name)

    def wait(self, condition, seconds, what):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise Failed(f"waited {seconds} s until {what}")
            time.sleep(0.0005)

    def times(self, full, short):
        """How often a case does its thing."""
        return full if self.options.full else short

    def target(self, mode, argument=0, ready=1, kept=True):
        target = Target(self, mode, argument, ready)
        if kept:
            self.made.append(target)
        return target

    # ---- who takes the stacks ------------------------------------------------------

    def command(self, pid, stop="auto", held=False, deep=False, rounds=1, pause_us=0, memory_mb=0):
        if not self.options.wedgestack:
            chosen = [f"--stop={stop}", f"--rounds={rounds}", f"--pause={pause_us}", f"--memory={memory_mb}"]
            return [os.path.join(self.options.programs, "dumper"), *chosen, *(["--held"] * held), *(["--deep"] * deep),
                    str(pid)]
        if memory_mb:
            raise Skip("of the dumper only")
        chosen = [f"--samples={min(rounds, 1000)}", f"--interval={max(pause_us // 1000, 1)}"] if rounds > 1 else []
        return [self.options.wedgestack, "--json", f"--stop={stop}", *chosen, str(pid)]

    def begin_dump(self, pid, wrap=(), **how):
        # The leak sanitizer cannot work under another tracer.
        return subprocess.Popen([*wrap, *self.command(pid, **how)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.dir,
                                env={**os.environ, "ASAN_OPTIONS": f"detect_leaks={int(not wrap)}"})

    def end_dump(self, process, statuses=(0,), seconds=60):
        """What it says of itself: a dictionary, .stopped and .longest among it."""
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed(f"a dump does not end within {seconds} s") from None
        if self.options.wedgestack and process.returncode in (2, 3):  # there was nothing that it could read
            return {"stopped": 0, "lost": 0, "gone": 1}
        if process.returncode not in statuses or err:
            raise Failed(f"a dump ended with status {process.returncode}: {err.decode(errors='replace')[-1000:]}")
        said = json.loads(out)
        if not self.options.wedgestack:
            return said
        threads = [thread for each in said["processes"] if each["pid"] in said["targets"] for thread in each["threads"]]
        return {"stopped": sum((thread.get("stack") or {}).get("stopped_us", 0) > 0 for thread in threads), "lost": 0}

    def dump(self, pid, **how):
        return self.end_dump(self.begin_dump(pid, **how))

    def family(self, pid):
        """It and its descendants, the eldest first."""
        found = [pid]
        for each in itertools.count():
            if each == len(found):
                return found
            try:
                for task in os.listdir(f"/proc/{found[each]}/task"):
                    with open(f"/proc/{found[each]}/task/{task}/children") as file:
                        found += map(int, file.read().split())
            except OSError:
                pass

    def unharmed(self):
        self.check_nothing_left()
        for target in self.made:
            target.unharmed()
