# SPDX-License-Identifier: MIT
"""Targets at which looking itself blocks: it must end in time, with a gap."""
import json
import os
import subprocess
import time

from trouble import facts
from trouble.stage import Failed
from trouble.suite import case

WINDOW, SPARE = 0.3, 8.0


def piped(t, pid, *words):
    """wedgecheck PID | cat: ends when the last descriptor of the pipe is closed."""
    tool = os.path.join(t.options.tools, "wedgecheck")
    process = subprocess.Popen(["sh", "-c", '"$0" "$@" | cat', tool, f"-w{WINDOW}", "--json", *words, str(pid)], cwd=t.dir,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=WINDOW + SPARE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise Failed(f"not done after {WINDOW + SPARE} s") from None
    if err or not out:
        raise Failed(f"stdout {out[:200]!r}, stderr {err[:300]!r}")
    return json.loads(out)


def end(t, process):
    """With it, whoever hung on it: then nothing may be left."""
    process.kill()
    process.wait()
    t.spared.discard(process.pid)
    t.check_nothing_left()


@case()
def socket_lock_held(t):
    """Asleep in write(tcp) on a page that nobody fills in: its socket cannot be asked."""
    process = t.spawn("sh", "-c", 'echo ready; exec "$0"', os.path.join(t.options.zoo, "uffd"))[0]
    while facts.comm(process.pid) != "uffd" or facts.fd_count(process.pid) < 7:
        time.sleep(0.01)
    time.sleep(0.2)
    t.watch(process.pid)
    report = piped(t, process.pid)
    t.gap(report, "sockets", "timeout")
    t.unharmed()
    t.targets.clear()
    end(t, process)


@case()
def set_lock_held(t):
    """Asleep in epoll_wait, copying to such a page: its set cannot be asked."""
    process, _ = t.spawn(os.path.join(t.options.programs, "odd"), "set")
    t.watch(process.pid)
    t.gap(piped(t, process.pid), "fds", "timeout")
    t.unharmed()
    t.targets.clear()
    end(t, process)


@case()
def arguments_out_of_reach(t):
    """The command line lies in such a page."""
    process, _ = t.spawn(os.path.join(t.options.programs, "odd"), "hides", "x" * 20000)
    t.watch(process.pid)
    shown = sum(map(len, piped(t, process.pid)["processes"][0]["argv"]))
    if shown > 20000:
        raise Failed(f"{shown} bytes, though a page of them cannot be had")
    result = t.look("-w0", "--match=no-such-thing-XYZ{2}", limit=20)
    t.refused(result, "no process matches")
    t.unharmed()
    t.targets.clear()
    end(t, process)
