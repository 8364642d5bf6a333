# SPDX-License-Identifier: MIT
"""Tries all that a looker may try on a process; prints what came of it as JSON.

Run as each viewer, it shows that the imitations refuse what they claim, and no more.
"""
import ctypes
import errno
import json
import os
import re
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
PIDFD_OPEN, PIDFD_GETFD = 434, 438
NUMBERS = {"x86_64": (310, 312), "aarch64": (270, 272)}.get(os.uname().machine)
PTRACE_SEIZE, PTRACE_DETACH = 0x4206, 17


def told(act):
    try:
        return act()
    except OSError as problem:
        return errno.errorcode[problem.errno]


def result(value):
    if value < 0:
        raise OSError(ctypes.get_errno(), "")
    return "ok"


def read(path):
    def act():
        with open(path, "rb") as file:
            file.read(1)
        return "ok"
    return told(act)


def opened(path):
    def act():
        os.close(os.open(path, os.O_RDONLY))
        return "ok"
    return told(act)


def relative(pid):
    """As tools do that keep a descriptor of the directory."""
    def act():
        place = os.open(f"/proc/{pid}/task/{pid}", os.O_DIRECTORY)
        fd = os.open("syscall", os.O_RDONLY, dir_fd=place)
        os.read(fd, 1)
        return "ok"
    return told(act)


def seize(pid):
    return result(libc.ptrace(PTRACE_SEIZE, pid, None, None)) and \
        (libc.ptrace(0x4207, pid, None, None), os.waitpid(pid, 0x40000000),
         libc.ptrace(PTRACE_DETACH, pid, None, None)) and "ok"


def memory(pid):
    with open(f"/proc/{pid}/maps") as maps:
        start = int(re.match(r"[0-9a-f]+", maps.readline()).group(), 16)
    word = ctypes.create_string_buffer(4)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(word), 4)
    remote = (ctypes.c_size_t * 2)(start, 4)
    return result(libc.syscall(NUMBERS[0], pid, local, 1, remote, 1, 0))


def kcmp(pid):
    return result(libc.syscall(NUMBERS[1], pid, os.getpid(), 2, 0, 0))


def getfd(pid):
    pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
    return result(libc.syscall(PIDFD_GETFD, pidfd, 0, 0))


def look(pid):
    base = f"/proc/{pid}/"
    child = os.fork()
    if child == 0:
        time.sleep(30)
    seen = {name: read(base + name) for name in ("stat", "wchan", "maps", "syscall", "stack")}
    seen["fd"] = told(lambda: os.listdir(base + "fd") and "ok")
    seen["mem"] = opened(base + "mem")
    seen["task/syscall"] = read(f"{base}task/{pid}/syscall")
    seen["openat"] = relative(pid)
    seen["own syscall"] = read("/proc/self/syscall")
    seen["child's syscall"] = read(f"/proc/{child}/syscall")
    seen["process_vm_readv"] = told(lambda: memory(pid))
    seen["kcmp"] = told(lambda: kcmp(pid))
    seen["pidfd_getfd"] = told(lambda: getfd(pid))
    seen["ptrace"] = told(lambda: seize(pid))
    with open("/proc/self/status") as status:
        seen["seccomp"] = re.search(r"Seccomp:\s*(\d)", status.read()).group(1)
    scope = "/proc/sys/kernel/yama/ptrace_scope"
    seen["scope"] = open(scope).read().strip() if os.path.exists(scope) or sys.argv[2] == "yama" else "none"
    os.kill(child, 9)
    os.waitpid(child, 0)
    return seen


print(json.dumps(look(int(sys.argv[1]))))
