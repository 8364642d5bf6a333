# SPDX-License-Identifier: MIT
"""Held by the kernel: stopped, traced, starved, in vfork, on a frozen or mute file system."""
import ctypes
import mmap
import os
import struct
import sys
import time

from hello import FOREVER, forked, path, role

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207


def parent_reads(work):
    """A parent that waits for the answer of its worker on a pipe."""
    reads, writes = os.pipe()

    def run():
        os.close(reads)
        work(writes)
    pid = forked("worker", run)
    os.close(writes)
    role("parent")
    os.read(reads, 100)
    return pid


def sleeper():
    """The worker sleeps; the runner stops or freezes it."""
    parent_reads(lambda writes: time.sleep(FOREVER))


def spinner():
    def work(writes):
        while True:
            pass
    parent_reads(work)


def traced():
    """Seized and interrupted by a tracer that then does nothing."""
    def work(writes):
        tracee = os.fork()
        if tracee == 0:
            time.sleep(FOREVER)
        os.close(writes)
        time.sleep(0.2)
        if libc.ptrace(PTRACE_SEIZE, tracee, None, None) or libc.ptrace(PTRACE_INTERRUPT, tracee, None, None):
            raise OSError(ctypes.get_errno(), "ptrace")
        os.waitpid(tracee, 0)
        role("tracee", tracee)
        time.sleep(FOREVER)
    parent_reads(work)


def lower_session():
    """Sessions share a CPU as if each were one task, whatever is in them: lower ours too."""
    while os.path.exists("/proc/self/autogroup"):
        try:
            with open("/proc/self/autogroup", "w") as file:
                file.write("19")
            return
        except BlockingIOError:     # Once in 0.1 s, on the whole machine.
            time.sleep(0.11)


def starved():
    """The worker may run only when nobody else wants this CPU; two others always do."""
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})

    def hog():
        os.setsid()
        while True:
            pass

    def hogs():
        for number in range(2):
            forked(f"hog{number}", hog)
    os.waitpid(forked("launcher", hogs), 0)    # Orphans: not in the tree that is looked at.

    lower_session()

    def work(writes):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while True:
            pass
    parent_reads(work)


def spawn_fifo():
    """posix_spawn() opens the child's stdin first, and it is a FIFO: the parent stays in vfork."""
    os.mkfifo(path("fifo"))
    role("parent")
    os.posix_spawn("/bin/true", ["true"], {}, file_actions=[(os.POSIX_SPAWN_OPEN, 0, path("fifo"), os.O_RDONLY, 0)])


def on_frozen():
    """Writes to a file system that somebody froze for a backup, and never thawed."""
    def work(writes):
        fd = os.open(path("mount/file"), os.O_WRONLY | os.O_CREAT)
        while True:
            os.pwrite(fd, b"x", 0)
            time.sleep(0.02)
    parent_reads(work)


FUSE_INIT, FUSE_GETATTR, FUSE_LOOKUP, FUSE_OPEN, FUSE_READ = 26, 3, 1, 14, 15
FUSE_FORGET, FUSE_BATCH_FORGET, FUSE_ASYNC_READ = 2, 42, 1


def fuse_attributes(node, mode, size):
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def fuse_serve(device, flags):
    """A file system of one file, "file", whose reads are never answered."""
    while True:
        request = os.read(device, 1 << 20)
        _, operation, unique, node = struct.unpack_from("<IIQQ", request)
        answer, error = b"", 0
        if operation == FUSE_INIT:
            answer = struct.pack("<IIIIHHIIHHIIIIII", 7, 31, 65536, flags, 12, 9, 65536, 1, 1, 0, 0, 0, 0, 0, 0, 0)
        elif operation == FUSE_LOOKUP:
            answer = struct.pack("<QQQQII", 2, 0, 1, 1, 0, 0) + fuse_attributes(2, 0o100644, 4096)
        elif operation == FUSE_GETATTR:
            answer = struct.pack("<QII", 1, 0, 0) + \
                (fuse_attributes(1, 0o040755, 0) if node == 1 else fuse_attributes(2, 0o100644, 4096))
        elif operation == FUSE_OPEN:
            answer = struct.pack("<QII", 7, 0, 0)
        elif operation in (FUSE_READ, FUSE_FORGET, FUSE_BATCH_FORGET):
            continue
        else:
            error = -38
        os.write(device, struct.pack("<IiQ", 16 + len(answer), error, unique) + answer)


def fuse(how="async"):
    """Reads a file of a user-space file system whose server does not answer reads.

    async: the reader sleeps on the locked page, in state D; sync: on the request, in state S.
    """
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    if libc.mount(b"zoo", path("mount").encode(), b"fuse", 6, options.encode()):
        raise OSError(ctypes.get_errno(), "mount")
    forked("daemon", lambda: fuse_serve(device, FUSE_ASYNC_READ if how == "async" else 0))
    os.close(device)

    def work(writes):
        fd = os.open(path("mount/file"), os.O_RDONLY)
        memory = mmap.mmap(fd, 4096, prot=mmap.PROT_READ)
        os.write(writes, memory[:10])
    parent_reads(work)


def uffd_send():
    os.execv(os.environ["ZOO_PROGRAMS"] + "/uffd", ["uffd"])


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
