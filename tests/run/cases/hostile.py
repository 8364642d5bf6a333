# SPDX-License-Identifier: MIT
"""Commands that mean wedgerun ill, and places that refuse."""
import os
import re
import signal
import sys
import time

from running.helper import HUNG, Failed, Skip, begin, check_left, fake_check, fast, home, living, one_report, run, says, script
from trouble.suite import case

QUICK = ("-k", "0.3", "-w", "0.5")
UNSHARE = "../../../../../../../../usr/bin/unshare"


def python(t, name, text):
    return [sys.executable, "-SE", script(t, name, text)]


@case()
def kills_the_triage(t):
    """The command kills every wedgecheck that it sees: no report, said so, and the end is on time."""
    fake = fake_check(t, body="time.sleep(0.3)")
    command = python(t, "killer.py", """
import os, time
while True:
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and b"fake-check" in open(f"/proc/{name}/cmdline", "rb").read() and os.getppid() == \\
                    int(open(f"/proc/{name}/stat").read().rpartition(")")[2].split()[1]):
                os.kill(int(name), 9)
        except OSError:
            pass
""")
    says(fast(run(t, *QUICK, "1", *command, status=HUNG, env={"WEDGECHECK": fake}), 5), "no report: wedgecheck was killed by signal 9")


@case()
def stops_wedgerun(t):
    """The command stops us: who lets us go on gets the whole end, with nobody left."""
    process = begin(t, *QUICK, "1", "sh", "-c", "kill -STOP $PPID; exec sleep 60")
    time.sleep(2)
    process.send_signal(signal.SIGCONT)
    if t.finish(process).status != HUNG:
        raise Failed("status")
    check_left(t, 0)


@case()
def two_thousand_children(t):
    """Two thousand children, that ignore TERM: all gone, and looked at before that."""
    code = "import os, signal, time\nsignal.signal(15, 1)\nfor i in range(2000):\n  if os.fork() == 0:\n    signal.alarm(120); signal.pause()\n" \
           "time.sleep(60)"
    result = run(t, "-k", "0.3", "-w", "0.5", "6", *python(t, "many.py", code.replace("\\\n", "\n")), status=HUNG, limit=60)
    return f"{result.seconds:.1f} s"


@case()
def changes_group(t):
    """It leaves its process group, and a child takes another: signals to the group reach nobody, ended all the same."""
    for code in ("import os,time; os.fork() or os.setpgid(0,0); time.sleep(60)",
                 "import os,time; os.setpgid(0, os.getppid() and os.getpgid(os.getppid())); time.sleep(60)",
                 "import os,time; os.fork() and os._exit(0) or os.setsid(); time.sleep(60)"):
        process = begin(t, *QUICK, "1", sys.executable, "-SEc", code)
        result = fast(t.finish(process), 8)
        if result.status not in (HUNG, 0):
            raise Failed(str(result))
        for pid in living(t):
            os.kill(pid, 9) # left behind, as said, after an exit of its own
        check_left(t, 0)


@case()
def traces_its_siblings(t):
    """One that traces and holds its brothers: all are ended."""
    command = python(t, "tracer.py", """
import ctypes, os, signal, time
libc = ctypes.CDLL(None, use_errno=True)
brothers = []
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        signal.alarm(120)
        signal.pause()
    brothers.append(pid)
for pid in brothers:
    if libc.ptrace(0x4206, pid, None, None) or libc.ptrace(0x4207, pid, None, None):
        os._exit(77)
signal.signal(15, 1)
time.sleep(60)
""")
    result = run(t, *QUICK, "1", *command)
    if result.status == 77:
        raise Skip("cannot trace here")
    if result.status != HUNG:
        raise Failed(str(result))
    fast(result, 8)


@case()
def closes_everything(t):
    """The command closes and duplicates its standard files: the report is there."""
    one_report(run(t, *QUICK, "1", "sh", "-c", "exec 0<&- 1>&- 2>&-; sleep 60", status=HUNG))
    one_report(run(t, *QUICK, "1", "sh", "-c", "exec 7>&2 8>&2 9>&2; sleep 60", status=HUNG))


@case()
def stderr_full(t):
    """Nobody reads our stderr, and its pipe is full, by the command: the end is on time all the same."""
    read, write = os.pipe()
    try:
        process = begin(t, *QUICK, "--triage=2", "1", "sh", "-c", "yes >&2", stderr=write)
        os.close(write)
        end = time.monotonic() + 9
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        if process.poll() is None:
            process.kill()
            process.wait()
            for pid in living(t):
                os.kill(pid, 9)
            raise Failed("waits for whoever reads stderr, for ever")
    finally:
        os.close(read)
    if process.returncode != HUNG:
        raise Failed(f"status {process.returncode}")
    check_left(t, 0)


@case()
def no_place_for_records(t):
    """A read-only runtime directory, and a full one: said, and the run goes on; with a report."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    for options, words in (("ro", "wedgereap will not know"), ("size=4k,nr_inodes=2", "")):
        place = os.path.join(t.dir, "place-" + options.partition("=")[0])
        os.mkdir(place, 0o700)
        line = f"mount -t tmpfs -o mode=700,{options} none {place} || exit 77; " \
               f"mount -t tmpfs -o {options} none /tmp; mkdir -p /run/user; mount -t tmpfs -o {options} none /run/user; " \
               f"export XDG_RUNTIME_DIR={place}; {os.path.join(t.options.tools, 'wedgerun')} {' '.join(QUICK)} 1 sleep 60; echo status $?"
        if t.dir.startswith("/tmp/"):
            line = line.replace(f"mount -t tmpfs -o {options} none /tmp; ", "")
        result = t.finish(t.begin("--mount", "sh", "-c", line, tool=UNSHARE))
        if result.status == 77:
            raise Skip("cannot mount")
        if result.out != "status 124\n":
            raise Failed(f"{options}: {result} {result.err}")
        one_report(result)
        if words and not re.search(words, result.err):
            return f"{options}: another place was found"
        check_left(t, 0)


@case()
def fills_the_disk(t):
    """The command fills the file system of records and reports while it runs: a report all the same."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    place = os.path.join(t.dir, "place")
    os.mkdir(place, 0o700)
    line = f"mount -t tmpfs -o mode=700,size=64k none {place} || exit 77; export XDG_RUNTIME_DIR={place}; " \
           f"{os.path.join(t.options.tools, 'wedgerun')} --report-dir={place}/reports {' '.join(QUICK)} 1 " \
           f"sh -c 'cat /dev/zero >{place}/fill 2>/dev/null; sleep 60'; echo status $?; ls {place} {place}/reports"
    result = t.finish(t.begin("--mount", "sh", "-c", line, tool=UNSHARE))
    if result.status == 77:
        raise Skip("cannot mount")
    if not result.out.startswith("status 124\n"):
        raise Failed(f"{result} {result.err}")
    one_report(result)
    if re.search(r"\.(json|txt|wedge|xml|new|tmp)", result.out) and "No space" not in result.err:
        raise Failed(f"{result} {result.out} {result.err}")
    check_left(t, 0)


@case()
def spoils_its_record(t):
    """The command takes our record away, writes nonsense into it, takes the directory away: the run ends as it should."""
    place = os.path.join(home(t), "wedgetools")
    for line in (f"rm {place}/*.run", f"echo nonsense >$(echo {place}/*.run)", f"rm -r {place}", f"rm -r {place}; echo x >{place}",
                 f"rm {place}/*.run; ln -s /nowhere {place}/$WEDGE_RUN_ID.run"):
        process = begin(t, *QUICK, "1", "sh", "-c", f"{line}; sleep 60")
        result = fast(one_report(t.finish(process)), 8)
        if result.status != HUNG:
            raise Failed(f"{line}: {result}")
        check_left(t, 0)
        os.system(f"rm -rf {place}")


@case()
def forges_its_environment(t):
    """Marks of runs that never were, of enormous size, of strange bytes: nothing of it is believed or shown."""
    for mark in ("../../../etc/passwd", "0123456789abcdeg", "x" * 100000, "\x1b[2J", "::error::", "0123456789abcdef"):
        result = one_report(run(t, *QUICK, "1", "sleep", "60", status=HUNG, env={"WEDGE_RUN_ID": mark, "WEDGE_ATTEMPT": mark}))
        if mark in result.err:
            raise Failed(mark)


@case()
def forges_a_busy_inner_run(t):
    """The command writes a record that says: I am looking, inside of yours.  Ended in time all the same."""
    place = os.path.join(home(t), "wedgetools")
    command = python(t, "forge.py", f"""
import fcntl, glob, os, struct, time
own = glob.glob({place!r} + "/*.run")[0]
text = open(own).read().replace("phase running", "phase triage")
identity = os.environ["WEDGE_RUN_ID"]
text = text.replace("run " + identity, "run 00000000000000aa").replace("outer -", "outer " + identity)
fd = os.open({place!r} + "/00000000000000aa.run", os.O_RDWR | os.O_CREAT, 0o600)
os.write(fd, text.encode())
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
time.sleep(60)
""")
    process = begin(t, *QUICK, "--triage=2", "1", *command)
    result = fast(t.finish(process), 8)
    if result.status != HUNG:
        raise Failed(str(result))
    check_left(t, 0)
    return "with a report" if "IDLE-WEDGE" in result.err else "without a report"


@case()
def respawns_into_sessions(t):
    """Each forks away into a session of its own, again and again: nobody is left, three times."""
    command = python(t, "away.py", """
import os, signal, time
signal.signal(15, 1)
for _ in range(20):
    if os.fork() == 0:
        signal.alarm(120)
        while True:
            time.sleep(0.005)
            if os.fork():
                os._exit(0)
            os.setsid()
            signal.alarm(120)
time.sleep(60)
""")
    for _ in range(3):
        fast(run(t, *QUICK, "0.8", *command, status=HUNG), 9)
