# SPDX-License-Identifier: MIT
"""One scenario on stage: started, known by its roles, confined, and gone afterwards."""
import os
import pathlib
import signal
import subprocess
import time

from . import cgroups, facts

KEEPER_SECONDS = 25  # It needs at most its own 18.


class Interrupted(Exception):
    """The suite ends."""


class NotReady(Exception):
    """The scenario did not become what its row claims."""


class Stage:
    def __init__(self, suite, scenario):
        self.suite, self.scenario = suite, scenario
        self.dir = os.path.join(suite.place, scenario.name)
        os.mkdir(self.dir)
        os.chmod(self.dir, 0o777)
        self.hello = os.path.join(self.dir, "hello")
        self.undo = []              # Shell lines, run by the keeper before it ends all.
        self.roles = {}             # name -> (pid, tid or None, start ticks)
        self.keeper = self.group = None
        self.as_root = suite.root and scenario.root
        pathlib.Path(self.hello).touch()
        os.chmod(self.hello, 0o666)

    # ---- start ------------------------------------------------------------------

    def fill(self, words):
        known = (("{python}", self.suite.python), ("{programs}", self.suite.programs), ("{dir}", self.dir))
        filled = []
        for word in words:
            for name, value in known:
                word = word.replace(name, value)
            filled.append(word)
        return filled

    def start(self, argv=None):
        scenario = self.scenario
        if scenario.cgroup:
            self.group = cgroups.Group(scenario.cgroup, f"wedge-zoo-{os.getpid()}-{scenario.name}")
            self.undo.append(self.group.undo())
        if scenario.setup:
            scenario.setup(self)
        command = [os.path.join(self.suite.programs, "keeper"), "--hello", self.hello,
                   "--limit", str(self.suite.keep_seconds)]
        if self.suite.root and not self.as_root:
            command += ["--uid", str(self.suite.uid_of(scenario))]
        if scenario.alone and self.suite.root:
            command += ["--favour"]
        if scenario.cgroup == "memory":
            command += ["--enter", self.group.procs]
        if self.group:
            command += ["--remove", self.group.path]
        if any(self.undo):
            command += ["--undo", "".join(self.undo)]
        env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": self.dir,
               "TMPDIR": self.dir, "ZOO_HELLO": self.hello, "ZOO_DIR": self.dir, "ZOO_RUN": self.suite.mark,
               "ZOO_PYTHON": self.suite.python, "ZOO_PROGRAMS": self.suite.programs, "PYTHONDONTWRITEBYTECODE": "1",
               **scenario.env}
        with open(os.path.join(self.dir, "log"), "ab") as log:
            self.keeper = subprocess.Popen(
                command + ["--"] + self.fill(argv or scenario.start), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, cwd=self.dir, env=env, start_new_session=True)

    def read_roles(self):
        """Lines "role NAME PID [TID]"; a line still being written has no newline yet."""
        with open(self.hello) as file:
            for line in file:
                words = line.split()
                if not line.endswith("\n") or len(words) < 3 or words[0] != "role" or words[1] in self.roles:
                    continue
                pid = int(words[2])
                try:
                    start = facts.stat(pid)["start"]
                except OSError:
                    start = None
                self.roles[words[1]] = (pid, int(words[3]) if len(words) > 3 else None, start)

    def pid(self, role):
        return self.roles[role][0]

    def task(self, role):
        pid, tid, _ = self.roles[role]
        return pid, tid

    def privileged(self, look, otherwise):
        """look(), or otherwise where an ordinary user may not."""
        try:
            return look()
        except PermissionError:
            if self.suite.root:
                raise
            return otherwise

    def signal(self, role, number):
        """To that very process: identity is checked with the pidfd in hand."""
        pid, _, start = self.roles[role]
        fd = os.pidfd_open(pid)
        try:
            if facts.stat(pid)["start"] == start:
                signal.pidfd_send_signal(fd, number)
        finally:
            os.close(fd)

    # ---- truth ------------------------------------------------------------------

    def roles_first(self):
        """Those that after() may need."""
        return {*self.scenario.targets, *self.scenario.awaits}

    def roles_all(self):
        expect = self.scenario.expect
        return {*self.roles_first(), *expect.culprits, *expect.victims, *(role for _, role in expect.also)}

    def wait_roles(self, end, wanted):
        while True:
            self.read_roles()
            missing = [role for role in wanted if role not in self.roles]
            if not missing:
                return
            if self.suite.stopping.is_set():
                raise Interrupted
            if time.monotonic() > end or self.keeper.poll() is not None:
                raise NotReady(f"no word from {', '.join(missing)}{self.last_words()}")
            time.sleep(0.02)

    def untrue(self):
        """None when every check holds; else the first that does not, in words."""
        self.read_roles()
        for check in self.scenario.truth:
            seen = check(self)
            if seen:
                return seen
        return None

    def await_truth(self, seconds=None):
        """Until all checks hold at two readings in a row."""
        end = time.monotonic() + (seconds or self.scenario.settle)
        self.wait_roles(end, self.roles_first())
        if self.scenario.after:
            self.scenario.after(self)
        self.wait_roles(end, self.roles_all())
        good = 0
        while good < 2:
            seen = self.untrue()
            good = 0 if seen else good + 1
            if self.suite.stopping.is_set():
                raise Interrupted
            if time.monotonic() > end and seen:
                raise NotReady(f"{seen}{self.last_words()}")
            time.sleep(0.05)

    def last_words(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as log:
            lines = log.read().strip().splitlines()
        return f" (it said: {lines[-1][:160]})" if lines else ""

    # ---- end --------------------------------------------------------------------

    def stop(self):
        """Everything gone; None, or what is left."""
        left = None
        if self.keeper:
            if self.keeper.poll() is None:
                self.keeper.terminate()
            try:
                if self.keeper.wait(KEEPER_SECONDS):
                    left = f"{self.scenario.name}: its keeper ended with {self.keeper.returncode}{self.last_words()}"
            except subprocess.TimeoutExpired:
                left = f"{self.scenario.name}: its keeper {self.keeper.pid} does not end"
        if self.group:
            left = self.group.remove() or left
        return left
