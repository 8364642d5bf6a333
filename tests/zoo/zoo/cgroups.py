# SPDX-License-Identifier: MIT
"""A control group for one scenario: v1 or v2, whichever the machine has the controller in."""
import os
import re
import time

from . import facts


def _mounts():
    """(kind, mount point, options) of all cgroup file systems."""
    for line in facts.text("/proc/self/mounts").splitlines():
        _, where, kind, options = line.split()[:4]
        if kind in ("cgroup", "cgroup2"):
            yield kind, where, options.split(",")


def why_not(controller):
    """None, or why no group with that controller can be made here."""
    if os.geteuid() != 0:
        return "control groups need root"
    return None if _find(controller) else f"no cgroup controller {controller}"


def _find(controller):
    """(version, directory to make groups in)."""
    for kind, where, options in _mounts():
        if kind == "cgroup" and controller in options and os.access(where, os.W_OK):
            return 1, where
    for kind, where, _ in _mounts():
        if kind == "cgroup2":
            have = facts.text(where + "/cgroup.controllers").split()
            if controller == "freezer" or controller in have:
                return 2, where
    return None


class Group:
    def __init__(self, controller, name):
        self.version, parent = _find(controller)
        self.controller = controller
        self.path = os.path.join(parent, name)
        if self.version == 2 and controller != "freezer":
            self._write(os.path.join(parent, "cgroup.subtree_control"), "+" + controller)
        os.mkdir(self.path)
        self.procs = os.path.join(self.path, "cgroup.procs")

    @staticmethod
    def _write(path, value):
        with open(path, "w") as file:
            file.write(value)

    def _set(self, v1, v2, value):
        self._write(os.path.join(self.path, v1 if self.version == 1 else v2), str(value))

    def _get(self, v1, v2):
        return facts.text(os.path.join(self.path, v1 if self.version == 1 else v2))

    def members(self):
        return set(map(int, facts.text(self.procs).split()))

    def add(self, pid):
        self._write(self.procs, str(pid))

    def freeze(self):
        self._set("freezer.state", "cgroup.freeze", "FROZEN" if self.version == 1 else 1)

    def is_frozen(self):
        if self.version == 1:
            return self._get("freezer.state", "").strip() == "FROZEN"
        return "frozen 1" in self._get("", "cgroup.events")

    def quota(self, run_us, period_us):
        if self.version == 1:
            self._set("cpu.cfs_period_us", "", period_us)
            self._set("cpu.cfs_quota_us", "", run_us)
        else:
            self._set("", "cpu.max", f"{run_us} {period_us}")

    def throttled(self):
        return int(re.search(r"^nr_throttled (\d+)", self._get("cpu.stat", "cpu.stat"), re.M).group(1))

    def memory_limit(self, bytes_most):
        self._set("memory.limit_in_bytes", "memory.max", bytes_most)

    def oom_kills(self):
        found = re.search(r"^oom_kill (\d+)", self._get("memory.oom_control", "memory.events"), re.M)
        return int(found.group(1)) if found else 0

    def undo(self):
        """Shell that lets everybody in it go: run by the keeper before it kills."""
        if self.controller != "freezer":
            return ""
        if self.version == 1:
            return f"echo THAWED > {self.path}/freezer.state\n"
        return f"echo 0 > {self.path}/cgroup.freeze\n"

    def remove(self):
        for _ in range(100):
            try:
                os.rmdir(self.path)
                return None
            except FileNotFoundError:
                return None
            except OSError as problem:
                last = problem
                time.sleep(0.02)
        return f"{self.path}: {last}"
