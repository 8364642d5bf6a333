# SPDX-License-Identifier: MIT
"""What says that a process was left behind, and what does not."""
import os
import re
import socket
import sys
import time

from reaping.left import alive, gone, holds, leave, marker, reap, reasons, same
from trouble.stage import Failed, Skip
from trouble.suite import case


@case(quick=True)
def case_50_empty_marker_matches_nothing(t):
    """50: an empty value, an empty name, an unset name: refused, nobody is matched."""
    for words, pattern in ((("--marker=X=",), "empty name or value"), (("--marker==x",), "empty name or value"),
                           (("--marker=",), "not set"), (("--marker=WEDGE_TEST_NOT_SET",), "not set")):
        t.refused(t.look("--kill", *words, tool="wedgereap"), pattern)
    t.refused(t.look("--kill", "--marker=WEDGE_TEST_EMPTY", tool="wedgereap", env={"WEDGE_TEST_EMPTY": ""}), "not set")


@case(quick=True)
def usage(t):
    """Bad words: one line, status 2."""
    for words, pattern in ((("--match=python",), "a name alone is no evidence"), (("--port=0",), "not a port"),
                           (("--port=65536",), "not a port"), (("--older=5x", "--runs"), "not an age"),
                           (("--older=", "--runs"), "not an age"), (("--grace=-1",), "not a number"),
                           (("--match=(", "--runs"), "match"), (("--match=", "--runs"), "empty expression"),
                           (("--cgroup=x",), "not the path"), (("--cgroup=/",), "everybody"), (("--session=0",), "not the id"),
                           (("--nonsense",), "unknown"), (("-x",), "unknown"), (("1234",), "name what left it"),
                           (("--format=xml",), "text or json"), (("--port",), "missing")):
        t.refused(t.look(*words, tool="wedgereap"), pattern)


@case(quick=True)
def nothing_to_do(t):
    """Exit 0, with --kill and with --exit-code, too: wedgereap --kill && make test."""
    for words in ((), ("--kill",), ("--exit-code",), ("--kill", "--exit-code")):
        result = t.look(f"--marker={marker(t)}", *words, tool="wedgereap")
        if result.status or result.out != "nothing left behind\n" or result.err:
            raise Failed(str(result))


@case()
def marker_finds_all_that_inherited_it(t):
    """A tree with a marker, its orphans too; who merely shares a prefix is not meant."""
    first, second, third = leave(t, "--orphan", "tree", "2")
    other, = leave(t, "waits", env={"WEDGE_TEST_REAP": marker(t).partition("=")[2] + "x"}, mark=False)
    found = reap(t, f"--marker={marker(t)}")
    same("found", found["pids"], {first, second, third})
    same("reasons", reasons(found, first), {"marker"})
    same("exit", reap(t, f"--marker={marker(t)}", "--exit-code", status=1)["found"], 3)
    alive(first, second, third)
    killed = reap(t, f"--marker={marker(t)}", "--kill")
    same("killed", {process["fate"] for process in killed["processes"]}, {"ended"})
    gone(first, second, third)
    alive(other)


@case()
def children_without_the_marker(t):
    """env -i loses the marker: children belong to their parent all the same."""
    first, second = leave(t, "tree", "1")
    found = reap(t, f"--marker={marker(t)}")
    same("reasons", reasons(found, second) & {"marker", "child"}, {"marker"})
    same("found", found["pids"], {first, second})


@case()
def dead_session(t):
    """Its session's leader is dead: by --session, and by --orphans; not while the leader lives."""
    pid, = leave(t, "--session", "--orphan", "waits")
    session = os.getsid(pid)
    if session == pid:
        raise Failed("it leads its session itself")
    found = reap(t, f"--session={session}")
    same("found", found["pids"], {pid})
    same("reasons", reasons(found, pid), {"dead-session", "dead-group"})
    if pid not in reap(t, "--orphans")["pids"]:
        raise Failed("--orphans does not see it")
    living, = leave(t, "--session", "waits")
    same("of a living leader", reap(t, f"--session={living}")["pids"], set())
    reap(t, f"--session={session}", "--kill")
    gone(pid)
    alive(living)


@case()
def our_own_session_says_nothing(t):
    """A dead leader of the session that wedgereap itself is in is no evidence; to others it is."""
    within = (sys.executable, "-S", "-E", os.path.join(t.options.programs, "within.py"))
    result = t.look("--session=SESSION", "--kill", tool="wedgereap", wrap=within)
    same("from within", (result.status, result.out), (0, "nothing left behind\n"))
    result = t.look("--session=SESSION", "--kill", tool="wedgereap", wrap=(*within, "--outside"))
    if result.status or not re.match("1 process left behind, removed", result.out):
        raise Failed(f"from outside: {result}\n{result.out}")


@case()
def siblings_of_an_orphan(t):
    """Found by its port, and with it who is in the same dead session."""
    pid, other, port = leave(t, "--session", "--orphan", "listens_beside", mark=False)
    found = reap(t, f"--port={port}")
    same("found", found["pids"], {pid, other})
    same("reasons", (reasons(found, pid), reasons(found, other)), ({"port"}, {"same-session"}))
    reap(t, f"--port={port}", "--kill")
    gone(pid, other)


@case()
def siblings_at_a_dead_port(t):
    """Two orphans connected to a controller that died: one is found by its marker, the other by that port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        one, = leave(t, "--session", "--orphan", "hangs_on", port)
        two, = leave(t, "--session", "--orphan", "hangs_on", port, mark=False)
        three, = leave(t, "--session", "--orphan", "waits", mark=False)
        taken = [listener.accept()[0] for _ in range(2)]
        same("while the controller lives", reap(t, f"--marker={marker(t)}")["pids"], {one})
        for each in taken:
            each.close()
    found = reap(t, f"--marker={marker(t)}")
    same("found", found["pids"], {one, two})
    same("reasons", reasons(found, two), {"same-dead-port"})
    reap(t, f"--marker={marker(t)}", "--kill")
    gone(one, two)
    alive(three)


@case()
def older_and_match_take_away(t):
    """--older and --match narrow what evidence found."""
    one, = leave(t, "waits")
    two, = leave(t, "named", b"reap-me".hex())
    mark = f"--marker={marker(t)}"
    same("both", reap(t, mark)["pids"], {one, two})
    same("match", reap(t, mark, "--match=^reap-me$")["pids"], {two})
    same("no match", reap(t, mark, "--match=nobody-is-called-this")["pids"], set())
    same("older", reap(t, mark, "--older=1h")["pids"], set())
    time.sleep(1.1)
    same("older than 1 s", reap(t, mark, "--older=1")["pids"], {one, two})


@case()
def control_group(t):
    """--cgroup: a group and those below it."""
    places = []
    with open("/proc/self/mounts", encoding="ascii", errors="replace") as mounts:
        for line in mounts:
            _, where, kind, options = line.split()[:4]
            if kind == "cgroup2" or (kind == "cgroup" and "freezer" in options.split(",")):
                places.append(where)
    path = os.path.join(places[0] if places else "/sys/fs/cgroup", f"reap-{os.getpid()}")
    try:
        os.mkdir(path)
    except OSError as why:
        raise Skip(f"no control group of our own: {why}") from None
    try:
        pid, = leave(t, "waits", mark=False)
        try:
            with open(path + "/cgroup.procs", "w", encoding="ascii") as file:
                file.write(str(pid))
        except OSError as why:
            raise Skip(f"no way into it: {why}") from None
        same("found", reap(t, f"--cgroup={path}")["pids"], {pid})
        reap(t, f"--cgroup={path}", "--kill")
        gone(pid)
        os.waitpid(pid, 0)
    finally:
        for _ in range(100):
            try:
                os.rmdir(path)
                break
            except OSError:
                time.sleep(0.02)


@case()
def what_it_holds(t):
    """Ports, locks, and the output of who called."""
    path = os.path.join(t.dir, "lock")
    t.files.add("lock")
    locker, = leave(t, "locks", path)
    found = reap(t, f"--marker={marker(t)}")
    same("lock", [hold["what"] for hold in holds(found, locker) if hold["kind"] == "lock"], [f"flock on {path}"])
    reading, writing = os.pipe()
    leave(t, "locks", os.path.join(t.dir, "out"), pass_fds=(writing,))
    result = t.finish(t.begin("--json", f"--marker={marker(t)}", tool="wedgereap", stdout=writing))
    os.close(writing)
    text = b""
    end = time.monotonic() + 5
    os.set_blocking(reading, False)
    while b'"notes"' not in text and time.monotonic() < end:
        try:
            text += os.read(reading, 65536)
        except BlockingIOError:
            time.sleep(0.01)
    os.close(reading)
    if b'"kind": "output"' not in text or b'"ours": true' not in text or result.status:
        raise Failed(f"nothing about our output: {text[:3000]}")


@case()
def hostile_names_31(t):
    """31: comm with brackets, newlines, no UTF-8, ::error: found, ended, shown clean."""
    for name in (b") R 1", b") Z 1 2 3 4\n5", b"a\nb\n::error::", b"\x1b[2J\x07", b"\xff\xfe\x80", b"(((((", b"%s%n{pid}"):
        pid, = leave(t, "named", name.hex())
        result = t.look(f"--marker={marker(t)}", "--kill", tool="wedgereap")
        if result.status or "1 process left behind, removed" not in result.out:
            raise Failed(f"{name!r}: {result}")
        t.clean(result.out)
        gone(pid)
        os.waitpid(pid, 0)


@case()
def dry_run_touches_nobody(t):
    """The default shows, and does nothing."""
    pids = leave(t, "--orphan", "--ignore-term", "tree", "3")
    for pid in pids:
        t.watch(pid)
    reap(t, f"--marker={marker(t)}")
    result = t.look(f"--marker={marker(t)}", tool="wedgereap")
    if "dry run" not in result.out or result.status:
        raise Failed(str(result))
