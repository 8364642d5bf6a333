#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Edge case 29, as pid 1 of a pid namespace of its own: reuse.py WEDGEREAP DIR.  A process ends on SIGTERM and its pid
is given to a bystander, who shares nothing with it, while wedgereap waits to kill another one.
"""
import json
import os
import signal
import subprocess
import sys
import time

MARK = "WEDGE_TEST_REUSE=29"


def fork_with_pid(pid, child):
    """The next process has that pid."""
    with open("/proc/sys/kernel/ns_last_pid", "w", encoding="ascii") as file:
        file.write(str(pid - 1))
    got = os.fork()
    if got == 0:
        child()
        os._exit(0)
    return got


def bystander():
    os.setsid()
    os.execve("/bin/sleep", ["sleep", "60"], {})


def wait_for(pid, seconds):
    end = time.monotonic() + seconds
    while os.waitpid(pid, os.WNOHANG)[0] == 0:
        if time.monotonic() > end:
            raise SystemExit(f"{pid} did not end")
        time.sleep(0.002)


def main():
    tool, directory = sys.argv[1:]
    name, _, value = MARK.partition("=")
    polite = subprocess.Popen(["/bin/sleep", "60"], env={name: value})
    deaf = subprocess.Popen(["/bin/sh", "-c", "trap '' TERM; echo; exec sleep 60"], env={name: value},
                            stdout=subprocess.PIPE)
    deaf.stdout.readline()
    time.sleep(0.05)
    with open(os.path.join(directory, "inner"), "w+", encoding="utf-8") as out:
        reaping = subprocess.Popen([tool, f"--marker={MARK}", "--kill", "--grace=1", "--json"], stdout=out,
                                   stderr=subprocess.STDOUT)
        wait_for(polite.pid, 5)
        try:
            other = fork_with_pid(polite.pid, bystander)
        except OSError as why:
            print(f"ns_last_pid cannot be set: {why}")
            return 77
        if other != polite.pid:
            print(f"the pid went elsewhere: {other}, not {polite.pid}")
            return 77
        wait_for(deaf.pid, 10)
        status = reaping.wait(10)
        out.seek(0)
        text = out.read()
    time.sleep(0.1)
    if os.waitpid(other, os.WNOHANG)[0]:
        print(f"the bystander was hit: {text}")
        return 1
    found = json.loads(text)
    fates = {process["pid"]: process["fate"] for process in found["processes"]}
    if status or fates != {polite.pid: "ended", deaf.pid: "killed"}:
        print(f"status {status}, fates {fates}: {text}")
        return 1
    os.kill(other, signal.SIGKILL)
    print(f"pid {other} was given away, and left alone")
    return 0


if __name__ == "__main__":
    sys.exit(main())
