# SPDX-License-Identifier: MIT
"""A file system of one file, whose reads are never answered: who reads it sleeps where not even KILL wakes him."""
import contextlib
import ctypes
import os
import signal
import struct
import time

from . import facts
from .stage import LIBC, Skip

INIT, LOOKUP, GETATTR, OPEN = 26, 1, 3, 14
UNANSWERED = (15, 2, 42, 36) # READ, FORGET, BATCH_FORGET, INTERRUPT


def attributes(node, mode, size):
    return struct.pack("<QQQQQQIIIIIIIIII", node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def serve(device):
    while True:
        request = os.read(device, 1 << 20)
        _, operation, unique, node = struct.unpack_from("<IIQQ", request)
        answer, error = b"", 0
        if operation == INIT:
            answer = struct.pack("<IIIIHHIIHHIIIIII", 7, 31, 65536, 0, 12, 9, 65536, 1, 1, 0, 0, 0, 0, 0, 0, 0)
        elif operation == LOOKUP:
            answer = struct.pack("<QQQQII", 2, 0, 1, 1, 0, 0) + attributes(2, 0o100644, 4096)
        elif operation == GETATTR:
            answer = struct.pack("<QII", 1, 0, 0) + (attributes(1, 0o040755, 0) if node == 1 else attributes(2, 0o100644, 4096))
        elif operation == OPEN:
            answer = struct.pack("<QII", 7, 0, 0)
        elif operation in UNANSWERED:
            continue
        else:
            error = -38
        os.write(device, struct.pack("<IiQ", 16 + len(answer), error, unique) + answer)


@contextlib.contextmanager
def file(t):
    """Its path, in a mount namespace of the case; afterwards its readers' reads have failed."""
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        raise Skip("needs root and /dev/fuse")
    mount = os.path.join(t.dir, "mount")
    os.mkdir(mount)
    t.files.add("mount")
    device = os.open("/dev/fuse", os.O_RDWR)
    if LIBC.unshare(0x00020000) or LIBC.mount(None, b"/", None, 0x4000 | 0x40000, None) or \
            LIBC.mount(b"mute", mount.encode(), b"fuse", 6, f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()):
        raise Skip("cannot mount: " + os.strerror(ctypes.get_errno()))
    server = os.fork()
    if server == 0:
        try:
            serve(device)
        finally:
            os._exit(0)
    os.close(device)
    t.spared.add(server)
    try:
        yield os.path.join(mount, "file")
    finally:
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
        end = time.monotonic() + 3
        while any(facts.stat(pid)["state"] == "D" for pid in facts.own_children()) and time.monotonic() < end:
            time.sleep(0.02)
        LIBC.umount2(mount.encode(), 2)
        os.rmdir(mount)
