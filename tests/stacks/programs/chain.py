# SPDX-License-Identifier: MIT
"""chain.py [spin]: Python functions in C functions in Python functions; a thread in another wait."""
import ctypes
import functools
import os
import sys
import threading
import time

LIBC = ctypes.CDLL(None)
LIBC.prctl(1, 9, 0, 0, 0)
LIBC.alarm(120)
lock = threading.Lock()
lock.acquire()


def park(*_):
    print("ready", os.getpid(), flush=True)
    if sys.argv[1:] == ["spin"]:
        while True:
            sum(range(10000))
    while True:
        time.sleep(1000)


def f2(a):
    return sorted([2, 1], key=functools.cmp_to_key(park))


def f1():
    return list(map(f2, [1]))


if sys.argv[1:] != ["spin"]:
    threading.Thread(target=lock.acquire, daemon=True).start()
    threading.Thread(target=LIBC.sleep, args=(1000,), daemon=True).start()
    time.sleep(0.05)
f1()
