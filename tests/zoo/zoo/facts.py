# SPDX-License-Identifier: MIT
"""What is so, read from /proc and by system calls of our own.

Nothing here comes from the project under test: this is the other witness.
Whatever has vanished raises OSError; callers turn that into "not so (yet)".
"""
import array
import ctypes
import fcntl
import os
import platform
import re
import socket
import termios
import time

F_GETPIPE_SZ = 1032
_libc = ctypes.CDLL(None, use_errno=True)
_PIDFD_OPEN, _PIDFD_GETFD = 434, 438

# Only the calls that scenarios name.
_CALLS = {
    "x86_64": {
        0: "read", 1: "write", 7: "poll", 20: "writev", 23: "select", 34: "pause",
        35: "nanosleep", 42: "connect", 43: "accept", 44: "sendto", 45: "recvfrom", 46: "sendmsg",
        47: "recvmsg", 61: "wait4", 128: "rt_sigtimedwait", 130: "rt_sigsuspend", 202: "futex",
        219: "restart_syscall", 230: "clock_nanosleep", 232: "epoll_wait", 247: "waitid",
        257: "openat", 2: "open", 270: "pselect6", 271: "ppoll", 281: "epoll_pwait", 288: "accept4",
        56: "clone", 58: "vfork", 435: "clone3", 18: "pwrite64", 17: "pread64",
    },
    "aarch64": {
        63: "read", 64: "write", 66: "writev", 73: "ppoll", 72: "pselect6", 101: "nanosleep",
        203: "connect", 202: "accept", 206: "sendto", 207: "recvfrom", 211: "sendmsg", 212: "recvmsg",
        260: "wait4", 137: "rt_sigtimedwait", 133: "rt_sigsuspend", 98: "futex", 128: "restart_syscall",
        115: "clock_nanosleep", 22: "epoll_pwait", 95: "waitid", 56: "openat", 242: "accept4",
        220: "clone", 435: "clone3", 68: "pwrite64", 67: "pread64",
    },
}.get(platform.machine(), {})


def text(path):
    with open(path, "rb") as file:
        return file.read().decode("utf-8", "replace")


def stat(pid, tid=None):
    """State, parent, group, session, start time and CPU ticks of a task."""
    path = f"/proc/{pid}/task/{tid}/stat" if tid else f"/proc/{pid}/stat"
    fields = text(path).rpartition(")")[2].split()
    return {"state": fields[0], "parent": int(fields[1]), "group": int(fields[2]),
            "session": int(fields[3]), "start": int(fields[19]),
            "cpu": int(fields[11]) + int(fields[12]), "exit": int(fields[49])}


def state(pid, tid=None):
    return stat(pid, tid)["state"]


def alive(pid):
    try:
        return state(pid) not in "ZX"
    except OSError:
        return False


def status(pid, key):
    found = re.search(rf"^{key}:\s*(\S+)", text(f"/proc/{pid}/status"), re.M)
    return found and found.group(1)


def tids(pid):
    return sorted(int(name) for name in os.listdir(f"/proc/{pid}/task"))


def wchan(pid, tid=None):
    return text(f"/proc/{pid}/task/{tid or pid}/wchan")


def call(pid, tid=None):
    """(name, arguments) of the system call a task is in; ("running", []) on a CPU."""
    words = text(f"/proc/{pid}/task/{tid or pid}/syscall").split()
    if words[0] in ("running", "-1"):
        return words[0], []
    return _CALLS.get(int(words[0]), words[0]), [int(word, 16) for word in words[1:7]]


def switches(pid, tid=None):
    found = re.findall(r"voluntary_ctxt_switches:\s*(\d+)", text(f"/proc/{pid}/task/{tid or pid}/status"))
    return sum(map(int, found))


def children(pid):
    found = []
    for tid in tids(pid):
        found += map(int, text(f"/proc/{pid}/task/{tid}/children").split())
    return found


def descendants(pid):
    found, todo = [], [pid]
    while todo:
        try:
            below = children(todo.pop())
        except OSError:
            continue
        found += below
        todo += below
    return found


def ran_ns(pid, tid=None):
    """(time on a CPU, time spent waiting for one), ns."""
    words = text(f"/proc/{pid}/task/{tid or pid}/schedstat").split()
    return int(words[0]), int(words[1])


def cpu_share(pid, seconds=0.3, tid=None):
    """(share on a CPU, share spent waiting for one) over the next seconds."""
    ran, waited = ran_ns(pid, tid)
    begun = time.monotonic_ns()
    time.sleep(seconds)
    ran_now, waited_now = ran_ns(pid, tid)
    took = time.monotonic_ns() - begun
    return (ran_now - ran) / took, (waited_now - waited) / took


def link(pid, fd):
    return os.readlink(f"/proc/{pid}/fd/{fd}")


def fds(pid):
    """fd -> what it is."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            found[int(name)] = link(pid, name)
        except OSError:
            pass
    return found


def fdinfo(pid, fd):
    return text(f"/proc/{pid}/fdinfo/{fd}")


def access_mode(pid, fd):
    return int(re.search(r"^flags:\s*(\d+)", fdinfo(pid, fd), re.M).group(1), 8) & os.O_ACCMODE


def holders(what, writers=None):
    """(pid, fd) of everybody who holds it; writers True or False: only such ends of a pipe."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            held = fds(name)
        except OSError:
            continue
        for fd, it in held.items():
            if it != what:
                continue
            try:
                if writers is None or (access_mode(name, fd) != os.O_RDONLY) == writers:
                    found.append((int(name), fd))
            except OSError:
                pass
    return found


def watches(pid, fd):
    """fd -> event mask, as registered in the epoll set fd."""
    return {int(number): int(mask, 16)
            for number, mask in re.findall(r"^tfd:\s*(\d+)\s+events:\s*([0-9a-f]+)", fdinfo(pid, fd), re.M)}


def epoll_sets(pid):
    return [fd for fd, it in fds(pid).items() if it == "anon_inode:[eventpoll]"]


class Borrowed:
    """A descriptor of another process, for a moment."""

    def __init__(self, pid, fd):
        pidfd = _libc.syscall(_PIDFD_OPEN, pid, 0)
        if pidfd < 0:
            raise OSError(ctypes.get_errno(), "pidfd_open")
        self.fd = _libc.syscall(_PIDFD_GETFD, pidfd, fd, 0)
        error = ctypes.get_errno()
        os.close(pidfd)
        if self.fd < 0:
            raise OSError(error, "pidfd_getfd")

    def __enter__(self):
        return self.fd

    def __exit__(self, *_):
        os.close(self.fd)


def _int_ioctl(fd, request):
    value = array.array("i", [0])
    fcntl.ioctl(fd, request, value)
    return value[0]


def unread(pid, fd):
    """Bytes that a read of it would find: pipe, FIFO, terminal, stream socket."""
    with Borrowed(pid, fd) as mine:
        return _int_ioctl(mine, termios.FIONREAD)


def pipe_full(pid, fd):
    """Has it no room for one more page?"""
    with Borrowed(pid, fd) as mine:
        return fcntl.fcntl(mine, F_GETPIPE_SZ) - _int_ioctl(mine, termios.FIONREAD) < 4096


def tcp_state(pid, fd):
    with Borrowed(pid, fd) as mine:
        with socket.socket(fileno=os.dup(mine)) as it:
            return it.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


TCP_ESTABLISHED, TCP_SYN_SENT, TCP_CLOSE_WAIT, TCP_LISTEN = 1, 2, 8, 10


def tcp_fds(pid, wanted):
    """Descriptors of TCP sockets in that state."""
    found = []
    for fd, it in fds(pid).items():
        if it.startswith("socket:"):
            try:
                if tcp_state(pid, fd) == wanted:
                    found.append(fd)
            except OSError:
                pass
    return found


def net_namespace(pid):
    return os.readlink(f"/proc/{pid}/ns/net")
