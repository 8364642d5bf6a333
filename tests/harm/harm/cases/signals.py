# SPDX-License-Identifier: MIT
"""Signals and stops that are not ours."""
import os
import random
import signal
import time

from trouble import suite
from trouble.stage import Failed, Skip


@suite.case(limit=90)
def signals_arrive(ground):
    """Real-time signals, to a thread that runs and to one that sleeps, while both are held again and again."""
    target = ground.target("signals", ready=2)
    count = ground.times(1000, 100)
    process = ground.begin_dump(target.pid, rounds=1000000, held=True)
    time.sleep(0.05)
    for _ in range(count):
        os.kill(target.pid, signal.SIGRTMIN)
        os.kill(target.pid, signal.SIGRTMIN + 1)
        time.sleep(0.001)
    process.kill()
    process.communicate()
    ground.wait(lambda: target.told.signals >= 2 * count, 5, f"all of {2 * count} signals came")
    time.sleep(0.05)
    if target.told.signals != 2 * count:
        raise Failed(f"{target.told.signals} signals of {2 * count}")
    return f"{2 * count} of {2 * count}"


@suite.case(limit=90)
def a_stopped_target_stays_stopped(ground):
    """SIGSTOP, a dump, SIGCONT."""
    target = ground.target("watch", 5, ready=6)
    for turn in range(ground.times(100, 15)):
        os.kill(target.pid, signal.SIGSTOP)
        ground.wait(lambda: set(target.states()) == {"T"}, 5, "it is stopped")
        before = target.told.turns
        ground.dump(target.pid, held=turn % 2 == 0)
        # Let go, a task goes through the scheduler to where it was stopped; no code of its own runs.
        ground.wait(lambda: set(target.states()) == {"T"}, 5, "it is stopped again")
        if target.told.turns != before:
            raise Failed("it was stopped, and moved")
        os.kill(target.pid, signal.SIGCONT)
        if not target.moves():
            raise Failed("it does not go on after SIGCONT")
        target.unharmed()


@suite.case(limit=90)
def stops_come_meanwhile(ground):
    """SIGSTOP and SIGCONT at random moments of dumps; the last word is kept."""
    target = ground.target("watch", 5, ready=6)
    process = ground.begin_dump(target.pid, rounds=1000000, held=True)
    for _ in range(ground.times(500, 100)):
        os.kill(target.pid, signal.SIGSTOP)
        time.sleep(random.uniform(0, 0.004))
        os.kill(target.pid, signal.SIGCONT)
        time.sleep(random.uniform(0, 0.004))
    if not target.moves():
        raise Failed("it does not go on after SIGCONT")
    os.kill(target.pid, signal.SIGSTOP)
    ground.wait(lambda: set(target.states()) <= {"T", "t"}, 5, "it is stopped")
    process.kill()
    process.communicate()
    ground.wait(lambda: set(target.states()) == {"T"}, 5, "it is stopped by nobody but the signal")
    os.kill(target.pid, signal.SIGCONT)
    return f"{target.told.turns} turns"


@suite.case()
def another_tracer_keeps_its_target(ground):
    """Somebody traces it: we do not, and he goes on doing so."""
    target = ground.target("traced")
    target.tracer = target.pid
    target.pid = target.told.child
    for stop in ("auto", "always", "never"):
        said = ground.dump(target.pid, rounds=20, held=stop == "auto", stop=stop)
        if said["stopped"]:
            raise Failed(f"stopped beside another tracer: {said}")
        target.unharmed()


@suite.case()
def never_means_no_ptrace_call(ground):
    """--stop=never, seen by strace; and --stop=auto, to see that strace would tell."""
    if not any(os.access(os.path.join(place, "strace"), os.X_OK) for place in os.environ["PATH"].split(":")):
        raise Skip("strace is not installed")
    target = ground.target("watch", 5, ready=6)
    calls = {}
    for stop in ("never", "auto"):
        trace = ground.path("trace")
        ground.end_dump(ground.begin_dump(target.pid, rounds=20, stop=stop,
                                          wrap=("strace", "-f", "-qq", "-e", "trace=ptrace", "-o", trace)))
        with open(trace) as file:
            calls[stop] = sum("ptrace(" in line for line in file)
    if calls["never"] or not calls["auto"]:
        raise Failed(f"calls to ptrace(2): {calls}")
    return f"{calls['auto']} calls with --stop=auto"
