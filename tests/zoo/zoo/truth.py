# SPDX-License-Identifier: MIT
"""Checks that say whether a scenario really is what its row claims.

Each factory returns a check: check(stage) is None when it holds, else one line that says
what was seen instead.  Roles are names from the scenario's hello file; "name/thread" is
one thread of it (role lines with a third word).
"""
import os
import time

from . import facts

SLEEPS = ("clock_nanosleep", "nanosleep")
READS = ("read", "recvfrom", "recvmsg")
WRITES = ("write", "writev", "sendto", "sendmsg")
POLLS = ("poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait")
CHILD = ("wait4", "waitid")


def _held(check):
    """An OSError while looking: not so, or not yet."""
    def looked(stage):
        try:
            return check(stage)
        except (OSError, KeyError, ValueError, AttributeError) as problem:
            return f"{type(problem).__name__}: {problem}"
    return looked


def asleep(role, *calls, where=None):
    """Its task sleeps in one of the calls; where: a part of wchan."""
    def check(stage):
        pid, tid = stage.task(role)
        state = facts.state(pid, tid)
        if state not in "SD":
            return f"{role} is in state {state}"
        name, _ = stage.privileged(lambda: facts.call(pid, tid), ("", []))
        if calls and name and name not in calls:
            return f"{role} is in {name}"
        if where and where not in facts.wchan(pid, tid):
            return f"{role} waits in {facts.wchan(pid, tid)}"
        return None
    return _held(check)


def some_thread(role, *calls):
    """Any of its threads sleeps in one of the calls."""
    def check(stage):
        seen = []
        for tid in facts.tids(stage.pid(role)):
            name, _ = facts.call(stage.pid(role), tid)
            if name in calls and facts.state(stage.pid(role), tid) == "S":
                return None
            seen.append(name)
        return f"{role}: threads are in {', '.join(seen)}"
    return _held(check)


def state(role, letters):
    def check(stage):
        pid, tid = stage.task(role)
        seen = facts.state(pid, tid)
        return None if seen in letters else f"{role} is in state {seen}"
    return _held(check)


def still(*roles, seconds=0.3):
    """None of their threads was switched to for a while."""
    def look(stage):
        return {(role, tid): facts.switches(stage.pid(role), tid)
                for role in roles for tid in facts.tids(stage.pid(role))}

    def check(stage):
        before = look(stage)
        time.sleep(seconds)
        moved = sorted({role for (role, tid), count in look(stage).items() if before.get((role, tid)) != count})
        return f"moved: {', '.join(moved)}" if moved else None
    return _held(check)


def moves(role, seconds=1.3):
    """It woke in the meantime: an independent sign of life."""
    def check(stage):
        pid = stage.pid(role)
        before = {tid: facts.switches(pid, tid) for tid in facts.tids(pid)}
        time.sleep(seconds)
        after = {tid: facts.switches(pid, tid) for tid in facts.tids(pid)}
        return None if before != after else f"{role} did not wake in {seconds} s"
    return _held(check)


def grows(path_of, seconds=2.5):
    """The file gets longer: the work that it does is real."""
    def check(stage):
        path = path_of(stage)
        before = os.path.getsize(path)
        time.sleep(seconds)
        return None if os.path.getsize(path) > before else f"{path} did not grow"
    return _held(check)


def pipe_full(role, fd):
    def check(stage):
        return None if facts.pipe_full(stage.pid(role), fd) else f"{role}'s fd {fd} has room"
    return _held(check)


def some_pipe_full(role):
    """One of the pipes that it may read has no room left."""
    def check(stage):
        pid = stage.pid(role)
        pipes = [fd for fd, it in facts.fds(pid).items() if it.startswith("pipe:")]
        return None if any(facts.pipe_full(pid, fd) for fd in pipes) else f"{role}: no pipe is full"
    return _held(check)


def unread(role, least=1, kind="socket:"):
    """At least so many bytes lie unread on one of its descriptors of that kind."""
    def check(stage):
        pid, most = stage.pid(role), 0
        for fd, it in facts.fds(pid).items():
            if it.startswith(kind):
                try:
                    most = max(most, facts.unread(pid, fd))
                except OSError:
                    pass
        return None if most >= least else f"{role}: at most {most} bytes unread"
    return _held(check)


def nothing_unread(*roles):
    def check(stage):
        for role in roles:
            for fd, it in facts.fds(stage.pid(role)).items():
                if it.startswith(("socket:", "pipe:")):
                    try:
                        if facts.unread(stage.pid(role), fd):
                            return f"{role}: unread data on fd {fd}"
                    except OSError:
                        pass
        return None
    return _held(check)


def no_other_holder(role, kind, allowed=(), writers=None):
    """Whatever it waits on (the argument of its call) is held by the allowed roles alone."""
    def check(stage):
        pid, tid = stage.task(role)
        _, arguments = facts.call(pid, tid)
        what = facts.link(pid, arguments[0] & 0xffffffff)
        if not what.startswith(kind):
            return f"{role} waits on {what}"
        pids = {stage.pid(name) for name in allowed}
        others = {holder for holder, _ in facts.holders(what, writers)} - pids
        return f"{what} is also held by {sorted(others)}" if others else None
    return _held(check)


def watched(role, kind="socket:", yes=True, armed=None):
    """A connection with unread data is (not) in any event set of its process.

    armed False: it is in a set, disarmed (one-shot, no event bits left).
    """
    def check(stage):
        pid = stage.pid(role)
        loud = [fd for fd, it in facts.fds(pid).items() if it.startswith(kind) and _unread_or_0(pid, fd)]
        if not loud:
            return f"{role}: nothing unread"
        masks = {}
        for epoll in facts.epoll_sets(pid):
            masks.update(facts.watches(pid, epoll))
        for fd in loud:
            inside = fd in masks
            if armed is not None and inside and bool(masks[fd] & 0x3) != armed:
                return f"{role}: fd {fd} has mask {masks[fd]:x}"
            if inside != yes:
                return f"{role}: fd {fd} is {'' if inside else 'not '}in a set"
        return None
    return _held(check)


def _unread_or_0(pid, fd):
    try:
        return facts.unread(pid, fd)
    except OSError:
        return 0


def tcp(role, wanted, least=1):
    def check(stage):
        found = len(facts.tcp_fds(stage.pid(role), wanted))
        return None if found >= least else f"{role}: {found} TCP sockets in state {wanted}"
    return _held(check)


def zombie(role, signal=None):
    """Dead and not reaped; signal: what killed it."""
    def check(stage):
        seen = facts.stat(stage.pid(role))
        if seen["state"] != "Z":
            return f"{role} is in state {seen['state']}"
        if signal is not None and seen["exit"] & 0x7f != signal:
            return f"{role} ended with status {seen['exit']:#x}"
        return None
    return _held(check)


def zombie_children(role, least=1):
    def check(stage):
        dead = [pid for pid in facts.children(stage.pid(role)) if facts.state(pid) == "Z"]
        return None if len(dead) >= least else f"{role}: {len(dead)} zombies"
    return _held(check)


def child_of(child, parent):
    def check(stage):
        seen = facts.stat(stage.pid(child))["parent"]
        return None if seen == stage.pid(parent) else f"{child}'s parent is {seen}"
    return _held(check)


def orphan(role):
    """Its parent is the keeper, for the one that started it is dead."""
    def check(stage):
        seen = facts.stat(stage.pid(role))["parent"]
        return None if seen == stage.keeper.pid else f"{role}'s parent is {seen}"
    return _held(check)


def gone(role):
    def check(stage):
        return f"{role} lives" if os.path.exists(f"/proc/{stage.pid(role)}") else None
    return _held(check)


def burns(role, least=0.8):
    """It runs, or would if it were let: a busy machine is no excuse."""
    def check(stage):
        pid, tid = stage.task(role)
        share, delay = facts.cpu_share(pid, tid=tid)
        return None if share + delay >= least else f"{role} used {share:.0%} of a CPU, waited {delay:.0%}"
    return _held(check)


def starves(role, most=0.25):
    """Wants to run all the time, and gets less than that share of it.

    Not by its run delay alone: the kernel adds that up when the task gets its CPU at last.
    """
    def check(stage):
        pid = stage.pid(role)
        before = facts.state(pid)
        share, delay = facts.cpu_share(pid, 1.0)
        wants = before + facts.state(pid) == "RR"
        return None if wants and share < most else f"{role} ran {share:.0%}, waited {delay:.0%}, wants: {wants}"
    return _held(check)


def throttled(role):
    def check(stage):
        before = stage.group.throttled()
        share, _ = facts.cpu_share(stage.pid(role), 1.0)
        more = stage.group.throttled() - before
        return None if more and share < 0.25 else f"{role} ran {share:.0%}; throttled {more} times"
    return _held(check)


def frozen(role):
    def check(stage):
        if stage.pid(role) not in stage.group.members():
            return f"{role} is not in the group"
        return None if stage.group.is_frozen() else "the group is not frozen"
    return _held(check)


def oom_killed(least=1):
    def check(stage):
        count = stage.group.oom_kills()
        return None if count >= least else f"{count} kills by the group's limit"
    return _held(check)


def traced(role, by):
    def check(stage):
        seen = int(facts.status(stage.pid(role), "TracerPid"))
        return None if seen == stage.pid(by) else f"{role}'s tracer is {seen}"
    return _held(check)


def threads(role, least):
    def check(stage):
        count = len(facts.tids(stage.pid(role)))
        return None if count >= least else f"{role} has {count} threads"
    return _held(check)


def other_net(role):
    def check(stage):
        same = facts.net_namespace(stage.pid(role)) == facts.net_namespace("self")
        return f"{role} is in our network namespace" if same else None
    return _held(check)


def lives(*roles):
    def check(stage):
        for role in roles:
            if not facts.alive(stage.pid(role)):
                return f"{role} is dead"
        return None
    return _held(check)


def descends(least):
    """At least so many processes live below the first."""
    def check(stage):
        count = len(facts.descendants(stage.pid("top")))
        return None if count >= least else f"{count} processes below"
    return _held(check)


def all_threads(role, *calls):
    """Every thread of it sleeps in one of the calls."""
    def check(stage):
        for tid in facts.tids(stage.pid(role)):
            name, _ = facts.call(stage.pid(role), tid)
            if name not in calls:
                return f"{role}: thread {tid} is in {name}"
        return None
    return _held(check)
