# SPDX-License-Identifier: MIT
"""All cases, some at a time, each in a process of its own with a deadline."""
import dataclasses
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import typing

from . import facts, stage

CASES = []


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    run: typing.Callable
    quick: bool
    limit: float


def case(quick=False, limit=40.0):
    """The function is a case; its name and first line say what is tried."""
    def add(function):
        CASES.append(Case(function.__name__.replace("_", "-"), function, quick, limit))
        return function
    return add


def _interrupted(*_):
    raise KeyboardInterrupt


def _act(case_, options, directory):
    """In the process of the case: (verdict, what to say)."""
    stage.adopt()
    stage.end_with_parent()
    signal.signal(signal.SIGTERM, _interrupted)
    acting = None
    try:
        acting = getattr(options, "stage", stage.Stage)(options, directory)
        said = case_.run(acting)
        acting.unharmed()
        verdict = "ok", said or ""
    except stage.Skip as why:
        verdict = "skip", str(why)
    except stage.Failed as why:
        verdict = "FAILED", str(why)
    except KeyboardInterrupt:
        verdict = "FAILED", f"not done after {case_.limit:.0f} s"
    except Exception:
        verdict = "FAILED", traceback.format_exc()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        left = stage.end_children()
    if left:
        verdict = "FAILED", f"cannot be ended: {left}"
    return verdict


class Running:
    def __init__(self, case_, options, place):
        self.case, self.dir = case_, os.path.join(place, case_.name)
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o777)
        self.begun, self.told = time.monotonic(), False
        self.word = os.path.join(place, case_.name + ".word")
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            status = 1
            try:
                verdict = _act(case_, options, self.dir)
                with open(self.word + ".new", "w") as file:
                    json.dump(verdict, file, ensure_ascii=True)
                os.rename(self.word + ".new", self.word)
                status = 0
            finally:
                os._exit(status)

    def ended(self):
        gone, _ = os.waitpid(self.pid, os.WNOHANG)
        if gone:
            return True
        seconds = time.monotonic() - self.begun
        if seconds > self.case.limit + 15:
            os.kill(self.pid, signal.SIGKILL)
        elif seconds > self.case.limit and not self.told:
            os.kill(self.pid, signal.SIGTERM)
            self.told = True
        return False

    def verdict(self):
        try:
            with open(self.word) as file:
                return json.load(file)
        except (OSError, ValueError):
            return "FAILED", "its process died"


def choose(options):
    return [case_ for case_ in CASES
            if (case_.quick or not options.quick) and re.search(options.only or "", case_.name)]


def run(options, told=None):
    """Counts of ok, FAILED, skip; told(case, verdict, what it said, seconds) is called for each."""
    counts = {"ok": 0, "FAILED": 0, "skip": 0}
    waiting, running = choose(options)[::-1], []
    place = tempfile.mkdtemp(prefix="wedge-trouble-")
    os.chmod(place, 0o755)
    signal.signal(signal.SIGTERM, _interrupted)
    stage.adopt()
    try:
        while waiting or running:
            while waiting and len(running) < options.jobs:
                running.append(Running(waiting.pop(), options, place))
            for each in [each for each in running if each.ended()]:
                running.remove(each)
                verdict, said = each.verdict()
                counts[verdict] += 1
                seconds = time.monotonic() - each.begun
                if told:
                    told(each.case, verdict, said, seconds)
                if verdict != "ok" or not options.quiet:
                    print(f"{verdict:6} {each.case.name:32} {seconds:5.1f} s  {said}", flush=True)
            time.sleep(0.02)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for each in running:
            os.kill(each.pid, signal.SIGTERM)
        end = time.monotonic() + 12
        while running and time.monotonic() < end:
            running = [each for each in running if not each.ended()]
            time.sleep(0.05)
        for pid in stage.end_children():
            print(f"LEFT BEHIND {facts.comm(pid)}[{pid}]")
            counts["FAILED"] += 1
        shutil.rmtree(place, ignore_errors=True)
    return counts
