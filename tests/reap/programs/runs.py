#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
Records of runs, dead and alive: runs.py WEDGEREAP DIR CASE, as pid 1 of a pid namespace of its own with a /tmp and
a /run that nobody else sees.  Exit 0, or 1 with what was wrong.
"""
import fcntl
import json
import os
import struct
import subprocess
import sys
import time

F_OFD_SETLK = 37
RUN, OTHER = "0123456789abcdef", "fedcba9876543210"


class Wrong(Exception):
    pass


def same(what, have, want):
    if have != want:
        raise Wrong(f"{what}: {have}, wanted {want}")


def ticks(pid):
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])


def lives(process):
    return process.poll() is None


class House:
    def __init__(self, tool, directory):
        self.tool = tool
        self.home = os.path.join(directory, "home")
        self.state = os.path.join(self.home, "wedgetools")
        os.makedirs(self.state, 0o700)
        os.chmod(self.home, 0o700)
        self.dead = subprocess.Popen(["/bin/true"])
        self.dead_ticks = ticks(self.dead.pid)
        self.dead.wait()

    def record(self, run=RUN, pid=None, start=None, leader=0, leader_ticks=0, session=0, group=0, boot=None, space=None,
               lock=False, text=None):
        """As wedgerun writes it; locked: its descriptor."""
        here = open("/proc/sys/kernel/random/boot_id", encoding="ascii").read().strip()
        now = int(time.time() * 1000)
        rows = (("run", run), ("outer", "-"), ("boot_id", boot or here),
                ("pid_namespace", os.stat("/proc/self/ns/pid").st_ino if space is None else space),
                ("pid", pid or self.dead.pid), ("start_ticks", self.dead_ticks if start is None else start),
                ("leader", leader), ("leader_start_ticks", leader_ticks), ("session", session), ("group", group),
                ("started_ms", now), ("deadline_ms", 0), ("attempt", 1), ("phase", "running"), ("command", "make"))
        if text is None:
            text = "wedgerun 1\n" + "".join(f"{name} {value}\n" for name, value in rows) + "end\n"
        fd = os.open(os.path.join(self.state, run + ".run"), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(fd, text.encode())
        if lock:
            fcntl.fcntl(fd, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
            return fd
        os.close(fd)
        return None

    def records(self):
        return sorted(os.listdir(self.state))

    def start(self, command="exec sleep 60", env=None, **options):
        return subprocess.Popen(["/bin/sh", "-c", command], env={"PATH": os.environ["PATH"], **(env or {})},
                                stdin=subprocess.DEVNULL, **options)

    def reap(self, *words, status=0, env=None, wrap=()):
        result = subprocess.run([*wrap, self.tool, "--json", *words], capture_output=True, timeout=20, check=False,
                                stdin=subprocess.DEVNULL,
                                env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": self.home, **(env or {})})
        if result.returncode != status or result.stderr:
            raise Wrong(f"{words}: status {result.returncode}, {result.stdout!r} {result.stderr!r}")
        found = json.loads(result.stdout)
        found["pids"] = {process["pid"] for process in found["processes"]}
        found["alone"] = {process["pid"]: process["why"] for process in found["left_alone"]}
        return found


def dead_run(house):
    """By its id, by its group, by its leader; who was there before is not meant."""
    bystander = house.start()
    leader = house.start("sleep 60 & env -i sleep 60 & wait", start_new_session=True, env={"WEDGE_RUN_ID": RUN})
    elsewhere = house.start(env={"WEDGE_RUN_ID": RUN}, start_new_session=True)
    time.sleep(0.1)
    os.kill(leader.pid, 9)
    leader.wait()
    house.record(leader=leader.pid, leader_ticks=0, session=leader.pid, group=leader.pid)
    found = house.reap()
    if elsewhere.pid not in found["pids"] or bystander.pid in found["pids"] or len(found["pids"]) != 3:
        raise Wrong(f"found {found['pids']}")
    same("evidence", sorted({each["evidence"] for process in found["processes"] for each in process["reasons"]}),
         ["run", "run-id"])
    same("record", house.records(), [RUN + ".run"])
    house.reap("--kill")
    same("record", house.records(), [])
    same("elsewhere", lives(elsewhere), False)
    same("bystander", lives(bystander), True)
    same("again", house.reap("--kill")["found"], 0)


def hidden_run(house):
    """Nobody's run, and with hidepid=2 nobody may see it: it is named, and its record stays until root has ended it."""
    who = 65534
    mount = subprocess.run(["mount", "-t", "proc", "-o", "hidepid=2", "proc", "/proc"], stderr=subprocess.DEVNULL, check=False)
    if mount.returncode:
        print("no hidepid here")
        sys.exit(77)
    for path in (os.path.dirname(house.home), house.home, house.state):
        os.chown(path, who, who)
    ready, told = os.pipe()
    hidden = os.fork()
    if hidden == 0: # who changes his user cannot be dumped, nor read, until he executes something
        os.setsid()
        os.setgroups([])
        os.setresgid(who, who, who)
        os.setresuid(who, who, who)
        os.write(told, b"x")
        time.sleep(60)
        os._exit(0)
    os.read(ready, 1)
    house.record(leader=hidden, leader_ticks=0, session=hidden, group=hidden)
    os.chown(os.path.join(house.state, RUN + ".run"), who, who)
    nobody = ("setpriv", f"--reuid={who}", f"--regid={who}", "--clear-groups")
    for words in ((), ("--kill",)):
        found = house.reap(*words, status=3, wrap=nobody)
        same("found", found["pids"], set())
        same("notes", [RUN in note and "hides" in note for note in found["notes"]], [True])
    same("record", house.records(), [RUN + ".run"])
    same("hidden", os.waitpid(hidden, os.WNOHANG), (0, 0))
    os.kill(hidden, 9)
    os.waitpid(hidden, 0)
    same("found", house.reap("--kill", wrap=nobody)["pids"], set())
    same("record", house.records(), [])


def live_run(house):
    """The lock is held: what it started is left alone, whatever else speaks against it."""
    wedgerun = house.start("sleep 60 & exec sleep 61", env={"MARK": "x"})
    inside = house.start(env={"MARK": "x", "WEDGE_RUN_ID": RUN}, start_new_session=True)
    outside = house.start(env={"MARK": "x"})
    time.sleep(0.1)
    house.record(pid=wedgerun.pid, start=ticks(wedgerun.pid), lock=True)
    same("plain", house.reap("--kill")["found"], 0)
    found = house.reap("--marker=MARK=x", "--kill")
    same("found", found["pids"], {outside.pid})
    same("alone", {found["alone"][pid] for pid in (wedgerun.pid, inside.pid)}, {"live-run"})
    same("count", len(found["alone"]), 3)
    same("lives", (lives(wedgerun), lives(inside), lives(outside)), (True, True, False))
    same("record", house.records(), [RUN + ".run"])


def earlier_boot(house):
    """Its pids are those of others now: nobody is touched, the record goes away."""
    bystander = house.start(env={"WEDGE_RUN_ID": RUN}, start_new_session=True)
    house.record(boot="01234567-89ab-cdef-0123-456789abcdef", leader=bystander.pid, leader_ticks=ticks(bystander.pid),
                 session=bystander.pid, group=bystander.pid)
    same("dry", house.reap()["found"], 0)
    same("kept", house.records(), [RUN + ".run"])
    same("found", house.reap("--kill")["found"], 0)
    same("bystander", lives(bystander), True)
    same("record", house.records(), [])


def other_namespace(house):
    """Pids of another pid namespace mean nothing here."""
    bystander = house.start(start_new_session=True)
    house.record(space=4026531836 + 77, leader=bystander.pid, leader_ticks=ticks(bystander.pid), group=bystander.pid)
    same("found", house.reap("--kill")["found"], 0)
    same("bystander", lives(bystander), True)
    same("record", house.records(), [RUN + ".run"])


def hostile_records(house):
    """Corrupt, cut, a link, a FIFO: a note each, and the good one beside them counts."""
    left = house.start(env={"WEDGE_RUN_ID": RUN}, start_new_session=True)
    house.record()
    house.record(run="1" * 16, text="wedgerun 1\nrun ../../etc\n")
    house.record(run="2" * 16, text="")
    house.record(run="3" * 16, text="x" * 10000)
    house.record(run="4" * 16, pid=1)
    os.symlink("/etc/passwd", os.path.join(house.state, "5" * 16 + ".run"))
    os.mkfifo(os.path.join(house.state, "6" * 16 + ".run"), 0o600)
    house.record(run="7" * 16, text="wedgerun 1\nrun " + OTHER + "\n")
    found = house.reap("--kill")
    same("found", found["pids"], {left.pid})
    if len(found["notes"]) < 5:
        raise Wrong(f"notes: {found['notes']}")
    same("passwd", os.path.exists("/etc/passwd"), True)


def link_of_another(house):
    """A state directory that is a link, or open to others, is not used."""
    left = house.start(env={"WEDGE_RUN_ID": RUN}, start_new_session=True)
    house.record()
    os.rename(house.state, house.home + "/elsewhere")
    os.symlink(house.home + "/elsewhere", house.state)
    found = house.reap("--kill")
    same("found", (found["found"], lives(left)), (0, True))
    if not any("not used" in note for note in found["notes"]):
        raise Wrong(f"notes: {found['notes']}")
    os.unlink(house.state)
    os.rename(house.home + "/elsewhere", house.state)
    os.chmod(house.state, 0o777)
    same("found", house.reap("--kill")["found"], 0)


def two_at_once(house):
    """A dead run is cleaned up by one; the other leaves it to him."""
    left = house.start("trap '' TERM; while :; do sleep 1; done", env={"WEDGE_RUN_ID": RUN}, start_new_session=True)
    house.record()
    time.sleep(0.1)
    first = subprocess.Popen([house.tool, "--kill", "--grace=1"], env={"XDG_RUNTIME_DIR": house.home}, stdout=subprocess.DEVNULL)
    time.sleep(0.4)
    found = house.reap("--kill")
    same("second", found["found"], 0)
    same("first", first.wait(10), 0)
    same("left", lives(left), False)


def siblings_of_the_caller(house):
    """The session that a run was started in is its caller's: others in it are no siblings of what it left."""
    reading, writing = os.pipe()
    shell = subprocess.Popen(["/bin/sh", "-c", "nohup sleep 60 >/dev/null 2>&1 & echo $!; "
                              f"WEDGE_RUN_ID={RUN} sleep 61 >/dev/null & echo $!"], stdout=writing,
                             stdin=subprocess.DEVNULL, start_new_session=True)
    os.close(writing)
    shell.wait()
    with os.fdopen(reading) as pipe:
        wanted, left = (int(line) for line in pipe.read().split())
    house.record(leader=left, leader_ticks=ticks(left), session=shell.pid, group=shell.pid)
    same("found", house.reap("--kill")["pids"], {left})
    ticks(wanted)


def wedgerun_itself(house):
    """The real one, killed: what it started is found by its record, ended, and the record goes."""
    wedgerun = os.path.join(os.path.dirname(house.tool), "wedgerun")
    running = subprocess.Popen([wedgerun, "60", "/bin/sh", "-c", "setsid sleep 60 & env -i setsid sleep 61 & sleep 62; true"],
                               env={"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": house.home}, stdin=subprocess.DEVNULL)
    end = time.monotonic() + 5
    while len(house.reap("--marker=XDG_RUNTIME_DIR=" + house.home)["alone"]) < 4 and time.monotonic() < end:
        time.sleep(0.05)
    same("alive", house.reap("--kill")["found"], 0)
    same("record", len(house.records()), 1)
    running.kill()
    running.wait()
    found = house.reap("--kill", "--grace=1")
    if len(found["pids"]) < 3:
        raise Wrong(f"found {found['processes']}")
    same("record", house.records(), [])
    same("left", [name for name in os.listdir("/proc") if name.isdigit() and sleeps(name)], [])


def sleeps(pid):
    """One of the sleeps, and no zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return "(sleep) " in (text := file.read()) and "(sleep) Z" not in text
    except OSError:
        return False


CASES = {function.__name__: function for function in (
    dead_run, hidden_run, live_run, earlier_boot, other_namespace, hostile_records, link_of_another, two_at_once, siblings_of_the_caller,
    wedgerun_itself)}


def main():
    tool, directory, name = sys.argv[1:]
    for place in ("/tmp", "/run"):
        if subprocess.run(["mount", "-t", "tmpfs", "none", place], check=False, stderr=subprocess.DEVNULL).returncode:
            print("no file system of our own to be had")
            return 77
    os.makedirs(directory, exist_ok=True)
    try:
        CASES[name](House(tool, directory))
    except Wrong as why:
        print(why)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
