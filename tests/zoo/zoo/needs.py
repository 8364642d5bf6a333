# SPDX-License-Identifier: MIT
"""What a machine must have: each is None, or why this one cannot."""
import functools
import glob
import os
import pwd
import shutil
import subprocess

from . import cgroups

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"


def command(*names):
    def need():
        missing = [name for name in names if not shutil.which(name, path=PATH)]
        return f"not installed: {', '.join(missing)}" if missing else None
    return need


def module(*names):
    """Of the Python that the targets run."""
    @functools.lru_cache
    def need():
        for name in names:
            if subprocess.call(["/usr/bin/python3", "-c", f"import {name}"], stderr=subprocess.DEVNULL):
                return f"python3 has no {name}"
        return None
    return need


def controller(name):
    return lambda: cgroups.why_not(name)


def device(path):
    return lambda: None if os.path.exists(path) else f"no {path}"


def file_system(name):
    def need():
        with open("/proc/filesystems") as known:
            return None if name in known.read().split() else f"no {name} in this kernel"
    return need


@functools.lru_cache
def java():
    """One that can run a source file."""
    missing = command("java")()
    if missing:
        return missing
    modules = subprocess.run(["java", "--list-modules"], capture_output=True, text=True, env={"PATH": PATH})
    return None if "jdk.compiler" in modules.stdout else "java has no compiler: not installed: default-jdk-headless"


def postgres():
    """Debian's, with its account: initdb wants an owner with a name."""
    try:
        pwd.getpwnam("postgres")
    except KeyError:
        return "not installed: postgresql"
    return None if glob.glob("/usr/lib/postgresql/*/bin/initdb") else "not installed: postgresql"


@functools.lru_cache
def network_namespaces():
    """May we make one, and a veth in it?  Tried in a namespace that ends with the trial."""
    trial = ["unshare", "-n", "ip", "link", "add", "zoo0", "type", "veth", "peer", "name", "zoo1"]
    try:
        done = subprocess.run(trial, capture_output=True, text=True, env={"PATH": PATH})
    except OSError as problem:
        return str(problem)
    return None if done.returncode == 0 else f"no veth in a network namespace: {done.stderr.strip()}"
