# SPDX-License-Identifier: MIT
"""Test runners: a test that talks to a worker process of its own, and how that ends."""
import os
import sys

from hello import path, role

# The worker stops reading; the test sends on until nothing fits any more.
STUCK = '''
import os, socket, sys, time
sys.path.insert(0, os.environ["ZOO_PROGRAMS"])
from hello import FOREVER, forked, role

def test_feed():
    """Sends to a worker process that has stopped reading."""
    listener = socket.create_server(("127.0.0.1", 0))

    def work():
        connection = listener.accept()[0]
        listener.close()
        connection.recv(100)
        time.sleep(FOREVER)
    forked("worker", work)
    role("tester")
    end = socket.create_connection(listener.getsockname())
    listener.close()
    end.sendall(b"x" * (32 << 20))
'''
OTHERS = '''
def test_quick():
    pass

def test_quick_too():
    pass
'''
SLOW = '''
import os, pytest, time
@pytest.mark.parametrize("number", range(10000))
def test_slow(number):
    time.sleep(0.2)
    with open(os.environ["ZOO_DIR"] + "/done", "a") as file:
        file.write(".")
'''


def run(text, *options):
    with open(path("test_zoo.py"), "w") as file:
        file.write(text)
    role("pytest")
    os.chdir(path(""))
    os.execv(sys.executable, [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "test_zoo.py"])


def pytest_stuck():
    run(STUCK)


def xdist_stuck():
    run(STUCK + OTHERS, "-n", "2")


def pytest_slow():
    """Healthy: many tests, each of them slow."""
    run(SLOW)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
