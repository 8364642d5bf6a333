# SPDX-License-Identifier: MIT
"""The same hang has the same signature, another hang another: programs built, moved and run again in other ways."""
import glob
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

from running.helper import HUNG, Failed, Skip, run
from trouble.suite import case

HERE = os.path.dirname(os.path.abspath(__file__))
FRESH = itertools.count()


def build(t, *flags, moved=0, name="hang"):
    """hang.c compiled in a directory of its own; moved: so many lines and a function more before each of its."""
    compiler = os.environ.get("CC", "cc").split()[0]
    if not shutil.which(compiler):
        raise Skip("needs a C compiler")
    place = os.path.join(t.dir, f"build-{next(FRESH)}")
    os.mkdir(place)
    with open(os.path.join(HERE, "..", "programs", "hang.c")) as file:
        pieces = file.read().split("/* MOVE */\n")
    text = pieces[0]
    for number, piece in enumerate(pieces[1:]):
        if moved:
            text += "\n" * moved + f"int added_{number}(int n);\nint added_{number}(int n) {{ return n + {moved}; }}\n"
        text += piece
    with open(os.path.join(place, f"{name}.c"), "w") as file:
        file.write(text)
    built = subprocess.run([compiler, "-std=gnu11", "-w", *flags, "-o", name, f"{name}.c"], cwd=place, stderr=subprocess.PIPE, text=True)
    if built.returncode:
        raise Failed(built.stderr)
    return os.path.join(place, name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def by_wedgecheck(t, *command, stop=False, **options):
    """As wedgecheck --json says of it."""
    process, _ = t.spawn(*map(str, command), **options)
    try:
        if stop:
            time.sleep(0.05)
            process.send_signal(signal.SIGSTOP)
        # What is asked with --overdue is what wedgerun says of it.
        result = t.finish(t.begin("--json", "--overdue", "-w", "0.7", str(process.pid)))
        return one(json.loads(result.out)["verdict"], result)
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def by_wedgerun(t, *command, **options):
    """As the outcome of a run says."""
    directory = f"reports-{next(FRESH)}"
    result = run(t, f"--report-dir={directory}", "-k", "0.3", "-w", "0.7", "1.5", *command, status=HUNG, **options)
    with open(glob.glob(os.path.join(t.dir, directory, "*-outcome.json"))[0]) as file:
        attempt = json.load(file)["attempts"][0]
    # The text says it, too.
    if not attempt["signature"] or result.err.count(attempt["signature"]) != 1:
        raise Failed(f"{attempt['signature']} in {result.err}")
    return one(attempt, result)


def one(finding, result):
    if not finding or not finding["signature"]:
        raise Failed(f"no signature: {result} {result.out[-2000:]} {result.err}")
    return finding["signature"], f"{finding['class']} {finding['cause']}"


def same(found):
    """found: what was different -> (signature, what it is called)."""
    if len(set(found.values())) != 1:
        raise Failed(f"want one signature, have {found}")
    return next(iter(found.values()))[0]


def different(found):
    if len({signature for signature, _ in found.values()}) != len(found):
        raise Failed(f"want as many signatures, have {found}")


@case(limit=90)
def same_hang_elsewhere_52(t):
    """Another pid, port, directory, other lines, rebuilt with and without debug information: the same."""
    plain = build(t)
    debug = build(t, "-g", moved=37)
    other = os.path.join(t.dir, "tmp-4711")
    os.mkdir(other)
    found = {"plain": by_wedgecheck(t, plain, "neglect", free_port()),
             "once more": by_wedgecheck(t, plain, "neglect", free_port()),
             "lines moved": by_wedgecheck(t, build(t, moved=5), "neglect", 0),
             "debug, lines moved, elsewhere": by_wedgecheck(t, debug, "neglect", 0, cwd=other),
             "at an address of its own": by_wedgecheck(t, build(t, "-no-pie", "-static", "-g"), "neglect", 0),
             "by wedgerun": by_wedgerun(t, plain, "neglect", free_port()),
             "by wedgerun, debug": by_wedgerun(t, debug, "neglect", free_port(), env={"TMPDIR": other})}
    return same(found)


@case(limit=90)
def inlined_or_not_52(t):
    """Where only debug information tells that a function was inlined: the same with it and without."""
    found = {}
    for flags in (("-O2",), ("-O2", "-g"), ("-O2", "-g1"), ("-O2", "-ggdb3")):
        found[flags] = by_wedgecheck(t, build(t, *flags, moved=len(flags)), "neglect", 0)
    found["by wedgerun"] = by_wedgerun(t, build(t, "-O2", "-g", moved=9), "neglect", 0)
    return same(found)


SLEEPER = """
import socket, subprocess, sys, time
{moved}
def backoff():
    time.sleep(1000000)
{moved}
if len(sys.argv) > 1:
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    connection.recv(1)
    backoff()
listener = socket.create_server(("127.0.0.1", 0))
server = subprocess.Popen([sys.executable, "-SE", __file__, str(listener.getsockname()[1])])
connection, _ = listener.accept()
connection.sendall(b"x" * 5000)
print("ready", flush=True)
connection.recv(1)
"""


def python_script(t, name, moved=0):
    place = os.path.join(t.dir, f"script-{next(FRESH)}")
    os.mkdir(place)
    path = os.path.join(place, name)
    with open(path, "w") as file:
        file.write(SLEEPER.format(moved="#\n" * moved))
    return path


@case(limit=60)
def same_python_52(t):
    """A script that was copied elsewhere and got more lines: the same, started by whatever name of its interpreter."""
    found = {"plain": by_wedgecheck(t, sys.executable, "-SE", python_script(t, "feed.py")),
             "moved": by_wedgecheck(t, sys.executable, "-SEu", python_script(t, "feed.py", moved=9)),
             "by wedgerun": by_wedgerun(t, sys.executable, "-SE", python_script(t, "feed.py", moved=2))}
    return same(found)


@case(limit=60)
def other_wedge_53(t):
    """Two wedges with the C library and their loop in common are two, and so are two scripts of one interpreter."""
    for flags in ((), ("-O2", "-g")):
        program = build(t, *flags)
        different({which: by_wedgecheck(t, program, "await", which) for which in ("config", "answer")})
    different({which: by_wedgerun(t, program, "await", which) for which in ("config", "answer")})
    different({name: by_wedgecheck(t, sys.executable, "-SE", python_script(t, name)) for name in ("feed.py", "pump.py")})


@case(limit=90)
def spin_54(t):
    """A loop that is met in another function each time is the same one."""
    plain, debug = build(t), build(t, "-O2", "-g", moved=11)
    found = {f"plain {i}": by_wedgecheck(t, plain, "spin") for i in range(3)}
    found.update({f"debug {i}": by_wedgecheck(t, debug, "spin") for i in range(2)})
    found["by wedgerun"] = by_wedgerun(t, plain, "spin")
    return same(found)


@case(limit=60)
def stopped_54(t):
    """Where it was when somebody stopped it is chance."""
    plain, debug = build(t), build(t, "-O2", "-g", moved=11)
    found = {i: by_wedgecheck(t, debug if i == 3 else plain, "spin", stop=True) for i in range(4)}
    return same(found)


@case(limit=90)
def victims_shuffled_55(t):
    """Who waits, how many of them, and who comes first does not matter."""
    program = build(t)
    found = {order: by_wedgecheck(t, program, "crowd", order) for order in ("prs", "srp", "rps", "p", "sssss")}
    found["by wedgerun"] = by_wedgerun(t, program, "crowd", "rsp")
    return same(found)
