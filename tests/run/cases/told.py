# SPDX-License-Identifier: MIT
"""Signals to wedgerun: Ctrl-C, Ctrl-Z, CI runners, SIGUSR1; nested runs; pid 1."""
import fcntl
import os
import pty
import re
import signal
import sys
import termios
import time

from running.helper import (HUNG, Failed, Skip, actor, await_file, await_line, begin, check_left, check_records, fast,
                            home, living, one_report, outcome, records, reports, run, says)
from trouble import facts
from trouble.suite import case

QUICK = ("-k", "0.5", "-w", "0.5")


def ready(t, name="ready"):
    """A shell line that says when the command has begun."""
    return f"echo >{os.path.join(t.dir, name)};"


def started(t, *arguments, **options):
    process = begin(t, *arguments, **options)
    await_file(os.path.join(t.dir, "ready"))
    time.sleep(0.05)
    return process


@case()
def interrupt_16(t):
    """INT: a short look, then passed on; the second ends all at once."""
    process = started(t, "60", "sh", "-c", ready(t) + "exec sleep 60")
    process.send_signal(signal.SIGINT)
    result = fast(one_report(t.finish(process)), 5)
    if result.status != -signal.SIGINT:
        raise Failed(str(result))
    os.unlink(os.path.join(t.dir, "ready"))
    process = started(t, "60", "sh", "-c", ready(t) + "exec " + " ".join(actor(t, "deaf")))
    process.send_signal(signal.SIGINT)
    time.sleep(1.5)
    if process.poll() is not None:
        raise Failed("gone after the first")
    process.send_signal(signal.SIGINT)
    told = time.monotonic()
    result = t.finish(process)
    if time.monotonic() - told > 1.5 or result.status != -signal.SIGKILL:
        raise Failed(str(result))
    check_left(t, 0)


@case()
def github_sequence_17(t):
    """INT, 7.5 s, TERM, 2.5 s, KILL to us alone: a report is there, and nobody is left."""
    process = started(t, "--report-dir=reports", "600", "sh", "-c", ready(t) + "exec " + " ".join(actor(t, "deaf")))
    process.send_signal(signal.SIGINT)
    time.sleep(7.5)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    end = time.monotonic() + 2.5
    while process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    if process.poll() is None:
        process.kill()
        raise Failed("not gone in time")
    one_report(t.finish(process))
    check_left(t, 0)
    t.files.add("reports")
    found = outcome(t)
    if found["outcome"] != "cancelled" or not found["attempts"][0]["report"]:
        raise Failed(str(found))


@case()
def terminated(t):
    """TERM: a short look, passed on, KILL after the grace."""
    process = started(t, "-k", "0.5", "60", "sh", "-c", ready(t) + "exec " + " ".join(actor(t, "deaf")))
    process.send_signal(signal.SIGTERM)
    result = fast(one_report(t.finish(process)), 6)
    if result.status != -signal.SIGKILL:
        raise Failed(str(result))
    check_left(t, 0)


@case()
def killed_18(t):
    """wedgerun is killed: its record stays, says who they are, and is not locked."""
    process = started(t, "60", "sh", "-c", ready(t) + "exec sleep 60")
    leader = facts.children(process.pid)[0]
    path = records(t)[0]
    with open(path) as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            raise Failed("not locked while it lives")
        except OSError:
            pass
    process.kill()
    t.finish(process)
    check_records(t, 1)
    lines = dict(line.split(" ", 1) for line in open(path).read().splitlines() if " " in line)
    if lines["leader"] != str(leader) or lines["leader_start_ticks"] != str(facts.stat(leader)["start"]) or \
            lines["group"] != str(leader) or lines["command"] != "sh":
        raise Failed(str(lines))
    with open(path) as file:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    if open(f"/proc/{leader}/environ").read().find("WEDGE_RUN_ID=" + lines["run"]) < 0:
        raise Failed("not marked")
    check_left(t, 1)
    os.unlink(path)


@case()
def nested_19(t):
    """Runs within runs: one report, whoever is first."""
    inner = os.path.join(t.options.tools, "wedgerun")
    result = one_report(run(t, *QUICK, "8", inner, *QUICK, "1", "sleep", "60", status=HUNG))
    says(result, r"sleep\[\d+\] did not end within 1 s")
    result = one_report(run(t, *QUICK, "1.5", inner, "30", "sleep", "60", status=HUNG))
    says(result, r"wedgerun\[\d+\] did not end within 1.5 s")
    for outer_s, inner_s in (("1.5", "1.5"), ("1.6", "1.5"), ("1.5", "1.6")):
        one_report(run(t, *QUICK, outer_s, inner, *QUICK, inner_s, "sleep", "60", status=HUNG))


@case()
def nested_interrupted(t):
    """The outer one is told to end: one report."""
    inner = os.path.join(t.options.tools, "wedgerun")
    process = started(t, "60", inner, "60", "sh", "-c", ready(t) + "exec sleep 60")
    process.send_signal(signal.SIGTERM)
    one_report(fast(t.finish(process), 8))
    check_left(t, 0)


@case()
def suspended_12(t):
    """TSTP stops the command and us, and the clock; CONT lets all go on."""
    process = started(t, *QUICK, "2", "sh", "-c", ready(t) + "exec sleep 60")
    leader = facts.children(process.pid)[0]
    process.send_signal(signal.SIGTSTP)
    time.sleep(0.3)
    states = facts.stat(process.pid)["state"], facts.stat(leader)["state"]
    if states != ("T", "T"):
        raise Failed(f"not stopped: {states}")
    time.sleep(2.5)
    process.send_signal(signal.SIGCONT)
    time.sleep(0.3)
    if process.poll() is not None or facts.stat(leader)["state"] == "T":
        raise Failed("did not go on")
    result = t.finish(process)
    if result.status != HUNG or not 4.5 < result.seconds < 9:
        raise Failed(str(result))
    check_left(t, 0)


def on_terminal(t, *arguments):
    """A shell's job on a terminal of its own; its end of it."""
    ours, theirs = pty.openpty()

    def settle():
        os.setsid()
        fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
        os.setpgid(0, 0) if os.getpid() != os.getpgrp() else None
        os.tcsetpgrp(theirs, os.getpgrp())
    process = begin(t, *arguments, stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=settle)
    os.close(theirs)
    return process, ours


def read_until(fd, pattern, seconds=5.0):
    os.set_blocking(fd, False)
    end, text = time.monotonic() + seconds, ""
    while not re.search(pattern, text):
        if time.monotonic() > end:
            raise Failed(f"want {pattern!r} on the terminal, have {text!r}")
        try:
            text += os.read(fd, 4096).decode(errors="replace")
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            raise Failed(f"want {pattern!r} on the terminal, have {text!r}") from None
    return text


@case()
def terminal_read_11(t):
    """The command reads from the terminal, and sets it: it is given it, and Ctrl-C goes to it then."""
    process, ours = on_terminal(t, "20", "sh", "-c", "echo go; read line; echo got $line; stty -echo; stty echo; echo set")
    read_until(ours, "go")
    time.sleep(0.2)
    os.write(ours, b"hello\n")
    read_until(ours, "(?s)got hello.*set")
    if t.finish(process).status != 0:
        raise Failed("status")
    process, ours = on_terminal(t, "20", "sh", "-c", "trap 'echo caught; exit 8' INT; echo go; read line; sleep 5")
    read_until(ours, "go")
    time.sleep(0.3)
    os.write(ours, b"\x03")
    read_until(ours, "caught")
    if t.finish(process).status != 8:
        raise Failed("the command's own end")


@case()
def terminal_background_11(t):
    """No terminal to give: the stop is told at the limit, nothing hangs."""
    process, ours = on_terminal(t, "20", "setsid", "--wait", "sh", "-c", "read line; echo status $?")
    os.write(ours, b"x\n")
    read_until(ours, "status")
    t.finish(process)
    check_left(t, 0)


@case()
def terminal_interrupt(t):
    """Ctrl-C on the terminal comes to us first: a look, then the command hears it."""
    process, ours = on_terminal(t, "20", "sh", "-c", "trap 'echo caught; exit 8' INT; echo go; sleep 20")
    read_until(ours, "go")
    time.sleep(0.2)
    os.write(ours, b"\x03")
    read_until(ours, "(?s)(likely|unsure|proved).*caught", seconds=6)
    if t.finish(process).status != 8:
        raise Failed("the command's own end")
    check_left(t, 0)


@case()
def on_demand(t):
    """USR1 and QUIT: a report, and it goes on."""
    for number in (signal.SIGUSR1, signal.SIGQUIT):
        process = started(t, "-w", "0.5", "60", "sh", "-c", ready(t) + "sleep 2; exit 3")
        process.send_signal(number)
        result = one_report(t.finish(process))
        if result.status != 3:
            raise Failed(str(result))
        os.unlink(os.path.join(t.dir, "ready"))


@case()
def first_process(t):
    """As pid 1 it reaps, passes TERM on, and tells by USR1 what it sees."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    tool = os.path.join(t.options.tools, "wedgerun")
    line = f"(sleep 0.1 &) ; (sleep 0.2 &) ; trap 'exit 7' TERM; {ready(t)} while :; do sleep 0.05; done"
    process = t.begin("--pid", "--fork", "--mount-proc", tool, "-w", "0.5", "0", "sh", "-c", line,
                      tool="../../../../../../../../usr/bin/unshare", env={"XDG_RUNTIME_DIR": home(t)})
    await_file(os.path.join(t.dir, "ready"))
    time.sleep(0.5)
    first = facts.children(process.pid)[0]
    zombies = [pid for pid in facts.children(first) if facts.stat(pid)["state"] == "Z"]
    os.kill(first, signal.SIGUSR1)
    time.sleep(1.5)
    os.kill(first, signal.SIGTERM)
    result = t.finish(process)
    if result.status != 7 or zombies:
        raise Failed(f"{result}, zombies {zombies}")
    if reports(result) < 1:
        raise Failed(f"no report: {result.err}")


@case()
def stall_is_told(t):
    """--stall: nothing moves for so long: told once, and it goes on."""
    result = run(t, "--stall", "1", "-w", "0.5", "30", "sleep", "4", status=0)
    one_report(says(result, r"sleep\[\d+\]: nothing moved for 1 s"))


@case()
def stall_kills(t):
    """--kill-stalled ends it long before the limit."""
    result = fast(run(t, "--stall", "1", "--kill-stalled", *QUICK, "600", "sleep", "300", status=HUNG), 8)
    one_report(says(result, r"sleep\[\d+\] nothing moved for 1 s"))


@case()
def slow_but_moving_36(t):
    """Output, bytes, children now and then, or CPU: no stall."""
    for line in ("for i in 1 2 3 4 5 6; do sleep 0.4; echo a line of output as tests print them, perhaps; done",
                 "end=$(($(date +%s) + 3)); while [ $(date +%s) -lt $end ]; do :; done"):
        result = run(t, "--stall", "1.2", "--kill-stalled", "30", "sh", "-c", line, status=0)
        if reports(result):
            raise Failed(str(result))
