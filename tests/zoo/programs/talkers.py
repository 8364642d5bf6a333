# SPDX-License-Identifier: MIT
"""Processes joined by pipes, FIFOs, sockets and terminals, without an event loop."""
import ctypes
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time

from hello import FOREVER, forked, path, role


def pair(family):
    if family == "unix":
        return socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    one = socket.create_connection(listener.getsockname())
    other = listener.accept()[0]
    listener.close()
    return one, other


def both(family, act):
    """Two processes, each with its own end only; the first waits for the second in no way."""
    one, other = pair(family)

    def second():
        one.close()
        act(other)
    forked("second", second)
    other.close()
    role("first")
    act(one)


def both_sending(family="tcp"):
    """Each sends a large message before it reads the other's."""
    both(family, lambda end: end.sendall(b"x" * (32 << 20)))


def both_receiving(family="unix"):
    """Each waits for the other to speak first."""
    both(family, lambda end: end.recv(100))


def silent_peer(family="tcp", how="mute"):
    """The server has read the request, and does something else for ever."""
    one, other = pair(family)

    def serve():
        one.close()
        other.recv(100)
        if how == "well":
            other.sendall(b"answer")
        time.sleep(FOREVER)
    forked("server", serve)
    other.close()
    role("client")
    one.sendall(b"request")
    one.recv(100)
    if how == "well":
        os.wait()


def slow_answer():
    """Healthy: every answer takes three seconds."""
    one, other = pair("tcp")

    def serve():
        one.close()
        while other.recv(100):
            time.sleep(3)
            other.sendall(b"answer")
    forked("server", serve)
    other.close()
    role("client")
    while True:
        one.sendall(b"request")
        one.recv(100)


def unread_request(family="tcp"):
    """The server sleeps with the request unread before it."""
    one, other = pair(family)

    def serve():
        one.close()
        time.sleep(FOREVER)
    forked("server", serve)
    other.close()
    role("client")
    one.sendall(b"request" * 100)
    one.recv(100)


def backlog(family="tcp"):
    """Nobody accepts: the next connect() finds no room."""
    if family == "tcp":
        listener = socket.create_server(("127.0.0.1", 0), backlog=1)
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path("listener"))
        listener.listen(1)

    def serve():
        time.sleep(FOREVER)
    forked("server", serve)
    address = listener.getsockname()
    listener.close()
    role("client")
    kept = []
    while True:
        end = socket.socket(socket.AF_INET if family == "tcp" else socket.AF_UNIX)
        end.connect(address)
        kept.append(end)


def self_pipe():
    """Reads a pipe that nobody but itself can write to."""
    role("reader")
    reads, writes = os.pipe()
    os.read(reads, 1)


def fifo(way="read", how="block"):
    """Opens a FIFO whose other end nobody opens."""
    os.mkfifo(path("fifo"))
    role("parent")
    if how == "well":
        keep = os.open(path("fifo"), os.O_RDWR)
    flags = os.O_RDONLY if way == "read" else os.O_WRONLY
    forked("opener", lambda: (os.open(path("fifo"), flags), time.sleep(FOREVER)))
    os.wait()


def prompt(how="wait"):
    """Asks a question on a terminal behind which nobody sits."""
    child, master = pty.fork()
    if child == 0:
        role("asker")
        input("Overwrite the database? [y/N] ")
        os._exit(0)
    role("harness")
    if how == "expect":     # Waits for output that can only come after the answer.
        while b"done" not in os.read(master, 1000):
            pass
    os.read(master, 1000)
    os.waitpid(child, 0)


def shell_on_pty():
    """Healthy: an interactive shell at its prompt, in a terminal emulator that waits for keys."""
    child, master = pty.fork()
    if child == 0:
        role("shell")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    keys = socket.create_server(("127.0.0.1", 0))   # Where keystrokes would come from.
    role("terminal")
    while True:
        ready, _, _ = select.select([master, keys], [], [])
        if master in ready:
            os.read(master, 1000)


def eof_spin():
    """The peer is gone; recv() returns nothing, again and again."""
    one, other = pair("tcp")
    forked("peer", lambda: None)
    other.close()
    role("spinner")
    os.wait()
    one.shutdown(socket.SHUT_WR)
    while True:
        one.recv(100)


def busy_poll():
    """Level-triggered, and the data is never read: the loop turns for ever."""
    one, other = pair("unix")

    def serve():
        one.close()
        poller = select.epoll()
        poller.register(other, select.EPOLLIN)
        while True:
            poller.poll()
    forked("server", serve)
    other.close()
    role("client")
    one.sendall(b"request")
    one.recv(100)


def ping_pong():
    """Healthy: two processes hand a byte to and fro, once a second."""
    there, here = os.pipe(), os.pipe()

    def second():
        os.close(there[1])
        os.close(here[0])
        while os.read(there[0], 1):
            os.write(here[1], b"o")
    forked("second", second)
    os.close(there[0])
    os.close(here[1])
    role("first")
    while True:
        time.sleep(1)
        os.write(there[1], b"i")
        os.read(here[0], 1)


def acceptor():
    """Healthy: a listener in accept(), as sshd has."""
    listener = socket.create_server(("127.0.0.1", 0))
    role("server")
    listener.accept()


def prefork():
    """Healthy: a master that looks after four workers in accept(), as gunicorn has."""
    listener = socket.create_server(("127.0.0.1", 0))
    for number in range(4):
        forked(f"worker{number}", listener.accept)
    role("master")
    while True:
        time.sleep(1)


def pooled():
    """Healthy: idle, with pooled connections whose peers have closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve():
        for _ in range(2):
            listener.accept()[0].close()
        time.sleep(FOREVER)
    forked("peer", serve)
    for _ in range(2):
        kept.append(socket.create_connection(listener.getsockname()))
    role("client")
    commands = socket.create_server(("127.0.0.1", 0))
    listener.close()
    select.select([commands], [], [])


def inotify():
    """Healthy: waits for a file to change."""
    libc = ctypes.CDLL(None)
    fd = libc.inotify_init()
    os.mkdir(path("watched"))
    libc.inotify_add_watch(fd, path("watched").encode(), 2)
    role("watcher")
    os.read(fd, 1000)


def unshare_net():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")


def ip(*words):
    subprocess.check_call(["ip", *words])


def netns(how="silent"):
    """The client's only peer lives in another network namespace of this host, and is silent.

    gone: then the wire between them is cut, and what was behind it with it: to the client,
    a host that fell silent.
    """
    gate, opened = os.pipe()
    back, backed = os.pipe()

    def serve():
        os.setsid()
        unshare_net()
        os.write(backed, b"1")
        os.read(gate, 1)
        ip("addr", "add", "192.0.2.2/24", "dev", "zoo1")
        ip("link", "set", "zoo1", "up")
        listener = socket.create_server(("192.0.2.2", 7000))
        for fd in (gate, opened, back):
            os.close(fd)
        os.write(backed, b"1")
        os.close(backed)
        connection = listener.accept()[0]
        listener.close()
        connection.recv(100)
        time.sleep(FOREVER)
    server = forked("server", serve)
    unshare_net()
    os.read(back, 1)
    ip("link", "add", "zoo0", "type", "veth", "peer", "name", "zoo1", "netns", str(server))
    ip("addr", "add", "192.0.2.1/24", "dev", "zoo0")
    ip("link", "set", "zoo0", "up")
    os.write(opened, b"1")
    os.read(back, 1)
    for fd in (gate, opened, back, backed):
        os.close(fd)
    connection = socket.create_connection(("192.0.2.2", 7000), timeout=10)
    connection.settimeout(None)
    connection.sendall(b"request")
    if how == "gone":
        time.sleep(0.3)
        ip("link", "del", "zoo0")
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
    role("client")
    connection.recv(100)


def blackhole():
    """connect() to a host that does not answer: the packets go nowhere."""
    unshare_net()
    ip("link", "add", "zoo0", "type", "veth", "peer", "name", "zoo1")
    ip("addr", "add", "192.0.2.1/24", "dev", "zoo0")
    ip("link", "set", "zoo0", "up")
    ip("link", "set", "zoo1", "up")
    ip("neigh", "add", "192.0.2.2", "lladdr", "02:00:00:00:00:01", "nud", "permanent", "dev", "zoo0")
    role("client")
    socket.create_connection(("192.0.2.2", 7000))


def netns_tree():
    """Both ends live in one network namespace, which is not the looker's."""
    unshare_net()
    ip("link", "set", "lo", "up")
    unread_request()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
