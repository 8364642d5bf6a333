# SPDX-License-Identifier: MIT
"""
One case on stage: a process of its own that is parent and reaper of all it starts, so that
nothing but a direct child is ever signalled, and nobody is left.
"""
import ctypes
import json
import os
import re
import signal
import subprocess
import time

from . import facts

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
LIBC = ctypes.CDLL(None, use_errno=True)
SANITIZER = re.compile(r"(Address|Leak|UndefinedBehavior)Sanitizer|runtime error:")


class Failed(Exception):
    """The tool did not do what it must."""


class Skip(Exception):
    """This machine cannot do it."""


def adopt():
    """Orphans of ours become our children."""
    LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent(number=signal.SIGTERM):
    parent = os.getppid()
    LIBC.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def end_children(spared=(), seconds=10):
    """Kill direct children, generation after generation; who is left."""
    end = time.monotonic() + seconds
    while True:
        left = [pid for pid in facts.children(os.getpid()) if pid not in spared]
        if not left or time.monotonic() > end:
            return left
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
        for pid in left:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass


class Result:
    def __init__(self, status, out, err, seconds, command):
        self.status, self.out, self.err = status, out, err
        self.seconds, self.command = seconds, command

    def __str__(self):
        return f"{' '.join(self.command)[:300]!r}: status {self.status}, {self.seconds:.1f} s, " \
               f"stdout {self.out[:200]!r}, stderr {self.err[:400]!r}"


class Stage:
    def __init__(self, options, directory):
        self.options, self.dir = options, directory
        self.targets, self.spared = [], set()
        self.files = {"out", "err"}
        self.sanitized = b"__asan_init" in open(os.path.join(options.tools, "wedgecheck"), "rb").read()

    # ---- targets ----------------------------------------------------------------

    def spawn(self, *argv, uid=None, cwd=None, **options):
        """Start it and read its "ready" line: the pids in it."""
        def settle():
            end_with_parent(signal.SIGKILL)
            if uid is not None:
                os.setgroups([])
                os.setresgid(uid, uid, uid)
                os.setresuid(uid, uid, uid)
                end_with_parent(signal.SIGKILL)
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=settle,
                                   start_new_session=True, cwd=cwd or "/", **options)
        line = process.stdout.readline().split()
        if not line or line[0] != b"ready":
            if process.wait() == 77:
                raise Skip(f"{argv[1]}: not on this machine")
            raise Failed(f"{argv}: no word from it")
        self.spared.add(process.pid)
        return process, [int(word) for word in line[1:]]

    def odd(self, *argv, watched=True, **options):
        """One of programs/odd.c; its pid."""
        process, pids = self.spawn(os.path.join(self.options.programs, "odd"), *argv, **options)
        if watched:
            facts.await_sleep(process.pid)
            self.watch(process.pid)
        return pids[0]

    def watch(self, pid):
        """It must be as it is now when the case is over."""
        self.targets.append(facts.Identity(pid))

    # ---- the tools --------------------------------------------------------------

    def begin(self, *arguments, tool="wedgecheck", wrap=(), env=None, limit=30.0, **options):
        command = [*wrap, os.path.join(self.options.tools, tool), *arguments]
        surroundings = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "TMPDIR": self.dir,
                        "ASAN_OPTIONS": "exitcode=99:detect_leaks=%d" % (not wrap),
                        "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99",
                        "LSAN_OPTIONS": os.environ.get("LSAN_OPTIONS", ""), **(env or {})}
        options.setdefault("stdin", subprocess.DEVNULL)
        options.setdefault("stdout", open(os.path.join(self.dir, "out"), "wb"))
        options.setdefault("stderr", open(os.path.join(self.dir, "err"), "wb"))
        process = subprocess.Popen(command, cwd=self.dir, env=surroundings, **options)
        process.begun, process.limit, process.command = time.monotonic(), limit, [*map(str, arguments)]
        return process

    def finish(self, process):
        left = process.begun + process.limit - time.monotonic()
        try:
            status = process.wait(max(left, 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            raise Failed(f"{process.command}: still there after {process.limit:.0f} s") from None
        seconds = time.monotonic() - process.begun
        text = {}
        for name in ("out", "err"):
            try:
                with open(os.path.join(self.dir, name), "rb") as file:
                    text[name] = file.read().decode(errors="surrogateescape")
            except OSError:
                text[name] = ""
        result = Result(status, text["out"], text["err"], seconds, process.command)
        if SANITIZER.search(result.err) or status == 99:
            raise Failed(f"sanitizer: {result.err[-1500:]}")
        return result

    def look(self, *arguments, **options):
        """Run a tool to its end; what it said, and whether it left anything."""
        result = self.finish(self.begin(*arguments, **options))
        if result.status < 0:
            raise Failed(f"killed by signal {-result.status}: {result}")
        self.check_nothing_left()
        return result

    def check_nothing_left(self, seconds=3.0):
        """Its helpers are ours now, if it left any."""
        end = time.monotonic() + seconds
        while True:
            left = [pid for pid in facts.own_children() if pid not in self.spared]
            left = [pid for pid in left if os.waitpid(pid, os.WNOHANG)[0] == 0]
            if not left:
                break
            if time.monotonic() > end:
                raise Failed("left behind: " + ", ".join(f"{facts.comm(pid)}[{pid}] ({facts.stat(pid)['state']})"
                                                         for pid in left))
            time.sleep(0.02)
        strange = set(os.listdir(self.dir)) - self.files
        if strange:
            raise Failed(f"left files behind: {sorted(strange)}")

    # ---- what must be so ----------------------------------------------------------

    def refused(self, result, pattern, status=2):
        """One clear line on stderr, nothing on stdout."""
        lines = result.err.splitlines()
        if result.status != status or len(lines) != 1 or result.out or not result.err.endswith("\n"):
            raise Failed(f"want status {status} and one line, have {result}")
        if not re.match(r"wedge[a-z]+: ", lines[0]) or not re.search(pattern, lines[0]):
            raise Failed(f"want a line like {pattern!r}, have {result}")
        self.clean(result.err)
        return result

    def clean(self, text):
        """Nothing in it but what a terminal shows."""
        bad = re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\udc80-\udcff]", text)
        if bad:
            raise Failed(f"raw {bad.group()!r} in {text[max(bad.start() - 60, 0):bad.end() + 60]!r}")

    def report(self, *arguments, statuses=(0, 1, 3), **options):
        """wedgecheck --json: the object, and its exit status belongs to it."""
        result = self.look("--json", *arguments, **options)
        if result.status not in statuses or result.err:
            raise Failed(f"want status in {statuses} and a silent stderr, have {result}")
        try:
            found = json.loads(result.out)
        except ValueError as problem:
            raise Failed(f"not JSON ({problem}): {result}") from None
        found["result"] = result
        return found

    def gap(self, report, probe, error=None, remedy=None, meaning=None):
        """Such a gap is named."""
        for gap in report["gaps"]:
            if gap["probe"] == probe and (error is None or gap["error"] in error.split()) and \
                    (meaning is None or re.search(meaning, gap["meaning"])) and \
                    (remedy is None or re.search(remedy, gap["remedy"] or "")):
                return gap
        raise Failed(f"no gap of {probe} ({error}, {meaning}, {remedy}) in "
                     f"{[(gap['probe'], gap['error'], gap['meaning'], gap['remedy']) for gap in report['gaps']]}")

    def unharmed(self):
        for target in self.targets:
            harm = target.harm()
            if harm:
                raise Failed(f"harmed: {harm}")

    def close(self):
        return [f"{facts.comm(pid)}[{pid}]" for pid in end_children()]
