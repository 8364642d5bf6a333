# SPDX-License-Identifier: MIT
"""Parents that wait for children: subprocess, multiprocessing, orphans, zombies."""
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
import time

from hello import FOREVER, forked, role

NOISY = "import hello, os; hello.role('child'); os.write(2, b'x' * {0})"


def noisy_child(amount):
    return subprocess.Popen([sys.executable, "-c", NOISY.format(amount)], stderr=subprocess.PIPE,
                            env={**os.environ, "PYTHONPATH": os.path.dirname(os.path.abspath(__file__))})


def stderr_full(how="wait"):
    """wait() beside a pipe that nobody drains: the manual's oldest warning."""
    role("parent")
    if how == "heartbeat":
        threading.Thread(target=heartbeat, daemon=True).start()
    child = noisy_child(10 if how == "well" else 1 << 20)
    if how == "timeout":
        child.wait(timeout=600)
    else:
        child.wait()
    time.sleep(FOREVER)  # Not reached, but by the twin.


def heartbeat():
    while True:
        time.sleep(1)


def communicate(how="grandchild"):
    """The child is done, but a daemon that it started still holds its stdout."""
    role("parent")
    script = {"grandchild": 'sleep 1000000 & echo "role grandchild $!" >> $ZOO_HELLO; echo done',
              "setsid": 'setsid sleep 1000000 & echo "role grandchild $!" >> $ZOO_HELLO; sleep 0.1; echo done',
              "well": 'sleep 1000000 > /dev/null & echo "role grandchild $!" >> $ZOO_HELLO; echo done'}[how]
    child = subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE, stderr=None if how == "setsid" else
                             subprocess.PIPE if how == "grandchild" else None)
    child.communicate()
    time.sleep(FOREVER)


def feed(queue, amount):
    role("child")
    queue.put(b"x" * amount)


def queue_join(how="full"):
    """multiprocessing: join() of a process whose queue nobody has read."""
    role("parent")
    multiprocessing.set_start_method("fork")
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=feed, args=(queue, 10 if how == "well" else 1 << 20))
    child.start()
    child.join()
    time.sleep(FOREVER)


def lost_worker(queue, how):
    role("worker")
    if how == "oom":
        time.sleep(0.3)
        hoard = []
        while True:
            hoard.append(bytearray(b"x" * (4 << 20)))
    time.sleep(0.3)
    os.kill(os.getpid(), signal.SIGKILL)


def worker_lost(how="kill"):
    """queue.get(): the worker is dead, yet the pipe has a writer, for the reader holds one itself."""
    role("parent")
    multiprocessing.set_start_method("fork")
    queue = multiprocessing.Queue()
    multiprocessing.Process(target=lost_worker, args=(queue, how)).start()
    queue.get()


def zombies(how="pipe"):
    """A supervisor that never reaps: it waits for a message which the dead should have sent."""
    role("parent")
    answers, answer = os.pipe()
    for number in range(3):
        forked(f"dead{number}", lambda: None)
    if how == "pause":
        signal.pause()
    os.read(answers, 1)


def orphans():
    """Workers whose parent was killed: their connection says so, and nobody reads it."""
    listener = socket.create_server(("127.0.0.1", 0))
    for number in range(2):
        def work():
            connection = socket.create_connection(listener.getsockname())
            listener.close()
            connection.sendall(b"ready\n")
            time.sleep(FOREVER)
        forked(f"orphan{number}", work)
    role("parent")
    kept = [listener.accept()[0] for _ in range(2)]
    for connection in kept:
        connection.recv(16)
    role("all-ready")
    time.sleep(FOREVER)


def compute():
    """A child that only computes, and a parent that waits for it."""
    role("parent")

    def work():
        total = 0
        while True:
            total = (total * 31 + 7) % 1000003
    forked("child", work)
    os.wait()


def vanished_reader():
    """Blocked writing to a pipe whose reader sleeps: it will never take any."""
    reads, writes = os.pipe()
    role("writer")

    def read():
        os.close(writes)
        os.read(reads, 10)
        time.sleep(FOREVER)
    forked("reader", read)
    os.close(reads)
    os.write(writes, b"x" * (1 << 20))


def two_wedges():
    """One tree, two troubles that have nothing to do with each other."""
    role("parent")
    a, b = os.pipe()
    forked("writer", lambda: os.write(b, b"x" * (1 << 20)))

    def read():
        os.close(b)
        time.sleep(FOREVER)
    forked("reader", read)
    os.close(a)
    os.close(b)
    forked("stopped", lambda: time.sleep(FOREVER))
    forked("waiter", lambda: os.open(os.environ["ZOO_DIR"] + "/fifo", os.O_RDONLY))
    os.wait()


def half_closed():
    """Reads the pipe of a child that has long ended: it forgot to close its own write end."""
    role("parent")
    reads, writes = os.pipe()
    child = forked("child", lambda: os.write(writes, b"all\n"))
    os.waitpid(child, 0)
    while os.read(reads, 100):
        pass


def dead_leader():
    """main() ended by pthread_exit(): a zombie leader, and a thread that lives on, blocked."""
    import ctypes
    fifo = os.environ["ZOO_DIR"] + "/fifo"
    os.mkfifo(fifo)

    def work():
        role("worker", tid=threading.get_native_id())
        os.open(fifo, os.O_RDONLY)
    threading.Thread(target=work).start()
    time.sleep(0.3)
    ctypes.CDLL(None).pthread_exit(None)


def lazy_reaper():
    """Healthy: children come and go, and are reaped once a second."""
    role("parent")
    while True:
        forked("late", lambda: None)
        time.sleep(1)
        while True:
            try:
                if not os.waitpid(-1, os.WNOHANG)[0]:
                    break
            except ChildProcessError:
                break


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
