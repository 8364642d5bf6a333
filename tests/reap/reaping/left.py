# SPDX-License-Identifier: MIT
"""What a case needs: leftovers with a marker of its own, and wedgereap's word about them."""
import json
import os
import signal
import subprocess
import sys
import time

from trouble import facts
from trouble.stage import Failed, Skip, end_with_parent

NOBODY = 65534


def marker(t):
    """Nobody else carries it."""
    return f"WEDGE_TEST_REAP={os.path.basename(t.dir)}-{os.getpid()}"


def leave(t, *words, env=None, uid=None, mark=True, unmarked=(), stdout=None, pass_fds=()):
    """Start left.py; the numbers that it says, its pid first.  What it leaves is ours to end."""
    surroundings = {key: value for key, value in os.environ.items() if key not in unmarked and not key.startswith("WEDGE_")}
    if mark:
        name, _, value = marker(t).partition("=")
        surroundings[name] = value
    surroundings.update(env or {})

    def settle():
        end_with_parent(signal.SIGKILL)
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
    reading, writing = os.pipe()
    python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
    process = subprocess.Popen([python, "-S", "-E", os.path.join(t.options.programs, "left.py"), *map(str, words)],
                               stdin=subprocess.DEVNULL, stdout=writing, preexec_fn=settle, cwd="/", env=surroundings,
                               pass_fds=pass_fds)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        line = pipe.readline().split()
    if not line or line[0] != b"ready":
        if process.wait() == 77:
            raise Skip(f"{words}: not on this machine")
        raise Failed(f"{words}: no word from it")
    numbers = [int(word) for word in line[1:]]
    if process.pid != numbers[0]:
        process.wait()
    t.spared.update([process.pid, *numbers])
    return numbers


def reap(t, *words, status=0, env=None, **options):
    """wedgereap --json: the object, its exit status as wanted."""
    result = t.look("--json", *words, tool="wedgereap", env=env, **options)
    if result.status != status or result.err:
        raise Failed(f"want status {status} and a silent stderr, have {result}")
    try:
        found = json.loads(result.out)
    except ValueError as problem:
        raise Failed(f"not JSON ({problem}): {result}") from None
    if found["exit_status"] != status:
        raise Failed(f"exit_status {found['exit_status']} in the JSON, {status} outside")
    found["result"] = result
    found["pids"] = {process["pid"] for process in found["processes"]}
    found["alone"] = {process["pid"]: process["why"] for process in found["left_alone"]}
    return found


def same(what, have, want):
    if have != want:
        raise Failed(f"{what}: {have}, wanted {want}")


def lives(pid):
    try:
        return facts.stat(pid)["state"] not in "ZX"
    except OSError:
        return False


def gone(*pids, seconds=3.0):
    end = time.monotonic() + seconds
    while any(lives(pid) for pid in pids):
        if time.monotonic() > end:
            raise Failed(f"still there: {[pid for pid in pids if lives(pid)]}")
        time.sleep(0.01)


def alive(*pids):
    if not all(lives(pid) for pid in pids):
        raise Failed(f"gone: {[pid for pid in pids if not lives(pid)]}")


def reasons(found, pid):
    for process in found["processes"]:
        if process["pid"] == pid:
            return {reason["evidence"] for reason in process["reasons"]}
    raise Failed(f"{pid} was not found: {found['pids']}")


def holds(found, pid):
    for process in found["processes"]:
        if process["pid"] == pid:
            return process["holds"]
    raise Failed(f"{pid} was not found: {found['pids']}")
