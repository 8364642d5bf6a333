#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
What is left behind: left.py [--orphan] [--session] [--ignore-term] MODE [ARGUMENT]...  Says "ready PID..." (and
what else there is to say) once it is what it claims to be.  Nothing of it lives longer than two minutes.
"""
import ctypes
import os
import signal
import socket
import sys
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_NAME, PR_SET_DUMPABLE = 15, 4
LIFE = 120


def say(*words):
    print("ready", *words, flush=True)


def stay():
    while True:
        time.sleep(LIFE)


def fork(child):
    pid = os.fork()
    if pid == 0:
        signal.alarm(LIFE)
        child()
        stay()
    return pid


def reads(path):
    """A file that never answers."""
    fd = os.open(path, os.O_RDONLY)
    say(os.getpid())
    os.read(fd, 1)


def waits():
    say(os.getpid())


def listens(address="127.0.0.1", count="1"):
    """On a port of its own; count: how many processes share the listener."""
    with socket.socket() as listener:
        listener.bind((address, 0))
        listener.listen()
        others = [fork(lambda: None) for _ in range(int(count) - 1)]
        say(os.getpid(), *others, listener.getsockname()[1])
        stay()


def listens_beside():
    """And a brother of it that has nothing to do with the port: their parent is gone."""
    brother = fork(lambda: None)
    if os.fork():
        os._exit(0)
    signal.alarm(LIFE)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        time.sleep(0.05)
        say(os.getpid(), brother, listener.getsockname()[1])
        stay()


def reuseport(port):
    """Beside another, on the same port (0: any)."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(("127.0.0.1", int(port)))
        listener.listen()
        say(os.getpid(), listener.getsockname()[1])
        stay()


def connects(port):
    """A client, and no more."""
    with socket.create_connection(("127.0.0.1", int(port)), 5) as client:
        say(os.getpid(), client.getsockname()[1])
        stay()


def binds_as_client(port):
    """Has the port as its local one, towards somebody else: a client all the same."""
    with socket.socket() as listener, socket.socket() as client:
        listener.bind(("127.0.0.2", 0))
        listener.listen()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(("127.0.0.1", int(port)))
        client.connect(listener.getsockname())
        say(os.getpid(), client.getsockname()[1])
        stay()


def leaves_namespace():
    """The listener is of this network namespace, its owner in another by now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        os_unshare_net()
        say(os.getpid(), listener.getsockname()[1])
        stay()


def listens_elsewhere(port):
    """On that port, but in a network namespace of its own."""
    os_unshare_net()
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", int(port)))
        listener.listen()
        say(os.getpid())
        stay()


def os_unshare_net():
    if LIBC.unshare(0x40000000):  # CLONE_NEWNET
        sys.exit(77)


def named(name):
    LIBC.prctl(PR_SET_NAME, bytes.fromhex(name)[:15] + b"\0", 0, 0, 0)
    say(os.getpid())


def undumpable():
    LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    say(os.getpid())


def undumpable_listener():
    LIBC.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    listens()


def listens6():
    with socket.socket(socket.AF_INET6) as listener:
        listener.bind(("::", 0))
        listener.listen()
        say(os.getpid(), listener.getsockname()[1])
        stay()


def has_zombie():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    time.sleep(0.05)
    say(os.getpid(), pid)


def crowd(count):
    """So many children; they wait in one place, so that they cost little."""
    pids = []
    for _ in range(int(count)):
        pid = os.fork()
        if pid == 0:
            signal.alarm(LIFE)
            signal.pause()
            os._exit(0)
        pids.append(pid)
    say(os.getpid(), *pids)


def headless():
    """Its leader exits, a thread goes on, with a listener."""
    def go_on():
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            time.sleep(0.2)
            say(os.getpid(), listener.getsockname()[1])
            stay()
    threading.Thread(target=go_on).start()
    LIBC.syscall(60, 0)  # exit(2): of this thread only



def respawns(count):
    """Each of them starts another as soon as it can, until it is ended."""
    def again():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            time.sleep(0.005)
            if os.fork():
                os._exit(0)
            signal.alarm(LIFE)
        os._exit(0)
    pids = [fork(again) for _ in range(int(count))]
    say(os.getpid(), *pids)


def tree(depth):
    """A child of a child ..."""
    pids = []
    reading, writing = os.pipe()
    for _ in range(int(depth)):
        if os.fork() == 0:
            signal.alarm(LIFE)
            os.write(writing, b"%d " % os.getpid())
        else:
            break
    else:
        stay()
    if len(pids) == 0 and os.getpid() == FIRST:
        text = b""
        while len(text.split()) < int(depth) or not text.endswith(b" "):
            text += os.read(reading, 4096)
        say(FIRST, *[int(word) for word in text.split()])


def churns():
    """Children that come and go as fast as they can."""
    say(os.getpid())
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)


def locks(path):
    import fcntl
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        say(os.getpid())
        stay()


def stopped():
    say(os.getpid())
    os.kill(os.getpid(), signal.SIGSTOP)


def hangs_on(port):
    """Connected to a port whose listener goes away."""
    with socket.create_connection(("127.0.0.1", int(port)), 5):
        say(os.getpid())
        stay()


MODES = {function.__name__: function for function in (
    waits, reads, listens, listens_beside, reuseport, connects, binds_as_client, leaves_namespace, listens_elsewhere, listens6, has_zombie, crowd,
    named, undumpable, undumpable_listener, headless,
    respawns, tree, churns, locks, stopped, hangs_on)}

if __name__ == "__main__":
    words = sys.argv[1:]
    options = set()
    while words[0].startswith("--"):
        options.add(words.pop(0))
    signal.alarm(LIFE)
    if "--session" in options:
        if os.fork():
            os._exit(0)
        os.setsid()
        signal.alarm(LIFE)
    if "--orphan" in options:
        if os.fork():
            os._exit(0)
        signal.alarm(LIFE)
        time.sleep(0.02)
    if "--ignore-term" in options:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    FIRST = os.getpid()
    MODES[words[0]](*words[1:])
    stay()
