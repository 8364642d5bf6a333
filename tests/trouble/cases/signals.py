# SPDX-License-Identifier: MIT
"""The tool is interrupted, killed, robbed of its helper."""
import os
import signal
import time

from trouble import facts
from trouble.stage import Failed
from trouble.suite import case


def helper_of(process, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        for pid in facts.children(process.pid):
            if facts.comm(pid) == "wedge-helper":
                return pid
        time.sleep(0.005)
    return None


def begun(t, pid, window="5"):
    """A look that is in its window, and its helper."""
    process = t.begin(f"-w{window}", str(pid), limit=25)
    helper = helper_of(process)
    if helper is None:
        raise Failed("no helper seen")
    time.sleep(0.3)
    return process, helper


@case()
def interrupted(t):
    """SIGINT, SIGTERM, SIGHUP, SIGKILL within the window: gone at once, with its helper."""
    pid = t.odd("waits")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        process, _ = begun(t, pid)
        told = time.monotonic()
        process.send_signal(number)
        result = t.finish(process)
        if result.status != -number or time.monotonic() - told > 2:
            raise Failed(f"{number.name}: {result}")
        t.check_nothing_left()


@case()
def helper_stopped(t):
    """SIGSTOP of the helper: given up, the report comes."""
    pid = t.odd("waits")
    process, helper = begun(t, pid, window="1")
    os.kill(helper, signal.SIGSTOP)
    result = t.finish(process)
    if result.status not in (0, 1, 3) or result.err or result.seconds > 9:
        raise Failed(str(result))
    t.check_nothing_left()


@case()
def helper_killed(t):
    """SIGKILL of the helper: another one is started, or a gap."""
    pid = t.odd("waits")
    process, helper = begun(t, pid, window="1")
    os.kill(helper, signal.SIGKILL)
    result = t.finish(process)
    if result.status not in (0, 1, 3) or result.err or result.seconds > 9:
        raise Failed(str(result))
    t.check_nothing_left()


@case()
def stopped_and_continued(t):
    """Ctrl-Z and fg within the window."""
    pid = t.odd("waits")
    process, _ = begun(t, pid, window="1")
    process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    process.send_signal(signal.SIGCONT)
    result = t.finish(process)
    if result.status not in (0, 1, 3) or result.err:
        raise Failed(str(result))
    t.check_nothing_left()
