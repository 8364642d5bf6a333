# SPDX-License-Identifier: MIT
"""The test of scripts/demo: hangs because its worker stops reading."""
import os
import pathlib
import socket
import subprocess
import sys


def test_reconnect():
    worker = subprocess.Popen([sys.executable, pathlib.Path(__file__).with_name("feedd.py")], stdout=subprocess.PIPE)
    port = int(worker.stdout.readline())
    with socket.create_connection(("127.0.0.1", port)) as feed:
        for _ in range(3):
            feed.sendall(b"ping")
            assert feed.recv(64) == b"ping"
        feed.sendall(b"x" * 18204)
        pathlib.Path(os.environ["FEED_READY"]).touch()
        assert feed.recv(64)
