# SPDX-License-Identifier: MIT
"""Targets in states that are not to be touched, and a machine that refuses."""
import errno
import os
import time

from trouble import suite
from trouble.stage import Failed, Skip
from zoo import cgroups

LEAST_MB, MOST_MB = 8, 40


@suite.case()
def a_parent_in_vfork(ground):
    """It is in D until its child ends: never held, and it goes on the moment it may."""
    target = ground.target("vfork")
    ground.wait(lambda: target.states() == ["D"], 5, "it is in D")
    for stop in ("auto", "always"):
        for held in (False, True):
            said = ground.dump(target.pid, rounds=10, held=held, stop=stop)
            if said["stopped"]:
                raise Failed(f"stopped in D: {said}")
            if target.states() != ["D"]:
                raise Failed(f"it was in D, and is {target.states()}")
    target.told.returns = 1
    ground.wait(lambda: target.told.ready == 2, 5, "it goes on")
    target.clock = True


@suite.case()
def a_frozen_target(ground):
    """A frozen control group: whatever may be seen of it, it thaws and runs."""
    why = cgroups.why_not("freezer")
    if why:
        raise Skip(why)
    target = ground.target("watch", 5, ready=6)
    group = cgroups.Group("freezer", f"wedge-harm-{os.getpid()}")
    try:
        group.add(target.pid)
        for turn in range(ground.times(30, 4)):
            group.freeze()
            ground.wait(group.is_frozen, 5, "it is frozen")
            ground.dump(target.pid, held=turn % 2 == 0, stop="always" if turn % 4 == 3 else "auto")
            before = target.told.turns
            time.sleep(0.02)
            if target.told.turns != before:
                raise Failed("it was frozen, and moves")
            os.system(group.undo())
            target.unharmed()
    finally:
        os.system(group.undo())
        with open(os.path.join(os.path.dirname(group.path), "cgroup.procs"), "w") as file:
            file.write(str(target.pid))
        group.remove()


@suite.case()
def the_leader_has_ended(ground):
    """A zombie as leader, threads that live: they are captured, and live on."""
    target = ground.target("leaderless", ready=10)
    ground.wait(lambda: "Z" in target.states(), 5, "the leader is a zombie")
    for held in (False, True):
        said = ground.dump(target.pid, rounds=20, held=held)
        if not said["stopped"]:
            raise Failed(f"nobody was captured: {said}")
    return f"{said['stopped']} stops"


@suite.case()
def pages_that_wait_for_the_target(ground):
    """A stack with pages of a userfaultfd: nobody waits for them."""
    target = ground.target("holed")
    time.sleep(0.05)
    for held in (False, True):
        said = ground.dump(target.pid, rounds=50, held=held, deep=True)
        if said["lost"] or said.get("ok", 50) != 50:
            raise Failed(f"it waited: {said}")


@suite.case(limit=90)
def out_of_memory(ground):
    """Less and less memory for us: an error of our own or a capture, and the target runs on."""
    with open(os.path.join(ground.options.programs, "dumper"), "rb") as file:
        if b"__asan_init" in file.read():
            raise Skip("a sanitizer wants more memory than there is")
    target = ground.target("watch", 5, ready=6)
    ends = {}
    for memory_mb in range(LEAST_MB, MOST_MB):
        process = ground.begin_dump(target.pid, rounds=5, held=memory_mb % 2 == 0, memory_mb=memory_mb)
        said = ground.end_dump(process, statuses=(0, 1))
        if said["error"] not in (0, errno.ENOMEM) or said["lost"]:
            raise Failed(f"with {memory_mb} MB: {said}")
        ends[said["error"]] = ends.get(said["error"], 0) + 1
        target.unharmed()
    if len(ends) != 2:
        raise Failed(f"the limits meet nothing: {ends}")
    return f"{ends[errno.ENOMEM]} times too little, {ends[0]} times enough"
