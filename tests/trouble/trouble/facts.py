# SPDX-License-Identifier: MIT
"""What /proc says, read without our own code."""
import os
import time


def stat(pid):
    """state, parent and start time of a process; OSError when it is gone."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        rest = file.read().rpartition(b")")[2].split()
    return {"state": rest[0].decode(), "parent": int(rest[1]), "start": int(rest[19])}


def await_sleep(pid, seconds=2.0):
    """It said that it is ready just before it fell asleep; one that never sleeps is not waited for long."""
    end = time.monotonic() + seconds
    while stat(pid)["state"] != "S" and time.monotonic() < end:
        time.sleep(0.002)


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm", "rb") as file:
            return file.read().rstrip(b"\n").decode(errors="replace")
    except OSError:
        return ""


def children(parent):
    """By PPid: task/*/children may be incomplete while things change."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if stat(name)["parent"] == parent:
                    found.append(int(name))
            except (OSError, IndexError):
                pass
    return found


def own_children():
    """Of this process, which has one thread; few files to read."""
    try:
        with open("/proc/thread-self/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return children(os.getpid())


def fd_count(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class Identity:
    """A process, and how it was before anybody looked."""

    def __init__(self, pid):
        self.pid, seen = pid, stat(pid)
        self.start, self.state, self.fds = seen["start"], seen["state"], fd_count(pid)

    def harm(self):
        """None, or what became of it."""
        try:
            now = stat(self.pid)
        except OSError:
            return f"{self.pid} is gone"
        if now["start"] != self.start:
            return f"{self.pid} is another process"
        if now["state"] != self.state and now["state"] in "TtZX":
            return f"{self.pid} was {self.state} and is {now['state']}"
        if self.fds != fd_count(self.pid):
            return f"{self.pid} had {self.fds} descriptors and has {fd_count(self.pid)}"
        return None
