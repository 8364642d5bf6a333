# SPDX-License-Identifier: MIT
"""How leftovers are ended: exactly those, and all of those."""
import os
import pathlib
import shutil
import subprocess
import sys
import time

from reaping.left import NOBODY, alive, gone, leave, lives, marker, reap, same
from trouble import facts, mute
from trouble.stage import Failed, Skip
from trouble.suite import case

HERE = pathlib.Path(__file__).resolve().parent


@case()
def term_then_kill(t):
    """Who hears SIGTERM ends by it, who ignores it is killed after the grace."""
    polite, = leave(t, "waits")
    deaf, = leave(t, "--ignore-term", "waits")
    begun = time.monotonic()
    found = reap(t, f"--marker={marker(t)}", "--kill", "--grace=0.5")
    seconds = time.monotonic() - begun
    same("fates", {process["pid"]: process["fate"] for process in found["processes"]}, {polite: "ended", deaf: "killed"})
    if not 0.5 <= seconds < 3:
        raise Failed(f"{seconds:.1f} s")
    gone(polite, deaf)


@case()
def stopped_ones_hear_it_too(t):
    """SIGCONT goes with SIGTERM: a stopped process need not be killed."""
    pid, = leave(t, "stopped")
    found = reap(t, f"--marker={marker(t)}", "--kill", "--grace=5")
    same("fate", found["processes"][0]["fate"], "ended")
    gone(pid)


@case()
def respawners(t):
    """Processes that are replaced as fast as they die: frozen first, all gone, nothing comes back."""
    pids = leave(t, "--ignore-term", "respawns", "8")
    time.sleep(0.1)
    reap(t, f"--marker={marker(t)}", "--kill", "--grace=0.1")
    gone(pids[0])
    time.sleep(0.3)
    same("what came back", reap(t, f"--marker={marker(t)}")["pids"], set())


@case()
def case_22_non_dumpable_process(t):
    """22: root ends it; its own user cannot read its environment, and says so instead of guessing."""
    pid, = leave(t, "undumpable")
    reap(t, f"--marker={marker(t)}", "--kill")
    gone(pid)
    if os.geteuid():
        return
    owner, port = leave(t, "undumpable_listener", uid=NOBODY)
    viewer = (os.path.join(t.options.zoo, "viewer"), "user", "--uid", str(NOBODY), "--")
    found = reap(t, f"--port={port}", "--kill", status=3, wrap=viewer)
    same("found", found["pids"], set())
    if not any("hide its descriptors" in note for note in found["notes"]):
        raise Failed(f"notes: {found['notes']}")
    alive(owner)
    reap(t, f"--port={port}", "--kill", "--other-users")
    gone(owner)


@case()
def case_24_zombie_leader_with_live_threads(t):
    """24: its leader has exited, a thread goes on and keeps the port: alive, found, ended."""
    pid, port = leave(t, "headless")
    if facts.stat(pid)["state"] != "Z":
        raise Failed(f"state {facts.stat(pid)['state']}")
    for evidence in (f"--marker={marker(t)}", f"--port={port}"):
        same(evidence, reap(t, evidence)["pids"], {pid})
    found = reap(t, f"--port={port}", "--kill")
    same("fate", found["processes"][0]["fate"], "ended")
    end = time.monotonic() + 3
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > end:
            raise Failed("its thread goes on")
        time.sleep(0.01)


@case()
def plain_zombies_are_nothing(t):
    """A zombie with a marked parent is neither found nor waited for."""
    parent, child = leave(t, "has_zombie")
    found = reap(t, f"--marker={marker(t)}", "--kill", "--grace=0.2")
    same("found", found["pids"], {parent})
    gone(parent, child)


@case()
def case_28_hidepid(t):
    """28: with /proc mounted hidepid=2, what can be seen is ended, the rest is no error."""
    if os.geteuid():
        raise Skip("needs root to mount")
    mine, = leave(t, "waits", uid=NOBODY)
    strange, = leave(t, "waits")
    viewer = (os.path.join(t.options.zoo, "viewer"), "user", "--uid", str(NOBODY), "--")
    wrap = ("unshare", "--mount", "--propagation", "private", "--", "sh", "-c",
            'mount -t proc -o hidepid=2 proc /proc || exit 77; exec "$0" "$@"', *viewer)
    if t.look("--version", tool="wedgereap", wrap=wrap).status == 77:
        raise Skip("no hidepid here")
    same("found", reap(t, f"--marker={marker(t)}", "--kill", wrap=wrap)["pids"], {mine})
    gone(mine)
    alive(strange)


@case()
def case_28_one_unreadable_entry(t):
    """28: each file of one process answers EACCES or EIO in turn: the others are found all the same."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    odd, = leave(t, "waits")
    other, = leave(t, "waits")
    for error in ("EACCES", "EIO"):
        for name in ("stat", "status", "environ", "cgroup", "fd", "cmdline"):
            paths = [word for path in (f"{odd}/{name}", f"{odd}/task/{odd}/{name}") for word in ("-P", path)]
            wrap = ("strace", "-f", "-qq", "-o", "/dev/null", *paths, "-e", "trace=openat", "-e",
                    f"inject=openat:error={error}", "--")
            found = reap(t, f"--marker={marker(t)}", wrap=wrap)
            if other not in found["pids"]:
                raise Failed(f"{name} {error}: {found['pids']}")
            if name in ("status", "environ") and odd in found["pids"]:
                raise Failed(f"{name} {error}: who cannot be read may have opted out")


@case()
def case_30_vanished_between_open_and_read(t):
    """30: children come and go while it looks, again and again: never an error."""
    pid, = leave(t, "churns")
    for _ in range(10):
        if pid not in reap(t, f"--marker={marker(t)}")["pids"]:
            raise Failed("the parent was not found")
    reap(t, f"--marker={marker(t)}", "--kill")
    gone(pid)
    if shutil.which("strace"):
        pid, = leave(t, "waits")
        for name in ("stat", "status", "environ", "cmdline"):
            paths = [word for path in (f"{pid}/{name}", f"{pid}/task/{pid}/{name}") for word in ("-P", path)]
            wrap = ("strace", "-f", "-qq", "-o", "/dev/null", *paths, "-e", "trace=read", "-e", "inject=read:error=ESRCH", "--")
            reap(t, f"--marker={marker(t)}", wrap=wrap)
        alive(pid)


@case()
def case_29_pid_reuse_between_scan_and_kill(t):
    """29: the pid is given to a bystander between SIGTERM and SIGKILL: the bystander lives."""
    if os.geteuid():
        raise Skip("needs root for a pid namespace")
    inner = HERE.parent / "programs" / "reuse.py"
    result = subprocess.run(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--", sys.executable, str(inner),
                             os.path.join(t.options.tools, "wedgereap"), t.dir], stdin=subprocess.DEVNULL,
                            capture_output=True, timeout=30, check=False)
    t.files.update(os.listdir(t.dir))
    said = result.stdout.decode(errors="replace") + result.stderr.decode(errors="replace")
    if result.returncode == 77:
        raise Skip(said.strip() or "no pid namespace here")
    if result.returncode:
        raise Failed(said[-2000:])
    return said.strip()


@case()
def four_hundred(t):
    """A tree of 400, all gone."""
    pids = leave(t, "--orphan", "--ignore-term", "crowd", "400")
    begun = time.monotonic()
    result = t.look(f"--marker={marker(t)}", "--kill", "--grace=0.1", tool="wedgereap")
    seconds = time.monotonic() - begun
    if result.status or "401 processes left behind, removed" not in result.out:
        raise Failed(str(result))
    gone(*pids)
    return f"{seconds:.1f} s"


@case()
def an_end_that_does_not_come(t):
    """In D state, where not even SIGKILL ends it: exit 3, named with its state; the others are gone."""
    with mute.file(t) as path:
        stuck, = leave(t, "--ignore-term", "reads", path)
        other, = leave(t, "waits")
        time.sleep(0.1) # into its read
        found = reap(t, f"--marker={marker(t)}", "--kill", "--grace=0.3", status=3)
        same("fates", {process["pid"]: process["fate"] for process in found["processes"]}, {stuck: "survived", other: "ended"})
        gone(other)
        same("state", facts.stat(stuck)["state"], "D")


@case()
def an_end_that_is_refused(t):
    """Another user's process with --other-users, but without the right: exit 3, named."""
    if os.geteuid():
        raise Skip("needs root to be somebody else")
    pid, = leave(t, "--session", "--orphan", "waits")
    words = (f"--session={os.getsid(pid)}", "--kill", "--other-users")
    nobody = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    found = reap(t, *words, wrap=nobody)
    same("without sight of its environment", (found["pids"], set(found["alone"])), (set(), {pid}))
    sees = (*nobody, "--inh-caps=-all,+sys_ptrace,+dac_read_search",
            "--ambient-caps=+sys_ptrace,+dac_read_search")
    found = reap(t, *words, status=3, wrap=sees)
    same("found", found["pids"], {pid})
    same("fate", [process["fate"] for process in found["processes"]], ["refused"])
    same("survivors", found["survivors"], 1)
    said = t.look(*words, tool="wedgereap", wrap=sees)
    if said.status != 3 or str(pid) not in said.out:
        raise Failed(f"not named: {said}")
    alive(pid)
