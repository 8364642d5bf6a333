# SPDX-License-Identifier: MIT
"""What dead runs leave, and who is left alone: programs/runs.py has the first, in a pid namespace of its own."""
import os
import pathlib
import subprocess
import sys
import time

from reaping.left import alive, gone, leave, marker, reap, same
from trouble import facts
from trouble.stage import Failed, Skip
from trouble.suite import case

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "programs" / "runs.py"


def inside(t, name):
    """As pid 1 of a pid namespace, with mounts of its own."""
    if os.geteuid():
        raise Skip("needs root for a pid namespace")
    result = subprocess.run(["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "--mount", "--propagation", "private",
                             "--", "sh", "-c", 'mount -t tmpfs none /mnt && cp "$1" /mnt/wedgereap && '
                             'cp "${1%reap}run" /mnt/wedgerun; cp "$2" /mnt/runs.py && exec "$0" /mnt/runs.py /mnt/wedgereap /mnt/house "$3"', sys.executable,
                             os.path.join(t.options.tools, "wedgereap"), str(PROGRAM), name],
                            stdin=subprocess.DEVNULL, capture_output=True, timeout=35, check=False)
    said = (result.stdout + result.stderr).decode(errors="replace").strip()
    if result.returncode == 77:
        raise Skip(said)
    if result.returncode:
        raise Failed(said[-2500:])


@case()
def left_by_a_dead_run(t):
    """The default evidence: id, group and session of a run whose wedgerun is dead; its record goes with it."""
    inside(t, "dead_run")


@case()
def case_28_hidden_run(t):
    """28: somebody of a dead run is hidden by hidepid=2: said, exit 3, and the record stays."""
    inside(t, "hidden_run")


@case()
def case_49_live_runs(t):
    """49: the lock of its record is held: nothing of it is touched."""
    inside(t, "live_run")


@case()
def case_51_state_file_from_an_earlier_boot(t):
    """51: its pids are somebody else's by now: nobody is ended, the record goes away."""
    inside(t, "earlier_boot")


@case()
def state_file_of_another_pid_namespace(t):
    """Its pids mean nothing here."""
    inside(t, "other_namespace")


@case()
def hostile_state_files(t):
    """Corrupt, cut, links, a FIFO: named, passed over."""
    inside(t, "hostile_records")


@case()
def state_directory_that_is_a_link(t):
    """Not followed; nor one that others may write to."""
    inside(t, "link_of_another")


@case()
def two_reapers_at_once(t):
    """One cleans up, the other leaves it to him."""
    inside(t, "two_at_once")


@case()
def case_18_wedgerun_itself_killed(t):
    """18: the real wedgerun gets SIGKILL; alive, it is left alone, dead, all that it left is found and ended."""
    if not os.access(os.path.join(t.options.tools, "wedgerun"), os.X_OK):
        raise Skip("no wedgerun here")
    inside(t, "wedgerun_itself")


@case()
def caller_of_a_dead_run(t):
    """What its caller has left in his own dead session is not the run's."""
    inside(t, "siblings_of_the_caller")


@case()
def case_49_self_and_ancestors(t):
    """49: wedgereap, the shell it runs in, and who reads its output carry the marker: they live to tell."""
    left, = leave(t, "waits")
    name, _, value = marker(t).partition("=")
    t.files.add("up")
    script = (f'{{ until [ -e up ]; do sleep 0.01; done; exec "$0" --marker={marker(t)} --kill --verbose; }} | '
              '{ : >up; exec cat; }; echo "cat: $?, shell $$"')
    result = t.finish(t.begin(tool="wedgereap", wrap=("sh", "-c", script), env={name: value}))
    if result.status or "1 process left behind, removed" not in result.out or "cat: 0" not in result.out:
        raise Failed(str(result))
    if "reads what wedgereap writes" not in result.out:
        raise Failed(f"the reader of the pipe is not named: {result.out}")
    gone(left)


@case()
def case_49_opted_out(t):
    """49: WEDGE_KEEP=1, and what is below it, is left alone; any other value is no opting out."""
    keeper, child = leave(t, "tree", "1", env={"WEDGE_KEEP": "1"})
    left, = leave(t, "waits", env={"WEDGE_KEEP": "0"})
    found = reap(t, f"--marker={marker(t)}", "--kill")
    same("found", found["pids"], {left})
    same("left alone", {pid: found["alone"].get(pid) for pid in (keeper, child)}, {keeper: "opted-out", child: "opted-out"})
    alive(keeper, child)
    port_owner, port = leave(t, "listens", env={"WEDGE_KEEP": "1"})
    found = reap(t, f"--port={port}", "--kill", status=3)
    same("found", found["pids"], set())
    alive(port_owner)


@case()
def case_49_other_users(t):
    """49: another user's are left alone, unless --other-users."""
    if os.geteuid():
        raise Skip("needs root to be somebody else")
    pid, = leave(t, "waits", uid=65534)
    found = reap(t, f"--marker={marker(t)}", "--kill")
    same("found", found["pids"], set())
    same("why", found["alone"][pid], "other-user")
    alive(pid)
    reap(t, f"--marker={marker(t)}", "--kill", "--other-users")
    gone(pid)


@case()
def interrupted(t):
    """Killed by SIGINT in its grace: nothing is left stopped, and the next one goes on."""
    deaf, = leave(t, "--ignore-term", "waits")
    running = t.begin(f"--marker={marker(t)}", "--kill", "--grace=20", tool="wedgereap")
    time.sleep(0.5)
    running.send_signal(2)
    if t.finish(running).status != -2:
        raise Failed("it is still there")
    if facts.stat(deaf)["state"] == "T":
        raise Failed("left stopped")
    t.check_nothing_left()
    reap(t, f"--marker={marker(t)}", "--kill", "--grace=0.1")
    gone(deaf)
