# SPDX-License-Identifier: MIT
"""
A job: an environment with the runner's marker, steps as processes of their own, and the signals with which a runner ends a
step: to its direct child only.
"""
import os
import signal
import subprocess
import sys
import time

from trouble import facts
from trouble.stage import Failed, Skip

MARKERS = {"github": "RUNNER_TRACKING_ID", "gitlab": "CI_JOB_ID", "jenkins": "JENKINS_NODE_COOKIE", "plain": None}


def python():
    return "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable


def lives(pid):
    try:
        return facts.stat(pid)["state"] not in "ZX"
    except OSError:
        return False


class Job:
    def __init__(self, t, runner, **more):
        self.t, self.runner = t, runner
        self.dir = os.path.join(t.dir, "workspace")
        self.temp = os.path.join(t.dir, "temp")
        for place in (self.dir, self.temp, os.path.join(t.dir, "runtime")):
            os.makedirs(place, mode=0o700, exist_ok=True)
        self.ready = os.path.join(t.dir, "ready")
        options = t.options
        own = f"{os.path.basename(t.dir)}-{os.getpid()}"
        self.env = {
            "PATH": ":".join((options.programs, options.scripts, options.tools, os.environ.get("PATH", "/usr/bin:/bin"))),
            "HOME": self.temp, "TMPDIR": self.temp, "XDG_RUNTIME_DIR": os.path.join(t.dir, "runtime"), "CI": "true",
            "READY": self.ready, "PYTHON": python(),
            **{name: os.environ[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS") if name in os.environ},
        }
        if runner == "github":
            self.env.update(GITHUB_ACTIONS="true", RUNNER_TEMP=self.temp, GITHUB_JOB="unit",
                            RUNNER_TRACKING_ID=f"github_{own}", GITHUB_EVENT_PATH=self.file("event.json"))
        elif runner == "gitlab":
            self.env.update(GITLAB_CI="true", CI_JOB_ID=own, CI_JOB_NAME="unit")
        elif runner == "jenkins":
            self.env.update(JENKINS_URL="http://localhost/", JENKINS_NODE_COOKIE=own, BUILD_ID="7", BUILD_TAG=f"jenkins-{own}-7")
        self.env.update(more)

    def file(self, name):
        path = os.path.join(self.temp, name)
        open(path, "a").close()
        return path

    # ---- steps -------------------------------------------------------------------

    def begin(self, script, shell="bash -e {0}", env=None):
        """A step: its script as a file, run by the template of its shell."""
        number = len(os.listdir(self.temp))
        path = os.path.join(self.temp, f"step{number}.sh")
        with open(path, "w") as file:
            file.write(script)
        step = {**self.env, **(env or {})}
        if self.runner == "github":
            step.update(GITHUB_STEP_SUMMARY=self.file(f"summary{number}"), GITHUB_OUTPUT=self.file(f"output{number}"),
                        GITHUB_PATH=self.file("path"))
        log = os.path.join(self.temp, f"log{number}")
        words = [word.replace("{0}", path) for word in shell.split()]
        with open(log, "wb") as out:
            process = subprocess.Popen(words, cwd=self.dir, env=step, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT, start_new_session=True)
        process.log, process.env, process.begun = log, step, time.monotonic()
        return process

    def finish(self, process, limit=60):
        try:
            process.wait(limit)
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed(f"the step is still there after {limit} s: {read(process.log)[-1500:]}") from None
        return Step(process)

    def run(self, script, limit=60, **options):
        return self.finish(self.begin(script, **options), limit)

    def hang(self, script="make check", seconds=20, **options):
        """Begin a step that hangs, and wait until it does; the pids of the test and its server, and the port."""
        process = self.begin(script, **options)
        end = time.monotonic() + seconds
        while not os.path.exists(self.ready):
            if time.monotonic() > end or process.poll() is not None:
                raise Failed(f"it does not hang: {read(process.log)}")
            time.sleep(0.02)
        process.test, process.server, process.port = map(int, read(self.ready).split())
        return process

    def await_file(self, path, seconds=20):
        end = time.monotonic() + seconds
        while not os.path.exists(path):
            if time.monotonic() > end:
                raise Failed(f"{path} never came")
            time.sleep(0.02)

    # ---- the end of a step -----------------------------------------------------------

    def cancel(self, process, sequence):
        """Signals to the direct child, each with the time it is given; the whole list is gone through only as long as it lives."""
        for number, seconds in sequence:
            process.send_signal(number)
            try:
                process.wait(seconds)
                return
            except subprocess.TimeoutExpired:
                pass
        raise Failed("the direct child outlived KILL")

    def bystander(self, **env):
        """A process that has nothing to do with the job, or something else."""
        marker = MARKERS[self.runner]
        surroundings = {name: value for name, value in self.env.items() if name != marker}
        surroundings.update(env)
        process = subprocess.Popen(["sleep", "180"], env=surroundings, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        self.t.spared.add(process.pid)
        return process.pid

    def reports(self, directory="wedge-report"):
        place = os.path.join(self.dir, directory)
        return sorted(name for name in os.listdir(place) if not name.startswith(".")) if os.path.isdir(place) else []


GITHUB = ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5), (signal.SIGKILL, 5))
GITHUB_FAST = ((signal.SIGINT, 0.5), (signal.SIGTERM, 0.5), (signal.SIGKILL, 5))
GITLAB = ((signal.SIGTERM, 1), (signal.SIGKILL, 5))
JENKINS = ((signal.SIGTERM, 5), (signal.SIGKILL, 5))
KILL = ((signal.SIGKILL, 5),)


def read(path):
    with open(path, "rb") as file:
        return file.read().decode(errors="surrogateescape")


class Step:
    """What a runner has of a step that is over."""

    def __init__(self, process):
        self.status, self.log = process.returncode, read(process.log)
        self.seconds = time.monotonic() - process.begun
        self.summary = read(process.env["GITHUB_STEP_SUMMARY"]) if "GITHUB_STEP_SUMMARY" in process.env else ""
        self.outputs = {}
        if "GITHUB_OUTPUT" in process.env:
            self.outputs = dict(line.split("=", 1) for line in read(process.env["GITHUB_OUTPUT"]).splitlines())

    def says(self, *parts):
        for part in parts:
            if part not in self.log:
                raise Failed(f"no {part!r} in the log:\n{self.log}")
        return self

    def lacks(self, *parts):
        for part in parts:
            if part in self.log:
                raise Failed(f"{part!r} in the log:\n{self.log}")
        return self

    def exits(self, status):
        if self.status != status:
            raise Failed(f"status {self.status}, wanted {status}:\n{self.log}")
        return self


KNOWN = ("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path", "notice",
         "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning", "command", "section")


def command_of(line):
    """As GitHub's runner takes a line: the newer form at its begin, behind blanks of any kind; the older one anywhere."""
    trimmed = line.lstrip()
    if trimmed.startswith("::") and "::" in trimmed[2:]:
        words, _, data = trimmed[2:].partition("::")
        return words.partition(" ")[0], words.partition(" ")[2], data
    begin = line.find("##[")
    if begin >= 0 and "]" in line[begin:]:
        words, _, data = line[begin + 3:].partition("]")
        return words.partition(" ")[0], words.partition(" ")[2], data
    return None


def github_commands(log):
    """The commands that the runner obeys, as (line number, name, properties, data); and how many it was told to ignore."""
    obeyed, ignored, token = [], 0, None
    for number, line in enumerate(log.split("\n"), 1):
        found = command_of(line)
        if not found:
            continue
        name, properties, data = found
        if token is not None:
            if name == token:
                token = None
            else:
                ignored += 1
        elif name == "stop-commands":
            token = data
        elif name in KNOWN:
            obeyed.append((number, name, properties, data))
        else:
            raise Failed(f"no command of GitHub's: {line!r}")
    if token is not None:
        raise Failed(f"commands stay stopped:\n{log}")
    return obeyed, ignored


def github_error(step, kind="error"):
    """The one annotation: (title, message), as it is shown."""
    obeyed, ignored = github_commands(step.log)
    found = [each for each in obeyed if each[1] in ("error", "warning", "notice")]
    others = [each for each in obeyed if each[1] not in ("error", "warning", "notice", "group", "endgroup")]
    if ignored or others:
        raise Failed(f"commands that are not ours: {ignored} {others}\n{step.log}")
    if len(found) != 1 or found[0][1] != kind:
        raise Failed(f"want one {kind}, have {found}:\n{step.log}")
    number, _, properties, message = found[0]
    if number > 10:
        raise Failed(f"line {number}: the answer is late:\n{step.log}")
    title = properties.partition("title=")[2]
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        title = title.replace(code, char)
        if code not in ("%3A", "%2C"):
            message = message.replace(code, char)
    return title, message


def gone(*pids, seconds=3.0):
    end = time.monotonic() + seconds
    while any(lives(pid) for pid in pids):
        if time.monotonic() > end:
            raise Failed(f"still there: {[(pid, facts.comm(pid)) for pid in pids if lives(pid)]}")
        time.sleep(0.01)


def alive(*pids):
    if not all(lives(pid) for pid in pids):
        raise Failed(f"gone: {[pid for pid in pids if not lives(pid)]}")


def yaml():
    try:
        import yaml as module
    except ImportError:
        raise Skip("no python3-yaml") from None
    return module
