# SPDX-License-Identifier: MIT
"""Rows: a program, how it stays, what its stacks are; and how a row is tried."""
import dataclasses
import fnmatch
import json
import os
import re
import shutil
import tempfile
import time
import typing

from trouble import suite
from trouble.stage import Failed, Skip

from . import build, compare, elf, looks

ROWS = []
TRIES = 4  # at a thread that runs, on a machine that has no time for it
COPIES = {"plug.c": "plug.so"}  # what own_copy() is asked for


@dataclasses.dataclass(frozen=True)
class Row:
    """
    chain: the frames that must stand in the stack, "park f2 ? main" (compare.py), of the main thread; of each
    process that is ready, ("...", "..."); or of threads by their names, {"worker": "..."}.  With = in
    front, by the names that were told, not those of the file that it was stripped from.  without: {oracle: why it cannot be right here}.
    """
    name: str
    program: typing.Optional[build.Program]
    args: tuple = ()
    chain: typing.Union[str, tuple, dict] = ""
    ways: tuple = ("sleep", "spin")
    without: dict = dataclasses.field(default_factory=dict)
    chain_decides: str = ""        # why neither oracle need be right: the chain alone must hold
    cut: str = ""                  # what it ends by, if not where the thread began
    start: typing.Optional[typing.Callable] = None  # (stage, file, args) -> pids
    wrap: typing.Optional[typing.Callable] = None   # (stage, file) -> command that the lookers run under
    twins: tuple = ()              # more programs that name what was stripped
    needs: tuple = ()
    root: bool = False
    limit: float = 60.0

    def programs(self):
        return (*((self.program,) if self.program else ()), *self.twins)


@dataclasses.dataclass(frozen=True)
class Hostile:
    """A target made to be looked at badly: a result in time, a reason where the stack is cut."""
    name: str
    program: build.Program
    args: tuple = ()
    chain: str = ""                # of the main thread
    ends: str = ""                 # regular expression: why the main thread's stack may end
    start: typing.Optional[typing.Callable] = None
    twins: tuple = ()
    seconds: float = 5.0
    stops: tuple = looks.STOPS     # what it is looked at with
    feigned: bool = False          # it looks like a beginning: a return address of 0, a table that says so
    rests: bool = True             # it sleeps
    shaky: bool = False            # threads come and go while we look
    needs: tuple = ()
    root: bool = False
    limit: float = 40.0

    def programs(self):
        return (self.program, *self.twins)


def add(*rows):
    ROWS.extend(rows)


# ---- starting -----------------------------------------------------------------------------------

def start_plain(stage, file, args):
    return stage.spawn(file, *args)[1]


def own_directory(stage):
    """To be filled as one likes; gone with the case."""
    place = os.path.join(stage.dir, "own")
    os.makedirs(place, exist_ok=True)
    return tempfile.mkdtemp(dir=place)


def own_copy(stage, file, name="program"):
    """To be deleted or overwritten."""
    return shutil.copy(file, os.path.join(own_directory(stage), name))


def _file(row, options):
    """The built program, or why there is none."""
    if row.root and os.geteuid():
        raise Skip("needs root")
    for tool in row.needs:
        if not shutil.which(tool):
            raise Skip(f"no {tool} here")
    for program in row.programs():
        built = options.built[program]
        if isinstance(built, build.Missing):
            raise Skip(str(built))
        if isinstance(built, Exception):
            raise Failed(str(built))
    return options.built[row.program] if row.program else None


def twins_of(row, options):
    """{base name of a stripped file: the names it had}"""
    found = {}
    for program in row.programs():
        names = elf.names_of(program.whole(options.built_in))
        found[os.path.basename(program.file(options.built_in))] = names
        found.setdefault(COPIES.get(program.source, "program"), names)
    return found


# ---- right frames --------------------------------------------------------------------------------

class Target:
    """A process on its way to be looked at."""

    def __init__(self, pid, which, moving):
        self.pid, self.which, self.moving = pid, which, moving

    def settle(self):
        if not self.moving:
            looks.await_rest(self.pid)


class Trial:
    """One row, in all its ways of staying."""

    def __init__(self, stage, row):
        self.stage, self.row = stage, row
        self.complaints, self.notes = [], []
        self.threads = self.alike = self.compared = 0

    def run(self):
        row, stage = self.row, self.stage
        file = _file(row, stage.options)
        targets = self.start(file)
        wrap = row.wrap(stage, file) if row.wrap else ()
        told = {who: looks.told(who, [target.pid for target in targets], wrap) for who in self.oracles()} \
            if stage.options.truth else {}
        ours = {target.pid: self.ours(target, told, wrap) for target in targets}
        for who in self.oracles() if not told else ():
            for target in targets:
                target.settle()
            told[who] = looks.told(who, [target.pid for target in targets], wrap)
        twins = twins_of(row, stage.options)
        for target in targets:
            self.try_one(target, ours[target.pid], told, twins)
        notes = "; ".join(dict.fromkeys(self.notes))
        if self.complaints:
            raise Failed("\n".join([notes, *self.complaints[:6], *(["..."] if len(self.complaints) > 6 else [])]))
        share = f", unstopped as stopped: {self.alike} of {self.compared}" if self.compared else ""
        return f"{self.threads} threads{share}" + (f"; {notes}" if notes else "")

    def start(self, file):
        targets = []
        for way in self.row.ways or ("",):
            args = (*self.row.args, way) if way else self.row.args
            pids = (self.row.start or start_plain)(self.stage, file, args)
            targets += [Target(pid, which, "spin" in args) for which, pid in enumerate(pids)]
        if any(target.moving for target in targets):
            time.sleep(0.05)
        for target in targets:
            target.settle()
            self.stage.watch(target.pid)
        return targets

    def oracles(self):
        for who in looks.ORACLES:
            if who in self.row.without:
                self.notes.append(f"{who} not asked: {self.row.without[who]}")
            elif not shutil.which(who):
                self.notes.append(f"no {who} here")
            else:
                yield who

    def ours(self, target, told, wrap):
        """{how: {tid: Stack}}"""
        if self.stage.options.truth:
            return {who: looks.as_ours(told[who]) for who in told}
        found = {}
        for stop in looks.STOPS[target.moving:]:
            for _ in range(TRIES if target.moving else 1):
                target.settle()
                found[stop] = looks.ours(self.stage, target.pid, stop, wrap)
                if all(stack.ends for stack in found[stop].values()):
                    break
                self.notes.append("looked again: it did not stop in time")
        return found

    def try_one(self, target, ours, told, twins):
        for tid in looks.tasks(target.pid):
            self.threads += 1
            name = looks.comm(target.pid, tid)
            chain = self.chain_of(target, tid, name)
            wrong = {}
            for how, stacks in ours.items():
                label = f"{name}[{tid}]{', running' if target.moving else ''}, {how}"
                if tid in stacks:
                    wrong[how] = list(self.judge(label, how, target.moving, stacks[tid],
                                                 {by: told[by][tid] for by in told if tid in told[by]}, chain, twins))
                elif not (target.moving and self.row.chain_decides and tid != target.pid):
                    wrong[how] = [f"{label}: no such thread in the report"]
            if not self.stage.options.truth or all(wrong.values()):  # one oracle that is right is enough for the truth
                self.complaints += [one for each in wrong.values() for one in each]
            if "never" in ours and tid in ours["never"] and tid in ours["always"] and ours["always"][tid].way == "stopped":
                self.compared += 1
                self.alike += compare.same_stacks(ours["never"][tid], ours["always"][tid])

    def chain_of(self, target, tid, name):
        chain = self.row.chain
        if isinstance(chain, dict):
            return next((each for key, each in chain.items() if fnmatch.fnmatchcase(name, key)), "")
        if tid != target.pid:
            return ""
        return chain[target.which] if isinstance(chain, tuple) else chain

    def judge(self, label, how, moving, ours, told, chain, twins):
        """What is wrong with it.  Where the oracles are not of one mind, the chain decides."""
        row = self.row
        first = {by: compare.differs(ours, one, moving) for by, one in told.items()}
        same = [by for by in told if first[by] is None]
        agree = len({tuple(frame.pc for frame in one.frames[moving:]) for one in told.values()}) < 2
        # unstopped, a stack may be cut, and says so; it must not be another
        may_be_short = how == "never" or row.cut
        if may_be_short and len(same) < len(told) and self.short(ours, told, first):
            self.notes.append(f"cut, {how}: {ours.ends}")
            if how == "never":
                return
        elif told and not row.chain_decides and len(same) < (len(told) if agree else 1):
            by = next(by for by in told if by not in same)
            yield f"{label}: not as {by} has it\n{compare.beside(ours, told[by], by)}"
        elif len(same) < len(told) and not row.chain_decides:
            self.notes.append("not as " + ", ".join(by for by in told if by not in same))
        if chain.startswith("="):
            chain, twins = chain[1:], twins if self.stage.options.truth else {}
        if chain and not compare.has_chain(chain, ours, twins):
            yield f"{label}: chain {chain!r} is not in\n{self.show(ours, twins)}"
        if not self.stage.options.truth and not re.fullmatch(row.cut or "whole", ours.ends or ""):
            yield f"{label}: ends {ours.ends!r}, not {row.cut or 'whole'!r}\n{self.show(ours, twins)}"

    @staticmethod
    def short(ours, told, first):
        """It says that it is cut, and is right as far as it goes."""
        return not ours.whole and bool(ours.ends) and bool(told) and \
            all(first[by] is None or first[by] == len(ours.frames) for by in told)

    @staticmethod
    def show(stack, twins):
        lines = [f"   {name or '?':40} {frame}" for name, frame in zip(compare.names_in(stack, twins), stack.frames)]
        lines = lines[:30] + ([f"   ... {len(lines)} in all"] if len(lines) > 30 else [])
        return "\n".join([*lines, f"   (ends: {stack.ends}, {stack.way})"])


# ---- hostile targets --------------------------------------------------------------------------------

def memory_of(pid):
    """kB resident and in page tables: looking must not make it grow."""
    with open(f"/proc/{pid}/status", errors="replace") as file:
        found = dict(line.split(":", 1) for line in file)
    return sum(int(found[key].split()[0]) for key in ("VmRSS", "VmPTE") if key in found)


def look_hostile(stage, row):
    file = _file(row, stage.options)
    pids = (row.start or start_plain)(stage, file, row.args)
    pid, slowest = pids[0], 0.0
    if stage.options.truth:
        return "only with a tool"
    if row.rests:
        looks.await_rest(pid)
    if not row.shaky:
        stage.watch(pid)
    before, complaints, ends, twins = memory_of(pid), [], set(), twins_of(row, stage.options)
    for stop in row.stops:
        report, result = looks.report(stage, pid, f"--stop={stop}", limit=row.seconds + 25)
        slowest = max(slowest, result.seconds)
        if result.seconds > row.seconds * (4 if stage.sanitized else 1):
            complaints.append(f"--stop={stop} took {result.seconds:.1f} s, {row.seconds:.0f} s are allowed")
        complaints += [f"--stop={stop}: {what}" for what in odd_stacks(row, stop, pid, report, ends, twins)]
    text = stage.look(f"--stop={row.stops[-1]}", str(pid), tool="wedgestack", limit=row.seconds + 25)
    stage.clean(text.out + text.err)
    if text.status not in (0, 3):
        complaints.append(f"as text: {text}")
    if not row.shaky and memory_of(pid) > before + 1024:
        complaints.append(f"it grew from {before} kB to {memory_of(pid)} kB")
    if complaints:
        raise Failed("\n".join(complaints))
    return f"{slowest:.2f} s, ends {', '.join(sorted(ends)) or 'not looked at'}"


def odd_stacks(row, stop, pid, report, ends, twins):
    """What is wrong with them."""
    stacks = looks.frames.from_report(report)
    gaps = {gap for each in report["gaps"] for gap in each["pids"]}
    # ended, or of a process that a gap names
    silent = {thread["tid"] for process in report["processes"] for thread in process["threads"]
              if thread["state"] in ("Z", "X") or process["pid"] in gaps}
    for tid, stack in stacks.items():
        if len(stack.frames) > 512:
            yield f"{len(stack.frames)} frames in {tid}"
        if not stack.ends and tid not in silent:
            yield f"{tid} does not say how it ends, and no gap does"
        if stack.whole and not compare.begins(stack, twins) and not row.feigned:
            yield f"{tid} says that it is whole:\n{Trial.show(stack, twins)}"
    mine = stacks.get(pid)
    if mine is None:
        if pid not in gaps and not row.shaky:
            yield "the thread is not in the report"
        return
    ends.add(mine.ends or "nowhere")
    if row.chain and not (stop == "never" and not mine.frames) and not compare.has_chain(row.chain, mine, twins, True):
        yield f"chain {row.chain!r} is not in\n{Trial.show(mine, twins)}"
    if row.ends and not re.fullmatch(row.ends, mine.ends or ""):
        yield f"ends {mine.ends!r}, not {row.ends!r}\n{Trial.show(mine, {})}"


# ---- all of them ---------------------------------------------------------------------------------------

def cases():
    """Each row as a case of the suite that tests/trouble shares with us; what takes longest first."""
    for row in sorted(ROWS, key=lambda row: -row.limit):
        yield suite.Case(row.name, Run(row), False, row.limit)


class Run:
    def __init__(self, row):
        self.row = row

    def __str__(self):
        return " ".join((getattr(self.row.program, "source", ""), getattr(self.row.program, "flags", ""), *self.row.args))

    def __call__(self, stage):
        stage.files.add("own")
        if isinstance(self.row, Hostile):
            return look_hostile(stage, self.row)
        trial = Trial(stage, self.row)
        try:
            return trial.run()
        finally:
            with open(os.path.join(stage.options.shares, os.path.basename(stage.dir)), "w") as file:
                json.dump({"threads": trial.threads, "alike": trial.alike, "compared": trial.compared}, file)
