# SPDX-License-Identifier: MIT
"""Looking at one target: by wedgestack, by eu-stack, by gdb."""
import json
import os
import pathlib
import subprocess
import time

from trouble.stage import Failed

from . import compare, frames

ASK_GDB = pathlib.Path(__file__).resolve().parent / "ask_gdb.py"
STOPS = ("never", "always", "auto")
ORACLES = ("eu-stack", "gdb")
# No network, no files of the user's.
QUIET = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "HOME": "/nonexistent"}


def tasks(pid):
    return sorted(int(tid) for tid in os.listdir(f"/proc/{pid}/task"))


def comm(pid, tid):
    with open(f"/proc/{pid}/task/{tid}/comm", errors="replace") as file:
        return file.read().rstrip("\n")


def _rests(pid):
    """What each task is in, if all of them sleep; else None."""
    found = []
    for tid in tasks(pid):
        with open(f"/proc/{pid}/task/{tid}/stat", "rb") as file:
            if file.read().rpartition(b")")[2].split()[0] not in (b"S", b"D"):
                return None
        with open(f"/proc/{pid}/task/{tid}/syscall") as file:
            found.append((tid, file.read()))
    return found


def await_rest(pid, seconds=10.0):
    """Ready is said just before; an oracle wakes what it looks at."""
    end, before = time.monotonic() + seconds, None
    while time.monotonic() < end:
        now = _rests(pid)
        if now and now == before:
            return
        before = now
        time.sleep(0.003)
    raise Failed(f"{pid} does not come to rest")


# ---- wedgestack ----------------------------------------------------------------------------

def report(stage, pid, *words, limit=30.0, **more):
    result = stage.look("--json", *words, str(pid), tool="wedgestack", limit=limit, **more)
    if result.status not in (0, 3):
        raise Failed(f"want status 0 or 3, have {result}")
    try:
        return json.loads(result.out), result
    except ValueError as problem:
        raise Failed(f"not JSON ({problem}): {result}") from None


def ours(stage, pid, stop, wrap=()):
    """{tid: Stack} of the whole tree."""
    return frames.from_report(report(stage, pid, f"--stop={stop}", wrap=wrap)[0])


# ---- the others ------------------------------------------------------------------------------

def commands(who, pids):
    """gdb reads the symbols of libraries once for all whom it holds; eu-stack takes one."""
    if who == "eu-stack":
        return [("eu-stack", "-n", "0", "-a", "-p", str(pid)) for pid in pids]
    words = ["gdb", "-nx", "-nh", "-batch"]
    for setting in ("auto-load no", "debuginfod enabled off", "confirm off", "pagination off"):
        words += ["-iex", f"set {setting}"]
    for setting in ("past-main on", "past-entry on", "limit unlimited"):
        words += ["-ex", f"set backtrace {setting}"]
    for at, pid in enumerate(pids, 1):
        words += (["-ex", "add-inferior", "-ex", f"inferior {at}"] if at > 1 else [])
        words += ["-ex", f"attach {pid}", "-ex", f"source {ASK_GDB}"]
    return [words]


def ask(who, pids, wrap=(), seconds=60):
    """What it prints, stderr behind stdout."""
    texts = []
    for command in commands(who, pids):
        try:
            done = subprocess.run([*wrap, *command], env=QUIET, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, timeout=seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{' '.join(command)}: not done after {seconds} s") from None
        texts += [done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")]
    return "\n".join(texts)


def told(who, pids, wrap=()):
    """{tid: Told} of all of them."""
    places = {}
    for pid in pids:
        places.update(dict.fromkeys(tasks(pid), frames.Places(pid)))
    text = ask(who, pids, wrap)
    read = frames.from_eu_stack if who == "eu-stack" else frames.from_gdb
    found = {tid: compare.Told(stack, places[tid]) for tid, stack in read(text).items() if stack.frames and tid in places}
    for pid in pids:
        if pid not in found:
            raise Failed(f"{who} {pid} says nothing: {text[-500:]!r}")
    return found


def as_ours(told_):
    """An oracle's stacks as if they were ours: to try a row before there is a tool."""
    return {tid: frames.Stack([frames.Frame(frame.name, module=place[0], offset=place[1], basis="")
                               for frame, place in zip(one.frames, one.places)], one.stack.whole, one.stack.said or "whole")
            for tid, one in told_.items()}
