# SPDX-License-Identifier: MIT
"""A feed server that answers a few messages and then stops reading its connection."""
import socket
import sys
import time


def backoff():
    time.sleep(1000000)


def pump(connection):
    for _ in range(3):
        connection.sendall(connection.recv(64))
    backoff()


listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
connection, _ = listener.accept()
pump(connection)
sys.exit(0)
