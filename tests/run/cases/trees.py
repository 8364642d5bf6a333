# SPDX-License-Identifier: MIT
"""Trees that are hard to end, and what is left behind by those that end."""
import os
import re
import shutil
import signal
import sys
import time

from running.helper import (HUNG, Failed, Skip, actor, begin, check_left, fast, living, one_report, outcome, run, says)
from trouble import facts, mute
from trouble.stage import LIBC
from trouble.suite import case

QUICK = ("-k", "0.3", "-w", "0.5")
UNSHARE = "../../../../../../../../usr/bin/unshare"


@case()
def deaf_grandchild_1(t):
    """A grandchild that ignores TERM, its parent does not."""
    fast(run(t, *QUICK, "0.5", "sh", "-c", f"{' '.join(actor(t, 'deaf'))} & sleep 60", status=HUNG), 6)


@case()
def setsid_daemon_2(t):
    """In a session of its own."""
    fast(run(t, *QUICK, "0.5", "sh", "-c", "setsid sleep 60 & sleep 60", status=HUNG), 6)


@case()
def double_fork_3(t):
    """Its parent is gone, it hears no TERM, and its environment is empty."""
    fast(run(t, *QUICK, "0.5", "sh", "-c", f"(setsid env -i {' '.join(actor(t, 'deaf'))} &) ; sleep 60", status=HUNG), 6)


@case()
def orphan_holds_pipe_4(t):
    """The command ends, an orphan holds the caller's pipe: told, with its name; ended when asked."""
    read, write = os.pipe()
    process = begin(t, "10", "sh", "-c", "sleep 60 &", stdout=write)
    result = fast(t.finish(process), 3)
    says(result, r"^wedgerun: warning: left behind 1 process: sleep\[\d+\], [0-9.]+ s old, holds your stdout.*\n$")
    if result.status != 0:
        raise Failed(str(result))
    check_left(t, 1)
    process = begin(t, "--leak=kill", "10", "sh", "-c", "sleep 60 &", stdout=write)
    os.close(write)
    fast(t.finish(process), 3)
    begun = time.monotonic()
    os.read(read, 1)
    if time.monotonic() - begun > 1:
        raise Failed("the pipe stayed open")
    check_left(t, 0)


@case()
def leak_without_files_5(t):
    """Left behind with null stdio, in a session of its own, without our marker: found by descent."""
    line = "setsid env -i /bin/sleep 60 </dev/null >/dev/null 2>&1 &"
    says(run(t, "10", "sh", "-c", line, status=0, left=1), r"warning: left behind 1 process: sleep\[\d+\]")
    says(run(t, "--leak=fail", "10", "sh", "-c", line, status=122), r"error: left behind 1 process")
    run(t, "--leak=kill", "10", "sh", "-c", line + " exit 4", status=4)
    if run(t, "--leak=ignore", "10", "sh", "-c", line, status=0, left=1).err:
        raise Failed("ignored means silent")


@case()
def leak_listens(t):
    """What it holds is named: the port."""
    code = "import socket,os,time; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); print(s.getsockname()[1], flush=True); " \
           "os.fork() and os._exit(0); time.sleep(60)"
    result = run(t, "10", sys.executable, "-SEc", code, status=0, left=1)
    says(result, rf"listens on port {result.out.strip()}")


@case()
def no_leak_by_haste(t):
    """What is about to end is not left behind."""
    for _ in range(3):
        if run(t, "10", "sh", "-c", "sleep 0.03 & exit 0", status=0).err:
            raise Failed("a warning for a process that was ending")


@case()
def stopped_10(t):
    """A stopped leader or grandchild: ended all the same, and the report says stopped."""
    result = one_report(run(t, *QUICK, "0.5", "sh", "-c", "kill -STOP $$; sleep 60", status=HUNG))
    says(fast(result, 6), r"(?m)^STOPPED")
    fast(run(t, *QUICK, "0.5", "sh", "-c", "sh -c 'kill -STOP $$; sleep 60' & wait", status=HUNG), 6)


@case()
def own_pid_namespace_20(t):
    """A child that is pid 1 of a namespace of its own."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    fast(run(t, *QUICK, "0.5", "unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", "sleep 60 & sleep 60", status=HUNG), 6)


@case()
def setuid_descendant_21(t):
    """A descendant that is not ours to signal is named, and the run ends in time."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    copy = os.path.join(t.dir, "actor-setuid")
    shutil.copy(actor(t)[0], copy)
    os.chmod(copy, 0o4755)

    def nobody():
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    runtime = os.path.join(t.dir, "nobody")
    os.mkdir(runtime, 0o700)
    os.chown(runtime, 65534, 65534)
    process = begin(t, *QUICK, "0.5", "sh", "-c", f"{copy} setuid & sleep 60", preexec_fn=nobody,
                    env={"XDG_RUNTIME_DIR": runtime})
    time.sleep(0.1)
    result = fast(t.finish(process), 10)
    # An effective user of its own is not enough: the real one is still ours, so kill(2) works.
    if result.status != HUNG:
        raise Failed(str(result))
    check_left(t, 0)
    process = begin(t, *QUICK, "0.5", "sh", "-c", f"{copy} real-root & sleep 60", preexec_fn=nobody,
                    env={"XDG_RUNTIME_DIR": runtime})
    result = fast(t.finish(process), 10)
    if result.status != HUNG:
        raise Failed(str(result))
    says(result, r"not to be ended: .*\(not ours to signal")
    check_left(t, 1)


@case()
def undumpable_22(t):
    """A process that nobody may read."""
    fast(run(t, *QUICK, "0.5", *actor(t, "undumpable"), status=HUNG), 6)


@case()
def uninterruptible_survivor_23(t):
    """One in D state that not even KILL ends: named with where it sleeps, and the run ends in time."""
    with mute.file(t) as path:
        result = t.finish(begin(t, *QUICK, "1", "cat", path))
        if result.status != HUNG or result.seconds > 12:
            raise Failed(str(result))
        says(result, r"not to be ended: cat\[\d+\] \(uninterruptible(, \w+)?\)")
        if len(living(t)) != 1:
            raise Failed("not there any more")
    check_left(t, 0)


@case()
def survivor_forbids_retry_39(t):
    """Not again beside one that not even KILL ended."""
    with mute.file(t) as path:
        result = t.finish(begin(t, "--retry-hang=2", *QUICK, "1", "cat", path))
        if result.status != HUNG or result.err.count("did not end within") != 1:
            raise Failed(f"{result} {result.err}")
        says(result, r"not run again: cat\[\d+\] \(uninterruptible")
    check_left(t, 0)


@case()
def zombie_leader_24(t):
    """The first thread has ended, others live: it has not ended, and is ended."""
    fast(run(t, *QUICK, "0.7", *actor(t, "zombie-leader"), status=HUNG), 6)


@case()
def respawner_25(t):
    """Processes that make way for children of their own all the time."""
    for _ in range(3):
        fast(run(t, *QUICK, "0.6", *actor(t, "respawn", 40, 60), status=HUNG), 9)


@case()
def thread_child_26(t):
    """A child of a thread that is not the first."""
    fast(run(t, *QUICK, "0.6", *actor(t, "thread-child"), status=HUNG), 6)


def hidden_run(t, *command):
    """Nobody's run with /proc mounted hidepid=2, in a pid namespace of its own; who is left then: (result, comms)."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        raise Skip("needs root and setpriv")
    runtime = os.path.join(t.dir, "nobody")
    if not os.path.isdir(runtime):
        os.mkdir(runtime, 0o700)
        os.chown(runtime, 65534, 65534)
    inner = "mount -t proc -o hidepid=2 proc /proc || exit 77\n" \
            "setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"\n" \
            "echo status $? left $(cat /proc/[0-9]*/comm | grep -vx -e sh -e cat -e grep)"
    process = t.begin("--mount", "--pid", "--fork", "--kill-child", "sh", "-c", inner, "sh",
                      os.path.join(t.options.tools, "wedgerun"), *QUICK, *command, tool=UNSHARE,
                      env={"XDG_RUNTIME_DIR": runtime})
    result = t.finish(process)
    if result.status == 77:
        raise Skip("no hidepid here")
    check_left(t, 0)
    found = re.fullmatch(r"status (\d+) left ?(.*)\n", result.out)
    if not found:
        raise Failed(str(result))
    return result, int(found.group(1)), found.group(2).split()


@case()
def hidden_28(t):
    """With hidepid=2 a process that may not be read is not to be seen at all: ended all the same."""
    for command in (actor(t, "undumpable"), ["sh", "-c", " ".join(actor(t, "undumpable")) + " & sleep 60"],
                    ["sh", "-c", f"(setsid {' '.join(actor(t, 'undumpable'))} &); sleep 60"], ["sleep", "60"]):
        result, status, left = hidden_run(t, "0.6", *command)
        if status != HUNG or left:
            raise Failed(f"{status}, left {left}: {result}")
        fast(result, 8)
    result, status, left = hidden_run(t, "10", "sh", "-c", f"(setsid {' '.join(actor(t, 'undumpable'))} &); sleep 0.2; exit 3")
    if status != 3 or left != ["actor"]:
        raise Failed(f"{status}, left {left}: {result}")
    says(result, r"left behind 1 process: \?\[\d+\]")


@case()
def hidden_from_nobody_28(t):
    """Another user's process, which is hidden and not ours to signal: named by its number."""
    copy = os.path.join(t.dir, "actor-setuid")
    shutil.copy(actor(t)[0], copy)
    os.chmod(copy, 0o4755)
    result, status, left = hidden_run(t, "0.6", "sh", "-c", f"{copy} real-root & sleep 60")
    if status != HUNG or left != ["actor-setuid"]:
        raise Failed(f"{status}, left {left}: {result}")
    says(fast(result, 12), r"not to be ended: \?\[\d+\] \(not ours to signal")


@case()
def strange_name_31(t):
    """A name with parentheses, a newline, bad UTF-8, ::error: escaped wherever it shows."""
    result = run(t, "--report-dir=reports", *QUICK, "0.6", *actor(t, "named"), status=HUNG)
    if re.search(r"(?m)^::error", result.err):
        raise Failed(result.err)
    t.files.add("reports")
    outcome(t)
    result = run(t, "10", "sh", "-c", f"{' '.join(actor(t, 'named'))} & sleep 0.1; exit 0", status=0, left=1)
    says(result, r"x\) \(\\x0a::error\\xff\[\d+\]")


@case()
def traced_34(t):
    """Already traced by somebody within the tree, and stopped by it."""
    if not shutil.which("strace"):
        raise Skip("needs strace")
    fast(run(t, *QUICK, "1", "strace", "-f", "-o", "/dev/null", "sh", "-c", "sleep 60 & sleep 60", status=HUNG), 8)


def seize(pid):
    """We are its tracer, and hold it."""
    if LIBC.ptrace(0x4206, pid, None, None) or LIBC.ptrace(0x4207, pid, None, None): # SEIZE, INTERRUPT
        raise Skip("cannot trace")
    end = time.monotonic() + 3
    while facts.stat(pid)["state"] != "t":
        if time.monotonic() > end:
            raise Failed("not held")
        time.sleep(0.01)


@case()
def traced_from_outside_34(t):
    """Somebody outside of the run holds one of it: ended all the same, and its tracer may take its time."""
    for line in ("exec sleep 60", "sleep 60 & wait"):
        process = begin(t, *QUICK, "1.5", "sh", "-c", line)
        end = time.monotonic() + 3
        while not facts.children(process.pid) or facts.comm(facts.children(process.pid)[0]) == "wedgerun":
            if time.monotonic() > end:
                raise Failed("never began")
            time.sleep(0.01)
        time.sleep(0.1)
        leader = facts.children(process.pid)[0]
        held = (facts.children(leader) or [leader])[0]
        seize(held)
        result = fast(t.finish(process), 12)
        if result.status != HUNG:
            raise Failed(str(result))
        says(result, r"(?m)^STOPPED")
        # Dead, and ours to take note of as its tracer; then nobody is left.
        os.waitpid(held, 0x40000000)
        check_left(t, 0)


@case()
def private_net(t):
    """A network of its own with loopback up: a fixed port is free, whoever has it outside."""
    import socket
    outside = socket.socket()
    outside.bind(("127.0.0.1", 0))
    outside.listen()
    port = outside.getsockname()[1]
    code = f"import socket; s=socket.socket(); s.bind(('127.0.0.1',{port})); s.listen(); " \
           f"socket.create_connection(('127.0.0.1',{port})); print('both')"
    if run(t, "10", sys.executable, "-SEc", code).status == 0:
        raise Failed("the port was free outside")
    result = run(t, "--private-net", "10", sys.executable, "-SEc", code)
    if result.status == 125:
        raise Skip(result.err.strip())
    if result.status != 0 or result.out != "both\n":
        raise Failed(str(result))

    def nobody():
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    if not os.path.exists("/usr/bin/python3"):
        return "not tried without root: no /usr/bin/python3"
    result = t.finish(begin(t, "--private-net", "10", "/usr/bin/python3", "-SEc", code, preexec_fn=nobody))
    if result.status not in (0, 125):
        raise Failed(str(result))
    return "" if result.status == 0 else "not without root: " + result.err.strip()
