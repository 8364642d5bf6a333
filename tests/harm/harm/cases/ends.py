# SPDX-License-Identifier: MIT
"""Ends, ours and theirs, at moments of nobody's choice."""
import os
import random
import signal
import time

from trouble import facts, suite
from trouble.stage import Failed

STATUS = 7


def end(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


@suite.case(limit=200)
def we_are_killed_at_any_moment(ground):
    """SIGKILL to one of our processes, at random moments of dumps that stop without a pause."""
    target = ground.target("watch", 20, ready=21)
    killed = {}
    for turn in range(ground.times(200, 30)):
        process = ground.begin_dump(target.pid, rounds=100000, held=turn % 3 > 0)
        time.sleep(random.uniform(0, 0.04))
        victim = random.choice(ground.family(process.pid))
        killed[facts.comm(victim)] = killed.get(facts.comm(victim), 0) + 1
        end(victim)
        if victim != process.pid:
            time.sleep(0.01)
            if process.poll() is not None:
                raise Failed(f"it does not survive the end of its {facts.comm(victim)}: {process.communicate()}")
        process.kill()
        process.communicate()
        ground.unharmed()
    return ", ".join(f"{name} {count}" for name, count in sorted(killed.items()))


@suite.case(limit=200)
def a_target_exits_meanwhile(ground):
    """It ends while its threads are captured, held or not; its parent sees its status."""
    gone = 0
    for turn in range(ground.times(300, 40)):
        target = ground.target("exits", random.randrange(2000, 15000), kept=False)
        said = ground.dump(target.pid, rounds=200 if turn % 2 else 60, held=turn % 4 == 1,
                           stop="always" if turn % 4 == 3 else "auto")
        if target.process.wait(10) != STATUS:
            raise Failed(f"it ended with {target.process.returncode}, not {STATUS}")
        if said["lost"]:
            raise Failed(f"captures were lost: {said}")
        gone += said.get("gone", 0) > 0
        ground.check_nothing_left()
    return f"{gone} times amid a dump"


@suite.case(limit=200)
def a_target_becomes_another_program(ground):
    """execve(2) by one thread of many while they are captured."""
    lives, captured = ground.times(300, 40), 0
    target = ground.target("execs", lives, kept=False)
    while target.process.poll() is None:
        captured += ground.dump(target.pid, rounds=20, held=captured % 2 == 0)["stopped"]
    if target.process.returncode != STATUS or target.told.lives != lives + 1:
        raise Failed(f"status {target.process.returncode} after {target.told.lives} lives")
    return f"{lives} programs, {captured} stops"


@suite.case(limit=60)
def threads_come_and_go(ground):
    """Threads that end while they are captured: none is kept as a zombie, none leaves a gap in the process."""
    target = ground.target("churn")
    ends = time.monotonic() + ground.times(15, 3)
    while time.monotonic() < ends:
        ground.dump(target.pid, rounds=20, held=True)
    ground.wait(lambda: len(target.tasks()) < 200, 5, "old threads are gone")
    before = target.told.lives
    ground.wait(lambda: target.told.lives > before + 100, 5, "new ones come")
    return f"{before} threads"
