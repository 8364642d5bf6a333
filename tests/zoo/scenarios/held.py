# SPDX-License-Identifier: MIT
"""Held from outside: stopped, traced, frozen, throttled, starved, on a mute file system."""
import os
import signal
import subprocess

from zoo import needs
from zoo.scenario import ROOT, USER, VIEWERS, Scenario, python, wedged
from zoo.truth import asleep, frozen, starves, state, still, throttled, traced, READS, SLEEPS


def stop_worker(stage):
    stage.signal("worker", signal.SIGSTOP)


def freeze_worker(stage):
    stage.group.add(stage.pid("worker"))
    stage.group.freeze()


def throttle_worker(stage):
    stage.group.quota(5000, 100000)
    stage.group.add(stage.pid("worker"))


def make_image(stage):
    """An ext4 of its own; the keeper thaws it before it kills, or nobody could ever end."""
    image = os.path.join(stage.dir, "image")
    with open(image, "wb") as file:
        file.truncate(16 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True, capture_output=True, env={"PATH": needs.PATH})
    os.mkdir(os.path.join(stage.dir, "mount"))
    stage.undo.append(f"p=$(sed -n 's/^role worker //p' {stage.hello}); fsfreeze -u /proc/$p/root{stage.dir}/mount\n")


def freeze_mount(stage):
    subprocess.run(["fsfreeze", "-f", f"/proc/{stage.pid('worker')}/root{stage.dir}/mount"], check=True,
                   capture_output=True, env={"PATH": needs.PATH})


def make_mount_point(stage):
    os.mkdir(os.path.join(stage.dir, "mount"))


FUSE = (needs.command("unshare"), needs.device("/dev/fuse"), needs.file_system("fuse"))

SCENARIOS = [
    Scenario("sigstopped", "the worker was stopped; its parent waits for the answer",
             python("held.py", "sleeper"), wedged("stopped", "job-stopped", "worker", victims="parent"),
             (state("worker", "T"), asleep("parent", *READS), still("parent")), awaits=("worker", "parent"), after=stop_worker,
             viewers=VIEWERS),
    # The tracer holds the tracee, the tracee holds nobody else up; either may be named.
    Scenario("ptrace-stopped", "interrupted by a tracer that then does nothing, as a forgotten debugger",
             python("held.py", "traced"), wedged("stopped", "traced", "tracee worker", victims="parent"),
             (state("tracee", "t"), traced("tracee", "worker"), asleep("parent", *READS), asleep("worker", *SLEEPS)),
             viewers=VIEWERS),
    Scenario("frozen", "the worker's control group is frozen; its parent waits for the answer",
             python("held.py", "sleeper"), wedged("stopped", "frozen", "worker", victims="parent"),
             (frozen("worker"), asleep("parent", *READS), still("parent", "worker")), cgroup="freezer",
             needs=(needs.controller("freezer"),), awaits=("worker", "parent"), after=freeze_worker, viewers=VIEWERS),
    Scenario("throttled", "the worker's control group may use a twentieth of a CPU",
             python("held.py", "spinner"), wedged("starved", "throttled", "worker", victims="parent"),
             (throttled("worker"), asleep("parent", *READS)), cgroup="cpu", needs=(needs.controller("cpu"),),
             awaits=("worker", "parent"), after=throttle_worker, alone=True, viewers=(ROOT, USER)),
    Scenario("starved", "the worker runs only when nobody else wants its CPU, and two always do",
             python("held.py", "starved"), wedged("starved", "cpu-starved", "worker", victims="parent"),
             (starves("worker"), asleep("parent", *READS)), alone=True, viewers=VIEWERS),
    Scenario("frozen-file-system", "writes to a file system that was frozen for a backup and never thawed",
             ("unshare", "-m", "--propagation", "private", "sh", "-c",
              'mount -o loop "$ZOO_DIR/image" "$ZOO_DIR/mount" && exec "$ZOO_PYTHON" "$ZOO_PROGRAMS/held.py" on_frozen'),
             wedged("blocked-io", "uninterruptible", "worker", victims="parent"),
             (state("worker", "D"), asleep("parent", *READS), still("worker", "parent")), root=True,
             needs=(needs.command("fsfreeze", "mkfs.ext4", "unshare"), needs.device("/dev/loop-control"),
                    needs.file_system("ext4")), setup=make_image, awaits=("worker", "parent"), after=freeze_mount),
    Scenario("fuse-mute", "reads a file of a user-space file system whose server does not answer",
             ("unshare", "-m", "--propagation", "private", "{python}", "{programs}/held.py", "fuse", "async"),
             wedged("blocked-io", "uninterruptible", "worker daemon", victims="parent"),
             (state("worker", "D"), asleep("parent", *READS), still("worker", "parent")), root=True,
             needs=FUSE, setup=make_mount_point),
    # In state S the kernel would let a signal through: still the file system's fault, and no
    # descriptor says whom it waits for.
    Scenario("fuse-mute-sync", "the same without read-ahead: the reader sleeps in state S",
             ("unshare", "-m", "--propagation", "private", "{python}", "{programs}/held.py", "fuse", "sync"),
             wedged("blocked-io stuck-ipc", "", "worker daemon", "unsure likely", victims="parent"),
             (state("worker", "S"), asleep("worker", where="request_wait_answer"), asleep("parent", *READS),
              still("worker", "parent")), root=True, needs=FUSE, setup=make_mount_point),
]
