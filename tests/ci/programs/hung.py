#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
A test that hangs: hung.py [ARGUMENT]...  Its server stops reading; both wait for ever, but no longer than three minutes.
READY names the file that says so: pid of the test, pid of the server, port.  CROWD children stand around.
"""
import os
import signal
import socket
import sys
import time

LIFE = 180


def stay():
    while True:
        time.sleep(1000000)


def serve(listener):
    signal.alarm(LIFE)
    connection, _ = listener.accept()
    connection.recv(4)
    stay()


def main():
    signal.alarm(LIFE)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = os.fork()
    if server == 0:
        serve(listener)
    listener.close()
    for _ in range(int(os.environ.get("CROWD", "0"))):
        if os.fork() == 0:
            signal.alarm(LIFE)
            stay()
    feed = socket.create_connection(("127.0.0.1", port))
    feed.sendall(b"ping" + b"x" * 18204)
    time.sleep(0.2)
    ready = os.environ["READY"]
    with open(ready + ".new", "w", encoding="ascii") as file:
        file.write(f"{os.getpid()} {server} {port}\n")
    os.rename(ready + ".new", ready)
    feed.recv(64)


if __name__ == "__main__":
    assert sys.argv
    main()
