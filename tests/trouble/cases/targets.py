# SPDX-License-Identifier: MIT
"""Targets that are odd, hostile, or on the move."""
import ctypes
import json
import os
import signal
import sys
import time

from trouble import facts
from trouble.stage import Failed, Skip
from trouble.suite import case

# Not "starved": that may be so, when the machine is busy.
WEDGES = ("stuck-ipc", "deadlock", "idle-wedge", "blocked-io", "stopped", "cpu-spin")
HOSTILE_NAMES = (b") R 1", b") Z 1 2 3 4\n5", b"a\nb\n::error::", b"\x1b[2J\x1b]0;x\x07", b"\xff\xfe\x80", b"\xe2\x80\xaeevil", b"(((((", b"%s%n%d{pid}",
                 b"\\x0a\\", b" ", b"\r\t\b\x7f", b'"},{"x":"', b"")


def process(report, pid):
    for each in report["processes"]:
        if each["pid"] == pid:
            return each
    raise Failed(f"{pid} is not in the report")


def not_wedged(report, surely=True):
    """Nothing is called wedged; or nothing surely."""
    for finding in report["findings"]:
        if finding["class"] in WEDGES and (surely or finding["certainty"] != "unsure"):
            raise Failed(f"{finding['class']} {finding['cause']} {finding['certainty']} of a healthy target: {finding['summary']}")


@case()
def kernel_thread(t):
    """kthreadd: no memory, no descriptors, not wedged."""
    if facts.comm(2) != "kthreadd":
        raise Skip("pid 2 is no kernel thread here")
    not_wedged(t.report("-w0.2", "2"), surely=False)


@case()
def zombie(t):
    """Nothing is left of it but its exit status."""
    parent, pids = t.spawn(os.path.join(t.options.programs, "odd"), "zombie")
    report = t.report("-w0.2", str(pids[1]))
    if process(report, pids[1])["state"] != "Z":
        raise Failed(f"state {process(report, pids[1])['state']}")
    if any("denied" == gap["error"] for gap in report["gaps"]):
        raise Failed(f"a zombie denies nothing: {report['gaps']}")
    t.watch(parent.pid)
    process(t.report("-w0.2", str(parent.pid)), pids[1])


STARTER = """import os, subprocess, sys, threading
def look():
    sys.exit(subprocess.run([*sys.argv[2:], str(os.getpid())]).returncode)
threading.Thread(target=threading.Event().wait, daemon=True).start()
if sys.argv[1] == "first":
    look()
threads = [threading.Thread(target=look)]
threads[0].start()
threads[0].join()
"""


@case()
def started_by_a_thread(t):
    """The thread that waits for wedgecheck is no part of what was there; a first thread stays."""
    python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
    for which, shell in (("other", ()), ("first", ()), ("other", ("sh", "-c", '"$0" "$@"; exit $?'))):
        found = t.report("-w0.2", wrap=(python, "-SEc", STARTER, which, *shell))
        starter = max(found["processes"], key=lambda each: len(each["threads"]))
        if found["targets"] != [starter["pid"]] or len(starter["threads"]) != 2:
            raise Failed(f"{which} {shell}: {len(starter['threads'])} threads of {starter['comm']}, want the first and one more")


@case(quick=True)
def stays_until_its_input_ends(t):
    """--stay: the report is whole and its output closed, and the process is there."""
    out, word = os.pipe()
    hold, end = os.pipe()
    process = t.begin("-w0", "--stay", "--json", str(os.getpid()), stdin=hold, stdout=word, stderr=word)
    os.close(word)
    os.close(hold)
    with os.fdopen(out, "rb") as pipe:
        json.loads(pipe.read())
    if process.poll() is not None:
        raise Failed("it did not stay")
    os.close(end)
    if t.finish(process).status not in (0, 1, 3):
        raise Failed(str(process.returncode))


@case()
def itself(t):
    """wedgecheck looks at itself: it is at work."""
    for wrap in (("sh", "-c", 'exec "$0" "$@" $$'), ("sh", "-c", '"$0" "$@" $$; exit $?')):
        result = t.look("-w0.2", "--format=class", wrap=wrap)
        if result.status not in (0, 3) or result.err or result.out.strip() not in ("progressing", "idle", "unknown"):
            raise Failed(str(result))
    t.report("-w0.2", "1", "1", limit=60)


@case()
def named_twice(t):
    """The same process several times is one target."""
    pid = t.odd("waits")
    report = t.report("-w0.2", str(pid), str(pid), "0" + str(pid))
    if report["targets"] != [pid]:
        raise Failed(f"targets {report['targets']}")


@case()
def strangers(t):
    """Another user's process, looked at by an ordinary user: gaps with a remedy, no guess."""
    if os.geteuid():
        raise Skip("needs root to be somebody else")
    pid = t.odd("waits")
    viewer = (os.path.join(t.options.zoo, "viewer"), "user", "--")
    report = t.report("-w0.2", str(pid), wrap=viewer)
    t.gap(report, "state", "denied", "sudo wedgecheck")
    t.gap(report, "fds", "denied", "sudo wedgecheck")
    if any(finding["certainty"] == "proved" for finding in report["findings"]):
        raise Failed("proved without sight")
    for tool in ("wedgetree", "wedgestate", "wedgesock"):
        result = t.look("-w0.2", str(pid), tool=tool, wrap=viewer)
        if result.status not in (0, 3) or result.err:
            raise Failed(str(result))


@case()
def ends_in_the_window(t):
    """It ended by itself: not wedged, status 0."""
    pid = t.odd("leaves", "700", watched=False)
    report = t.report("-w1.5", str(pid), statuses=(0,))
    not_wedged(report)


@case()
def forks_in_the_window(t):
    """Children come and go under our eyes."""
    not_wedged(t.report("-w0.5", str(t.odd("forks", watched=False))), surely=False)


@case()
def execs_in_the_window(t):
    """Another program every 20 ms."""
    not_wedged(t.report("-w0.5", str(t.odd("execs", "0", watched=False))), surely=False)


@case()
def killed_in_the_window(t):
    """SIGKILL from outside between the looks."""
    target, _ = t.spawn(os.path.join(t.options.programs, "odd"), "waits")
    looking = t.begin("-w1", "--json", str(target.pid))
    time.sleep(0.5)
    target.kill()
    target.wait()
    t.spared.discard(target.pid)
    result = t.finish(looking)
    if result.status not in (0, 2, 3) or len(result.err.splitlines()) > 1:
        raise Failed(str(result))
    t.check_nothing_left()


@case(limit=90.0)
def ten_thousand_children(t):
    """Everything inside 8 s of work and the window."""
    t.odd("crowd", "10000", watched=False)
    pid = str(sorted(t.spared)[0])
    result = t.look("-w0.2", pid, limit=60)
    if result.status not in (0, 1, 3) or result.err:
        raise Failed(str(result))
    if result.seconds > 9 and os.getloadavg()[0] < os.cpu_count():
        raise Failed(f"{result.seconds:.1f} s")
    t.clean(result.out)
    return f"{result.seconds:.1f} s"


@case()
def hostile_names(t):
    """comm with brackets, newlines, escapes, no UTF-8: taken for what it is, shown clean."""
    for name in HOSTILE_NAMES:
        pid = t.odd("named", name.hex())
        report = t.report("-w0", str(pid))
        if process(report, pid)["state"] != "S":
            raise Failed(f"{name!r}: state {process(report, pid)['state']}")
        t.clean(report["result"].out)
        for tool in ("wedgecheck", "wedgetree", "wedgestate"):
            result = t.look("-w0", str(pid), tool=tool)
            if result.status == 2 or result.err:
                raise Failed(str(result))
            t.clean(result.out)
            if any(line.lstrip().startswith("::") for line in result.out.splitlines()):
                raise Failed(f"a line that a CI runner obeys: {result.out!r}")


@case()
def hostile_arguments(t):
    """2 MB of arguments; arguments with escapes, newlines and secrets."""
    odd = os.path.join(t.options.programs, "odd")
    try:
        big, _ = t.spawn(odd, "waits", *["x" * 100000] * 19)
    except OSError as why:
        raise Skip(str(why)) from None
    t.watch(big.pid)
    result = t.look("-w0", "--json", str(big.pid))
    if result.status == 2 or len(result.out) > 300000:
        raise Failed(f"status {result.status}, {len(result.out)} bytes")
    bad, _ = t.spawn(odd.encode(), b"waits", b"\x1b[31m\n::error::boo", b"\xff\xfe", b"--password=hunter2", b"--token", b"hunter2",
                     b"http://me:hunter2@host/", "\u202e\u2028".encode(), b"")
    t.watch(bad.pid)
    for words in (("--json",), ("-v",)):
        result = t.look("-w0", *words, str(bad.pid))
        t.clean(result.out)
        if result.status == 2 or "hunter2" in result.out or "\n::error" in result.out:
            raise Failed(str(result))


@case()
def rewrites_its_arguments(t):
    """They change while they are read."""
    pid = t.odd("retitles", "x" * 60000, "y" * 60000, "z" * 60000)
    for words in (("--json",), ("-v",), ("--match=^zz*$",)):
        result = t.look("-w0.2", *words, *(() if "match" in words[0] else (str(pid),)))
        if result.status == 2 and "match" not in words[0]:
            raise Failed(str(result))
        t.clean(result.out)


@case(limit=60.0)
def many_descriptors(t):
    """65,000 descriptors, or as many as it may have."""
    pid = t.odd("holds", "65000")
    count = facts.fd_count(pid)
    result = t.look("-w0.2", str(pid), limit=40)
    if result.status not in (0, 1, 3) or result.err:
        raise Failed(str(result))
    return f"{count} descriptors, {result.seconds:.1f} s"


@case()
def hostile_socket_name(t):
    """A unix socket's name with escapes, NULs, newlines, no UTF-8."""
    for name in (b"\0abc\0\x1b[2J\n::error::\xff" + os.getpid().to_bytes(4, "little"),
                 b"\0" + b"\n" * 107, b"\0" + "\u202e".encode() * 30):
        pid = t.odd("listens", name.hex())
        for tool in ("wedgecheck", "wedgesock", "wedgestate"):
            for form in ("text", "json"):
                result = t.look("-w0", "-v", f"--format={form}", str(pid), tool=tool)
                if result.status == 2 or result.err or "\n::error" in result.out:
                    raise Failed(str(result))
                t.clean(result.out)


@case()
def hostile_cgroup(t):
    """A control group's name with escapes and no UTF-8 (the kernel refuses a newline)."""
    top = next((top for top in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup", "/sys/fs/cgroup/freezer")
                if os.path.exists(top + "/cgroup.procs") and os.access(top, os.W_OK)), None)
    if top is None or os.geteuid():
        raise Skip("no control group to make another in")
    path = top.encode() + b"/wedge \x1b[2J ::error:: \xff\\x0a%s " + str(os.getpid()).encode()
    pid = t.odd("waits")
    os.mkdir(path)
    try:
        with open(path + b"/cgroup.procs", "w") as file:
            file.write(str(pid))
        for words in (("--json",), ("-v",)):
            result = t.look("-w0", *words, str(pid))
            if result.status == 2 or result.err:
                raise Failed(str(result))
            t.clean(result.out)
        named = t.look("-w0", "--json", b"--cgroup=" + path[len(top):])
        if named.status == 2:
            raise Failed(str(named))
    finally:
        with open(top + "/cgroup.procs", "w") as file:
            file.write(str(pid))
        os.rmdir(path)


@case()
def match_never_means_us(t):
    """--match of our own words: neither the tool nor its ancestors."""
    word = f"trouble-match-{os.getpid()}"
    t.refused(t.look("-w0", f"--match={word}", wrap=("sh", "-c", f'"$0" "$@"; exit $? # {word}')), "no process matches")


@case()
def stopped_stays_stopped(t):
    """A job-stopped target is named, and left as it is."""
    pid = t.odd("waits", watched=False)
    os.kill(pid, signal.SIGSTOP)
    while facts.stat(pid)["state"] != "T":
        time.sleep(0.01)
    t.watch(pid)
    report = t.report("-w0.2", str(pid), statuses=(1,))
    if report["verdict"]["class"] != "stopped":
        raise Failed(report["verdict"]["class"])
