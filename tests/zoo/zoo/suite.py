# SPDX-License-Identifier: MIT
"""Runs scenarios: on stage, looked at by each viewer, compared, ended; and a table of it all."""
import concurrent.futures
import ctypes
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

from . import facts, verdict
from .scenario import ROOT, USER, VIEWERS, WEDGES
from .stage import Interrupted, NotReady, Stage

UID = 64123                     # Nobody's: no name, no files.
PR_SET_CHILD_SUBREAPER = 36
CANNOT = 125                    # Of programs/viewer.c.
COLUMNS = (("scenario", 30), ("viewer", 9), ("expected", 22), ("class", 12), ("cause", 20), ("certainty", 9),
           ("culprit", 20), ("exit", 4), ("secs", 5), ("", 0))


def _python_for_targets():
    """The one that other users can run too; the runner's own may live in a private place."""
    for path in ("/usr/bin/python3", sys.executable):
        if os.access(path, os.X_OK):
            return path
    return sys.executable


# What programs/looker.py must meet as each viewer.
_OPEN = dict.fromkeys(("stat", "wchan", "maps", "syscall", "fd", "mem", "task/syscall", "openat", "own syscall",
                       "child's syscall", "process_vm_readv", "kcmp", "pidfd_getfd", "ptrace"), "ok")
_NO_CALLS = dict.fromkeys(("process_vm_readv", "kcmp", "pidfd_getfd", "ptrace"), "EPERM")
_NO_ATTACH = {**dict.fromkeys(("syscall", "stack", "task/syscall", "openat"), "EPERM"), "mem": "EACCES"}
REFUSALS = {
    "root": {**_OPEN, "stack": "ok", "seccomp": "0"},
    "user": {**_OPEN, "seccomp": "0"},
    "yama": {**_OPEN, **_NO_CALLS, **_NO_ATTACH, "seccomp": "0", "scope": "1"},
    "container": {**_OPEN, **_NO_CALLS, "seccomp": "2"},
}


class Suite:
    def __init__(self, options, scenarios):
        self.options, self.scenarios = options, scenarios
        self.root = os.geteuid() == 0
        self.python = _python_for_targets()
        self.mark = f"zoo-{os.getpid()}-{time.time_ns()}"
        self.keep_seconds = 86400 if options.keep else 300
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.rows, self.stages = [], []
        self.counts = {"ok": 0, "WRONG": 0, "skip": 0}

    # ---- before and after ---------------------------------------------------------

    def open(self):
        if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
            raise OSError("prctl")
        self.place = tempfile.mkdtemp(prefix="wedge-zoo-")
        os.chmod(self.place, 0o755)
        self.programs = os.path.join(self.place, "programs")
        os.mkdir(self.programs, 0o755)
        os.chmod(self.programs, 0o755)
        here = pathlib.Path(__file__).resolve().parent.parent / "programs"
        for place in (here, pathlib.Path(self.options.programs)):
            for file in sorted(place.iterdir() if place.is_dir() else ()):
                if file.suffix in ("", ".py", ".java") and file.is_file():
                    self._copy(file, self.programs)
        self.tool = None
        if not self.options.truth_only and not self.options.keep:
            self.tool = self._copy(pathlib.Path(self.options.wedgecheck), self.place)

    @staticmethod
    def _copy(file, place):
        """Readable by every viewer, wherever the build lies."""
        target = os.path.join(place, file.name)
        shutil.copyfile(file, target)
        os.chmod(target, 0o755)
        return target

    def close(self):
        """Nothing of ours may be left; what is, is ended, and told."""
        left = [problem for problem in (stage.stop() for stage in self.stages) if problem]
        for _ in range(3):
            strays = self._strays()
            if not strays:
                break
            for pid, start in strays:
                left.append(f"process {pid} outlived its scenario")
                self._end(pid, start)
            time.sleep(0.2)
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break
        if f" {self.place}/" in facts.text("/proc/self/mounts"):
            left.append(f"a mount below {self.place}")
        else:
            shutil.rmtree(self.place, ignore_errors=True)
        return left

    def _strays(self):
        """Below us, or carrying our mark: (pid, start)."""
        found = set(facts.descendants(os.getpid()))
        mark = f"ZOO_RUN={self.mark}".encode()
        for name in os.listdir("/proc"):
            if name.isdigit() and int(name) not in found:
                try:
                    with open(f"/proc/{name}/environ", "rb") as file:
                        if mark in file.read().split(b"\0"):
                            found.add(int(name))
                except OSError:
                    pass
        strays = []
        for pid in found:
            try:
                seen = facts.stat(pid)
            except OSError:
                continue
            if seen["state"] not in "ZX":
                strays.append((pid, seen["start"]))
        return strays

    @staticmethod
    def _end(pid, start):
        try:
            fd = os.pidfd_open(pid)
        except OSError:
            return
        try:
            if facts.stat(pid)["start"] == start:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        except OSError:
            pass
        finally:
            os.close(fd)

    # ---- one scenario -------------------------------------------------------------

    def viewers_of(self, scenario):
        wanted = [viewer for viewer in VIEWERS if viewer in scenario.viewers]
        if not self.root:
            wanted = [USER if viewer == ROOT else viewer for viewer in wanted]
        if self.options.viewer:
            wanted = [viewer for viewer in wanted if viewer == self.options.viewer]
        return list(dict.fromkeys(wanted))

    def uid_of(self, scenario):
        """Whose processes they are; the ordinary viewers are that user too."""
        if not self.root:
            return os.geteuid()
        return pwd.getpwnam(scenario.account).pw_uid if scenario.account else UID

    def why_not(self, scenario):
        if scenario.root and not self.root:
            return "needs root"
        if scenario.account and not self.root and not self._has_name():
            return "needs an account with a name"
        for need in scenario.needs:
            reason = need()
            if reason:
                return reason
        return None

    @staticmethod
    def _has_name():
        try:
            return bool(pwd.getpwuid(os.geteuid()))
        except KeyError:
            return False

    def play(self, scenario):
        """Start it, wait until it is true, let every viewer look, end it."""
        viewers = self.viewers_of(scenario)
        if not viewers or self.stopping.is_set():
            return
        reason = self.why_not(scenario)
        if reason:
            self.row(scenario, "-", "skip", note=reason)
            return
        stage = Stage(self, scenario)
        with self.lock:
            self.stages.append(stage)
        begun = time.monotonic()
        try:
            stage.start()
            stage.await_truth()
            if self.options.keep:
                self.show(stage)
                self.stopping.wait()
            elif self.options.truth_only:
                self.row(scenario, "-", "ok", seconds=time.monotonic() - begun, note="true")
            for viewer in viewers if self.tool else ():
                self.look(stage, viewer)
        except Interrupted:
            pass
        except NotReady as problem:
            self.row(scenario, "-", "WRONG", seconds=time.monotonic() - begun, note=f"no such state: {problem}")
        except Exception as problem:  # Whatever it is, it is this line's failure and no other's.
            self.row(scenario, "-", "WRONG", seconds=time.monotonic() - begun, note=repr(problem))
        finally:
            left = stage.stop()
            with self.lock:
                self.stages.remove(stage)
            if left:
                self.row(scenario, "-", "WRONG", note=left)

    def play_twin(self, scenario):
        """The same program without the fault: if the truth holds there too, it proves nothing."""
        stage = Stage(self, scenario)
        with self.lock:
            self.stages.append(stage)
        begun = time.monotonic()
        try:
            stage.start(scenario.twin)
            stage.await_truth(3.0)
            verdict_word, note = "WRONG", "the truth holds for the healthy twin too"
        except NotReady as problem:
            verdict_word, note = "ok", f"twin: {problem}"
        finally:
            left = stage.stop()
            with self.lock:
                self.stages.remove(stage)
        self.row(scenario, "twin", verdict_word, seconds=time.monotonic() - begun, note=left or note)

    def run_tool(self, stage, viewer, command, name):
        """(exit status, stdout, stderr) of a command as that viewer; None: it did not end."""
        out, complaint = (os.path.join(stage.dir, f"{name}.{end}") for end in ("out", "err"))
        command = [os.path.join(self.programs, "viewer"), viewer, "--uid", str(self.uid_of(stage.scenario)), "--",
                   *command]
        with open(out, "wb") as stdout, open(complaint, "wb") as stderr:
            tool = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd="/",
                                    env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "ASAN_OPTIONS": "detect_leaks=0"},
                                    start_new_session=True)
        end = time.monotonic() + stage.scenario.limit
        status = None
        while status is None and time.monotonic() < end and not self.stopping.is_set():
            try:
                status = tool.wait(0.1)
            except subprocess.TimeoutExpired:
                pass
        if status is None:
            tool.kill()
            tool.wait()
        if self.stopping.is_set():
            raise Interrupted
        return status, pathlib.Path(out).read_bytes(), pathlib.Path(complaint).read_bytes()

    def look(self, stage, viewer):
        scenario = stage.scenario
        expect = scenario.expected_of(viewer)
        saved = os.path.join(stage.dir, f"{viewer}.wedge")
        pids = [str(stage.pid(role)) for role in scenario.targets]
        before = self.condition(stage)
        begun = time.monotonic()
        status, text, complaint = self.run_tool(
            stage, viewer, [self.tool, "--json", "--save", saved, *scenario.options, *pids], viewer)
        seconds = time.monotonic() - begun
        report, problems = None, []
        if status is None:
            problems.append(f"did not end within {scenario.limit:.0f} s")
        elif status == CANNOT:
            self.row(scenario, viewer, "skip", note=complaint.decode(errors="replace").strip())
            return
        else:
            try:
                report = json.loads(text)
                problems += verdict.complaints(report, status, expect, stage)
            except (ValueError, KeyError, TypeError) as problem:
                words = complaint.decode(errors="replace").strip().splitlines()
                problems.append(f"no report ({problem!r}), exit {status}: {words[-1] if words else 'silent'}")
        after = self.condition(stage)
        problems += [f"{role} was {before[role]}, is {after.get(role)}" for role in before
                     if before[role] != after.get(role) and not expect.healthy]
        still_true = stage.untrue()
        for _ in range(3 if expect.healthy else 0):     # A healthy one may just be awake.
            still_true = still_true and stage.untrue()
        if still_true:
            problems.append(f"no longer true: {still_true}")
        if report:
            problems += self.replay(stage, viewer, saved, text)
        self.row(scenario, viewer, "WRONG" if problems else "ok", report, status, seconds, "; ".join(problems), stage)
        if problems and self.options.evidence:
            self.keep_evidence(stage, viewer, saved, text, complaint, problems)

    def try_viewer(self, scenario):
        """Does the imitation refuse what the real thing refuses, and nothing else?"""
        stage = Stage(self, scenario)
        with self.lock:
            self.stages.append(stage)
        begun = time.monotonic()
        try:
            stage.start()
            stage.await_truth()
            for viewer in self.viewers_of(scenario):
                _, text, complaint = self.run_tool(
                    stage, viewer, [self.python, os.path.join(self.programs, "looker.py"), str(stage.pid("top")), viewer],
                    viewer)
                seen = json.loads(text) if text else {"silent": complaint.decode(errors="replace").strip()}
                wrong = [f"{name} is {seen.get(name)}, not {wanted}" for name, wanted in REFUSALS[viewer].items()
                         if seen.get(name) != wanted]
                self.row(scenario, viewer, "WRONG" if wrong else "ok", seconds=time.monotonic() - begun,
                         note="; ".join(wrong) or f"refuses {sum(word.startswith('E') for word in seen.values())}")
        finally:
            left = stage.stop()
            with self.lock:
                self.stages.remove(stage)
            if left:
                self.row(scenario, "-", "WRONG", note=left)

    @staticmethod
    def condition(stage):
        """What looking must not change: alive, stopped, traced."""
        seen = {}
        for role, (pid, _, start) in stage.roles.items():
            try:
                now = facts.stat(pid)
                same = now["start"] == start
                state = now["state"] if now["state"] in "TtZX" else "up"
                seen[role] = f"{state}/{facts.status(pid, 'TracerPid')}" if same else "gone"
            except OSError:
                seen[role] = "gone"
        return seen

    def replay(self, stage, viewer, saved, text):
        """Saved and judged again, it is the same report byte for byte."""
        status, again, _ = self.run_tool(stage, ROOT if self.root else USER, [self.tool, "--json", "--replay", saved],
                                         viewer + ".replay")
        if again != text:
            return [f"--replay says something else (exit {status})"]
        return []

    # ---- output ---------------------------------------------------------------------

    def keep_evidence(self, stage, viewer, saved, text, complaint, problems):
        base = os.path.join(self.options.evidence, f"{stage.scenario.name}.{viewer}")
        os.makedirs(self.options.evidence, exist_ok=True)
        if os.path.exists(saved):
            shutil.copyfile(saved, base + ".wedge")
        pathlib.Path(base + ".json").write_bytes(text)
        roles = "".join(f"  {role} {pid} {tid or ''}\n" for role, (pid, tid, _) in stage.roles.items())
        pathlib.Path(base + ".txt").write_text(
            f"{stage.scenario.name}: {stage.scenario.about}\n" + "".join(f"- {problem}\n" for problem in problems) +
            f"roles\n{roles}stderr\n{complaint.decode(errors='replace')}\n")

    def show(self, stage):
        with self.lock:
            print(f"{stage.scenario.name}: {stage.scenario.about}")
            for role, (pid, tid, _) in stage.roles.items():
                print(f"    {role:16} {pid}{f' thread {tid}' if tid else ''}")
            print(f"    wedgecheck {' '.join(stage.scenario.options)} "
                  f"{' '.join(str(stage.pid(role)) for role in stage.scenario.targets)}", flush=True)

    def row(self, scenario, viewer, word, report=None, status=None, seconds=None, note="", stage=None):
        expect = scenario.expected_of(viewer) if viewer in VIEWERS else scenario.expect
        found = report["verdict"] if report else {}
        culprit = ""
        if found.get("culprit"):
            pid = found["culprit"]["pid"]
            names = [role for role, (known, _, _) in stage.roles.items() if known == pid]
            names.sort(key=lambda role: role == "top")
            culprit = f"{names[0] if names else found['culprit']['comm']}[{pid}]"
        classes = "|".join(sorted(expect.classes - WEDGES - {"unknown"} if expect.healthy else expect.classes))
        cells = (scenario.name, viewer, classes, found.get("class", ""), found.get("cause") or "",
                 found.get("certainty", ""), culprit, "" if status is None else str(status),
                 "" if seconds is None else f"{seconds:.1f}", word + (f"  {note}" if note and word != "ok" else ""))
        with self.lock:
            self.counts[word] += 1
            self.rows.append({"scenario": scenario.name, "kind": scenario.kind, "viewer": viewer,
                              "expected": sorted(expect.classes), "class": found.get("class"),
                              "cause": found.get("cause"), "certainty": found.get("certainty"),
                              "because": found.get("because"), "culprit": culprit or None, "exit": status,
                              "seconds": seconds, "verdict": word, "note": note or None})
            if not self.options.quiet or word != "ok":
                self.print_cells(cells)

    def print_cells(self, cells):
        print(" ".join(f"{cell:{width}}" for cell, (_, width) in zip(cells, COLUMNS)).rstrip(), flush=True)

    # ---- the run ----------------------------------------------------------------------

    def run(self):
        play = self.play
        chosen = self.scenarios
        if not self.options.keep:
            self.print_cells([name or "verdict" for name, _ in COLUMNS])
        if self.options.self_test:
            for scenario in [scenario for scenario in chosen if scenario.name == "well-acceptor"]:
                self.try_viewer(scenario)
            chosen = [scenario for scenario in chosen if scenario.twin and not self.why_not(scenario)]
            play = self.play_twin
        together = [scenario for scenario in chosen if not scenario.alone or self.options.keep]
        jobs = len(together) or 1 if self.options.keep else self.options.jobs
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            waiting = [pool.submit(play, scenario) for scenario in together]
            try:
                for one in concurrent.futures.as_completed(waiting):
                    one.result()
                for scenario in chosen:
                    if scenario not in together:
                        pool.submit(play, scenario).result()
            except BaseException:
                self.stopping.set()
                for one in waiting:
                    one.cancel()
                raise
