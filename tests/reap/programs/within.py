#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
within.py [--outside] COMMAND [ARGUMENT]...: makes a session whose leader dies and leaves a sleeper in it, then runs
COMMAND in the same session, or outside of it; the word SESSION in an argument becomes its number.  Exits as COMMAND did.
"""
import ctypes
import os
import signal
import sys

PR_SET_CHILD_SUBREAPER = 36
LIFE = 30


def sleep():
    signal.alarm(LIFE)
    while True:
        signal.pause()


def execute(words, session):
    os.execv(words[0], [word.replace("SESSION", str(session)) for word in words])


outside = sys.argv[1] == "--outside"
command = sys.argv[1 + outside:]
ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
told, tell = os.pipe()
wait, go = os.pipe()
leader = os.fork()
if leader == 0:
    os.setsid()
    sleeper = os.fork()
    if sleeper == 0:
        os.close(go)
        sleep()
    worker = 0 if outside else os.fork()
    if worker == 0 and not outside:
        os.close(go)
        os.read(wait, 1)
        execute(command, os.getsid(0))
    os.write(tell, f"{sleeper} {worker}".encode())
    os._exit(0)
os.waitpid(leader, 0)
sleeper, worker = map(int, os.read(told, 100).split())
if outside:
    worker = os.fork()
    if worker == 0:
        execute(command, leader)
os.close(wait)
os.close(go)
_, status = os.waitpid(worker, 0)
if os.waitpid(sleeper, os.WNOHANG) == (0, 0):
    os.kill(sleeper, signal.SIGKILL)
    os.waitpid(sleeper, 0)
sys.exit(os.waitstatus_to_exitcode(status))
