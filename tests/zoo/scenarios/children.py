# SPDX-License-Identifier: MIT
"""Parents and children: undrained pipes, held ends, zombies, orphans, trees."""
import signal
import time

from zoo import facts, needs
from zoo.scenario import ROOT, USER, VIEWERS, YAMA, Scenario, python, shell, wedged
from zoo.truth import (asleep, burns, child_of, gone, no_other_holder, oom_killed, orphan, pipe_full, some_pipe_full,
                       some_thread, state, still, tcp, zombie, zombie_children, CHILD, POLLS, READS, SLEEPS, WRITES)


def kill_parent(stage):
    stage.signal("parent", signal.SIGKILL)


def name_vfork_child(stage):
    """Only the kernel knows it as yet: it has not run a line of its own."""
    children = []
    for _ in range(200):
        children = facts.children(stage.pid("parent"))
        if children:
            break
        time.sleep(0.02)
    (child,) = children
    stage.roles["child"] = (child, None, facts.stat(child)["start"])


def limit_memory(stage):
    stage.group.memory_limit(64 << 20)


# A circle: the parent waits for the child, the child for room that only the parent makes.
# Both are culprits.  A program that wakes to poll, or beside a heartbeat, is not proved.
CIRCLE = wedged("deadlock", "pipe-full wait-cycle", "parent child")
MOVING_CIRCLE = wedged("deadlock", "pipe-full wait-cycle", "parent child", "likely")

# Not a circle of two waits, so no deadlock; the one channel that it waits on is its own, so
# both "waits on one particular channel" and "nobody in view can wake it" are right.
OWN_PIPE = wedged("stuck-ipc idle-wedge", "no-writer holds-write-end no-waker", "parent")

SCENARIOS = [
    Scenario("stderr-full-wait", "p.wait() while the child fills the stderr pipe that nobody drains",
             python("children.py", "stderr_full", "wait"), CIRCLE,
             (asleep("parent", *CHILD), asleep("child", *WRITES), pipe_full("child", 2), still("parent", "child"),
              no_other_holder("child", "pipe:", ("parent", "child"))),
             viewers=VIEWERS, twin=python("children.py", "stderr_full", "well")),
    Scenario("stderr-full-timeout", "the same as p.wait(timeout=600): the parent polls 20 times a second",
             python("children.py", "stderr_full", "timeout"), MOVING_CIRCLE,
             (asleep("child", *WRITES), pipe_full("child", 2), still("child")),
             viewers=VIEWERS),
    Scenario("stderr-full-heartbeat", "the same beside a thread that wakes once a second",
             python("children.py", "stderr_full", "heartbeat"), MOVING_CIRCLE,
             (asleep("parent", *CHILD), some_thread("parent", *SLEEPS), asleep("child", *WRITES),
              pipe_full("child", 2)),
             viewers=VIEWERS),
    Scenario("communicate-grandchild", "communicate() goes on: the child is done, its daemon holds stdout",
             python("children.py", "communicate", "grandchild"),
             wedged("stuck-ipc", "holds-write-end", "grandchild", victims="parent"),
             (asleep("parent", *POLLS, *READS), asleep("grandchild", *SLEEPS), orphan("grandchild"),
              still("parent", "grandchild")),
             # What it polls stands in its memory, which scope 1 closes.
             unlike={YAMA: wedged("stuck-ipc idle unknown", "", "grandchild parent", "unsure likely")},
             targets=("parent",), viewers=VIEWERS, twin=python("children.py", "communicate", "well")),
    Scenario("communicate-setsid", "the same, and the daemon has left for a session of its own",
             python("children.py", "communicate", "setsid"),
             wedged("stuck-ipc", "holds-write-end", "grandchild", victims="parent"),
             (asleep("parent", *READS), asleep("grandchild", *SLEEPS), orphan("grandchild")),
             targets=("parent",)),
    # Inside the child, main() waits for the feeder thread on a futex that names no owner;
    # the kernel still shows the whole circle: parent -> child, feeder -> pipe -> parent.
    Scenario("mp-queue-join", "multiprocessing: join() of a child whose queue was never read",
             python("children.py", "queue_join", "full"),
             wedged("deadlock", "pipe-full wait-cycle", "parent child", "unsure likely"),
             (asleep("parent", *CHILD, *POLLS), some_thread("child", *WRITES), some_pipe_full("parent"),
              still("parent", "child")),
             viewers=VIEWERS, twin=python("children.py", "queue_join", "well")),
    Scenario("mp-worker-lost", "queue.get() after the worker was killed: the reader holds a write end itself",
             python("children.py", "worker_lost", "kill"),
             # The pipe is the parent's alone: no channel to another process.  The dead child is the sign.
             wedged("idle-wedge", "worker-lost zombie-unreaped", "parent", "likely proved"),
             (asleep("parent", *READS), zombie("worker", signal.SIGKILL), still("parent"),
              no_other_holder("parent", "pipe:", ("parent",))),
             awaits=("worker",), viewers=VIEWERS),
    Scenario("oom-killed-child", "a worker killed by the memory limit of its group; the parent waits for its answer",
             python("children.py", "worker_lost", "oom"),
             wedged("idle-wedge", "oom-killed-child", "parent", "likely proved"),
             (asleep("parent", *READS), zombie("worker", signal.SIGKILL), oom_killed(), still("parent")),
             cgroup="memory", needs=(needs.controller("memory"),), awaits=("worker",), setup=limit_memory),
    Scenario("zombies-unreaped", "three children died before they wrote; nobody reaps, nobody answers",
             python("children.py", "zombies"),
             # The dead children are why nobody writes; the write end it kept is why it does not notice.
             wedged("idle-wedge stuck-ipc", "zombie-unreaped worker-lost holds-write-end no-writer", "parent"),
             (asleep("parent", *READS), zombie_children("parent", 3), still("parent"),
              no_other_holder("parent", "pipe:", ("parent",))),
             targets=("parent",), viewers=VIEWERS),
    Scenario("zombies-pause", "a supervisor that sleeps in pause() beside three dead children",
             python("children.py", "zombies", "pause"),
             # Sloppy daemons leave a zombie lying and are well: unsure is honest too.
             wedged("idle-wedge", "zombie-unreaped", "parent", "unsure likely"),
             (asleep("parent", "pause"), zombie_children("parent", 3), still("parent")),
             targets=("parent",), viewers=(ROOT, USER)),
    Scenario("write-end-kept", "reads to EOF, which never comes: it forgot to close its own write end",
             python("children.py", "half_closed"),
             OWN_PIPE, (asleep("parent", *READS), no_other_holder("parent", "pipe:", ("parent",)), still("parent"))),
    # Each orphan is a wedge of its own; none waits for the other.
    Scenario("orphans", "workers whose parent was SIGKILLed; the end of their connection lies unread",
             python("children.py", "orphans"),
             wedged("idle-wedge", "peer-dead", "orphan0 orphan1", "likely proved"),
             (gone("parent"), orphan("orphan0"), orphan("orphan1"), tcp("orphan0", facts.TCP_CLOSE_WAIT),
              asleep("orphan0", *SLEEPS), asleep("orphan1", *SLEEPS)),
             targets=("orphan0", "orphan1"), awaits=("parent", "all-ready"), after=kill_parent, viewers=VIEWERS),
    Scenario("pipe-full-reader-sleeps", "blocked in write(): the reader does not read",
             python("children.py", "vanished_reader"),
             wedged("stuck-ipc", "pipe-full not-consuming", "reader", victims="writer"),
             (asleep("writer", *WRITES), asleep("reader", *SLEEPS), pipe_full("writer", 4), still("writer", "reader")),
             viewers=VIEWERS),
    Scenario("two-wedges", "one tree, two troubles that have nothing to do with each other",
             shell('mkfifo "$ZOO_DIR/fifo"; exec "$ZOO_PYTHON" "$ZOO_PROGRAMS/children.py" two_wedges'),
             wedged("stopped stuck-ipc", culprit="stopped reader waiter", certainty="likely proved",
                    also=(("stopped", "stopped"), ("stuck-ipc", "reader"), ("stuck-ipc", "waiter"))),
             (asleep("writer", *WRITES), asleep("reader", *SLEEPS), state("stopped", "T"), asleep("waiter", "openat", "open"),
              asleep("parent", *CHILD)),
             awaits=("stopped",), after=lambda stage: stage.signal("stopped", signal.SIGSTOP)),
    Scenario("dash-trap-wait", "dash in `wait` beside a trap sleeps in sigsuspend; its child opens a FIFO for ever",
             shell('mkfifo "$ZOO_DIR/fifo"; trap "echo term" TERM; cat < "$ZOO_DIR/fifo" & '
                   'echo "role cat $!" >> "$ZOO_HELLO"; wait'),
             wedged("stuck-ipc", "no-writer", "cat", "likely", victims="top"),
             (asleep("top", "rt_sigsuspend"), asleep("cat", "openat", "open"), child_of("cat", "top"),
              still("top", "cat")),
             viewers=VIEWERS),
    Scenario("vfork-fifo", "posix_spawn() opens a FIFO in the child: the parent stays in vfork, in state D",
             python("held.py", "spawn_fifo"),
             wedged("stuck-ipc", "no-writer vfork-unfinished", "child", "likely", victims="parent"),
             (state("parent", "D"), asleep("child", "openat", "open"), child_of("child", "parent"), still("child")),
             awaits=("parent",), after=name_vfork_child, viewers=(ROOT, USER, YAMA)),
    Scenario("dead-leader", "main() ended by pthread_exit(); the thread that lives on opens a FIFO for ever",
             python("children.py", "dead_leader"), wedged("stuck-ipc", "no-writer", "worker", "likely"),
             (state("top", "Z"), asleep("worker", "openat", "open"), still("top")), viewers=(ROOT, USER)),
    Scenario("leaf-of-three", "root and middle wait in their loops for the leaf, which opens a FIFO",
             python("loops.py", "levels"),
             wedged("stuck-ipc", "no-writer", "leaf", "likely", victims="root middle"),
             (asleep("root", *POLLS), asleep("middle", *POLLS), asleep("leaf", "openat", "open"),
              child_of("leaf", "middle"), child_of("middle", "root"), still("root", "middle", "leaf")),
             viewers=VIEWERS),
    Scenario("compute-overdue", "a child that only computes, and a parent that says it is overdue",
             python("children.py", "compute"), wedged("cpu-spin", "compute-loop", "child", "likely", victims="parent"),
             (asleep("parent", *CHILD), burns("child")), options=("--overdue",), alone=True),
]

