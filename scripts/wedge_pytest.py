# SPDX-License-Identifier: MIT
"""
pytest -p wedge_pytest: a test that hangs fails with wedgecheck's report of the whole tree; see wedge_pytest(7).

A thread of ours knows the deadline, pytest-timeout's or our own, and lets wedgecheck look just before
it, while the test still hangs.  A test that ends in time starts no process.  Whatever goes wrong here
becomes one line of the summary, never an exception in the session.
"""
import _thread
import ctypes
import functools
import os
import shlex
import shutil
import signal
import sys
import threading
import time
import types

import pytest

WINDOW, LEAST, HOLD, GRACE, POLL = 2.0, 0.5, 5.0, 5.0, 0.02  # seconds
INTERRUPTS = 3  # and the process exits
INTERRUPT = signal.SIGRTMAX - 3
WIDTH, MOST = 110, 1 << 20
YAMA = "/proc/sys/kernel/yama/ptrace_scope"
PR_SET_PTRACER, CAP_SYS_PTRACE = 0x59616D61, 19
# wait4(-1, ...) and waitid(P_ALL, ...), as /proc/PID/syscall shows them.
WAITS = {"x86_64": ((b"61", b"0xffffffff"), (b"61", b"0xffffffffffffffff"), (b"247", b"0x0")),
         "aarch64": ((b"260", b"0xffffffff"), (b"260", b"0xffffffffffffffff"), (b"95", b"0x0"))}.get(os.uname().machine, ())

# As they are now: tests put what they like in their place while we run.
real = types.SimpleNamespace(
    now=time.monotonic, sleep=time.sleep, open=os.open, read=os.read, write=os.write, close=os.close,
    pipe2=os.pipe2, set_blocking=os.set_blocking, spawn=os.posix_spawn, waitpid=os.waitpid, kill=os.kill,
    listdir=os.listdir, readlink=os.readlink, getpid=os.getpid, exit=os._exit, pthread_kill=signal.pthread_kill,
    fsencode=os.fsencode, environ=dict(os.environ))


def contents(path):
    """Of a small file, as bytes; none where it cannot be read."""
    try:
        fd = real.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return real.read(fd, 1 << 16)
    except OSError:
        return b""
    finally:
        real.close(fd)


def stat(pid):
    """(state, parent), or None."""
    fields = contents("/proc/%d/stat" % pid).rpartition(b")")[2].split()
    return (fields[0].decode(), int(fields[1])) if len(fields) > 1 else None


def ancestors():
    pid, chain = real.getpid(), []
    while pid > 0 and len(chain) < 64:
        seen = stat(pid)
        pid = seen[1] if seen else 0
        chain.append(pid)
    return chain


def children(pid):
    found = []
    try:
        for task in real.listdir("/proc/%d/task" % pid):
            found += map(int, contents("/proc/%d/task/%s/children" % (pid, task)).split())
    except OSError:
        pass
    return found


def waits_for_any_child():
    """Some thread of this process does."""
    try:
        return any(tuple(contents("/proc/self/task/%s/syscall" % task).split()[:2]) in WAITS
                   for task in real.listdir("/proc/self/task"))
    except OSError:
        return False


def program():
    """wedgecheck: $WEDGECHECK, beside the installation that this file belongs to, or by PATH."""
    prefix = os.path.abspath(os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..", ".."))
    return os.environ.get("WEDGECHECK") or shutil.which("wedgecheck", path=os.path.join(prefix, "bin")) or \
        shutil.which("wedgecheck")


# ---- Yama: who may look ------------------------------------------------------------------

def scope():
    """1: only an ancestor may look, and whom the target names."""
    lines = contents("/proc/self/status").split(b"\n")
    able = any(int(line[8:], 16) >> CAP_SYS_PTRACE & 1 for line in lines if line.startswith(b"CapEff:"))
    text = contents(YAMA).strip()
    return int(text) if text.isdigit() and not able else 0


def open_to(pid):
    """pid and what descends from it may look at this process; 0: nobody any more."""
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(pid), 0, 0, 0)


def wedgerun():
    """The wedgerun around us as (pid, id of the run, report directory), or None."""
    try:
        pid = int(real.environ.get("WEDGE_RUN_PID", ""))
    except ValueError:
        return None
    if pid in ancestors() and contents("/proc/%d/comm" % pid) == b"wedgerun\n":
        return pid, real.environ.get("WEDGE_RUN_ID", ""), real.environ.get("WEDGE_REPORT_DIR", "")
    return None


# ---- looking -----------------------------------------------------------------------------

class Look:
    """wedgecheck, beside us; it stays until stop(), for a test may be waiting for any child."""

    def __init__(self, check, arguments):
        self.text, self.ended, self.pid = b"", False, 0
        stdin, self.hold = real.pipe2(os.O_CLOEXEC)
        self.out, stdout = real.pipe2(os.O_CLOEXEC)
        real.set_blocking(self.out, False)
        actions = [(os.POSIX_SPAWN_DUP2, *pair) for pair in ((stdin, 0), (stdout, 1), (stdout, 2))]
        try:
            self.pid = real.spawn(check, [check, "--stay", *arguments], real.environ, file_actions=actions, setpgroup=0,
                                  setsigmask=[], setsigdef=[signal.SIGINT, signal.SIGPIPE, signal.SIGCHLD])
        finally:
            for fd in (stdin, stdout) if self.pid else (stdin, stdout, self.hold, self.out):
                real.close(fd)

    def over(self):
        try:
            while not self.ended:
                part = real.read(self.out, 1 << 16)
                self.text, self.ended = self.text + part, not part or len(self.text) > MOST
        except BlockingIOError:
            pass
        return self.ended

    def take(self):
        text = self.text.decode("utf-8", "backslashreplace").rstrip()
        return text if self.over() and text else "wedge_pytest: no report: wedgecheck took too long"

    def stop(self):
        if self.pid:
            pid, self.pid = self.pid, 0
            real.close(self.hold)
            real.close(self.out)
            try:
                real.kill(pid, signal.SIGKILL)
                real.waitpid(pid, 0)
            except (ProcessLookupError, ChildProcessError):
                pass


class Said:
    """In place of a look that could not begin."""

    def __init__(self, text):
        self.text = text

    def over(self):
        return True

    def take(self):
        return self.text

    def stop(self):
        pass


class Asked(Said):
    """The same by the wedgerun around us, which hears SIGUSR1."""

    def __init__(self, run):
        self.pid, self.identity, self.directory = run
        self.before, self.began, self.looked = set(self.reports()), real.now(), False
        # With the pid of the process that is late, which a plain kill cannot bring.
        ctypes.CDLL(None).sigqueue(self.pid, int(signal.SIGUSR1), ctypes.c_void_p(real.getpid()))

    def reports(self):
        try:
            return [name for name in real.listdir(self.directory or "/nonexistent")
                    if name.startswith(self.identity + "-") and name.endswith(".txt")]
        except OSError:
            return []

    def over(self):
        if self.directory:
            return bool(set(self.reports()) - self.before)
        looks = any(contents("/proc/%d/comm" % pid).startswith(b"wedgecheck") for pid in children(self.pid))
        self.looked = self.looked or looks
        return not looks and (self.looked or real.now() - self.began > WINDOW)

    def take(self):
        names = sorted(set(self.reports()) - self.before)
        if not self.directory:
            return "wedge_pytest: ptrace_scope=1: the report of wedgerun[%d] is on its standard error" % self.pid
        if not names:
            return "wedge_pytest: no report: wedgerun[%d] wrote none to %s" % (self.pid, self.directory)
        path = os.path.join(self.directory, names[-1])
        return contents(path).decode("utf-8", "backslashreplace").rstrip() + "\nreport: " + path


# ---- the session -------------------------------------------------------------------------

class Watch:
    """One deadline of one test: ours, or pytest-timeout's by signal or by thread."""

    def __init__(self, item, limit, fire):
        now = real.now()
        window = min(WINDOW, max(limit / 2, LEAST))
        self.item, self.limit, self.fire, self.window = item, limit, fire, window
        self.deadline, self.look_at = now + limit, now + limit - min(window, limit / 2)
        self.look = self.text = self.exit_at = None
        self.fired = self.over = False
        self.unseen = 0


def safely(hook):
    """Trouble of ours is one line, once."""
    @functools.wraps(hook)
    def call(self, *arguments):
        try:
            return hook(self, *arguments)
        except Exception as problem:
            self.trouble("%s: %s" % (type(problem).__name__, problem))
    return call


def seconds(value):
    """A limit; 0: none."""
    number = float(value)
    if not 0 <= number < 1e9:
        raise ValueError("not a number of seconds: %r" % (value,))
    return number


class Plugin:
    def __init__(self, config):
        self.config, self.troubles, self.phase, self.pid = config, [], None, real.getpid()
        self.lock, self.bell = _thread.RLock(), _thread.allocate_lock()  # a handler may come in between
        self.thread, self.watches, self.sleeps_until, self.interrupts = 0, [], 0.0, 0
        self.pending, self.before, self.debugging = [], None, False
        self.workers, self.left = set(), []
        worker = getattr(config, "workerinput", None)
        self.name = ", worker %s[%d]" % (worker.get("workerid"), self.pid) if worker else ""
        self.root = worker.get("wedge_controller", 0) if worker else self.pid
        self.check, self.limit, self.run, self.opened = program(), 0.0, None, 0
        self.settle()

    @safely
    def settle(self):
        asked = self.config.getoption("wedge_timeout", None)
        self.limit = seconds(self.config.getini("wedge_timeout") or 0 if asked is None else asked)
        if self.root not in [self.pid, *ancestors()]:  # a worker of another machine, say
            self.root = self.pid
        if scope() == 1:
            self.run = wedgerun()
            self.opened = self.run[0] if self.run else self.root
            open_to(self.opened)

    def trouble(self, text):
        text = "wedge_pytest: " + " ".join(repr(text)[1:-1].split())
        if text not in self.troubles:
            self.troubles.append(text)

    # ---- the thread that knows the deadlines ----

    def arm(self, item, limit, fire):
        watch = Watch(item, limit, fire)
        if self.pid != real.getpid():  # in a fork of ours
            self.pid, self.thread, self.lock, self.watches = real.getpid(), 0, _thread.RLock(), []
        with self.lock:
            self.watches.append(watch)
            wake = watch.look_at < self.sleeps_until
        if not self.thread:
            self.bell = _thread.allocate_lock()
            self.bell.acquire()
            self.thread = _thread.start_new_thread(self.watch_all, ())
        elif wake and self.bell.locked():
            self.bell.release()
        return watch

    def disarm(self, *watches):
        with self.lock:
            for watch in watches:
                watch.over = True
                if watch.look:
                    watch.look.stop()
            self.watches = [watch for watch in self.watches if not watch.over]

    def watch_all(self):
        bell = self.bell
        while self.bell is bell:
            try:
                with self.lock:
                    now = real.now()
                    due = [step for step in [self.step(watch, now) for watch in self.watches] if step]
                    self.sleeps_until = min(due, default=now + 3600)
                    if not due and any(watch.fired for watch in self.watches):
                        self.thread = 0  # pytest-timeout shows the stacks of threads: not ours
                        return
                bell.acquire(True, max(self.sleeps_until - real.now(), 0.001))
            except Exception as problem:
                self.trouble("%s: %s" % (type(problem).__name__, problem))
                real.sleep(1)

    def step(self, watch, now):
        """When to come again; called with the lock held."""
        if watch.over or self.debugging:
            return None
        if now < watch.look_at:
            return watch.look_at
        if watch.look is None:
            # Ours would be one that it waits for; who is just being woken shows no call.
            watch.unseen = 0 if waits_for_any_child() else watch.unseen + 1
            if now < watch.deadline and watch.unseen < 3:
                return min(now + POLL, watch.deadline)
            watch.look = self.look(watch)
        if watch.text is None:
            if not watch.look.over() and now < watch.deadline + HOLD:
                return now + POLL
            watch.text = watch.look.take()
        if now < watch.deadline:
            return watch.deadline
        if not watch.fired:
            watch.fired = True
            watch.fire(watch)
        if watch.exit_at and now >= watch.exit_at:
            self.leave(watch)
        return watch.exit_at

    def look(self, watch):
        name = "%s (%s)%s" % (watch.item.nodeid, self.phase or "between phases", self.name)
        return self.look_at([self.root], watch.window, name, "--overdue", "--first=%d" % self.pid)

    def look_at(self, pids, window, name, *more):
        try:
            if self.run and "--overdue" in more:
                return Asked(self.run)
            if not self.check:
                return Said("wedge_pytest: no report: wedgecheck was not found: not by $WEDGECHECK, "
                            "nor beside the plugin, nor in PATH")
            name = name.encode("utf-8", "backslashreplace").replace(b"\0", b"\\0")[:2000]
            return Look(self.check, ["--window=%.3f" % window, "--color=never", "--width=%d" % WIDTH, b"--test=" + name,
                                     *more, *map(str, pids)])
        except Exception as problem:
            return Said("wedge_pytest: no report: cannot start %s: %s" % (self.check, problem))

    # ---- our own limit ----

    def own_limit(self, item):
        marker = item.get_closest_marker("wedge_timeout")
        return seconds(marker.args[0] if marker.args else marker.kwargs["seconds"]) if marker else self.limit

    @safely
    def begin(self, item):
        self.interrupts, self.pending = 0, []
        limit = self.own_limit(item)
        if limit:
            if threading.current_thread() is threading.main_thread():
                self.before = signal.signal(INTERRUPT, self.interrupted)
            self.arm(item, limit, self.interrupt)

    @safely
    def end(self, item):
        self.disarm(*self.watches)
        if self.before is not None:
            signal.signal(INTERRUPT, self.before)
            self.before = None
        for text in self.pending:
            self.left.append(([], "interrupted", "%s did not end in time, and made nothing of being interrupted%s\n\n%s" % (
                repr(item.nodeid)[1:-1], self.name, text)))
        self.pending = []

    def interrupt(self, watch):
        self.pending.append(watch.text)
        watch.exit_at = real.now() + GRACE
        self.interrupts += 1
        if self.interrupts > INTERRUPTS:
            self.leave(watch)
        if self.before is not None:
            real.pthread_kill(threading.main_thread().ident, INTERRUPT)

    def interrupted(self, number, frame):
        """In the main thread, which is not stuck in C, then."""
        __tracebackhide__ = True
        fired = [watch for watch in self.watches if watch.exit_at]
        if not fired:
            return
        self.disarm(*fired)
        if is_debugged():
            self.pending = []
            return
        for watch in fired:  # what is left of the test has as long again
            self.arm(watch.item, watch.limit, self.interrupt)
        if self.phase:
            pytest.fail("wedge_pytest: did not end within %g s" % fired[0].limit)

    def leave(self, watch):
        """It does not hear: what there is to say goes to the real stderr."""
        out = err = ""
        try:
            capture = self.config.pluginmanager.getplugin("capturemanager")
            if capture:
                capture.suspend_global_capture(True)
                out, err = capture.read_global_capture()
        except Exception:
            pass
        shout("%s did not end within %g s, nor when it was interrupted" % (watch.item.nodeid, watch.limit),
              ("captured stdout", out), ("captured stderr", err), ("wedgecheck", watch.text))
        real.exit(1)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.begin(item)
        yield
        self.end(item)

    def in_phase(phase):
        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def wrapper(self, item):
            self.phase = phase
            yield
            self.phase = None
        return wrapper

    pytest_runtest_setup, pytest_runtest_call, pytest_runtest_teardown = map(in_phase, ("setup", "call", "teardown"))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item, call):
        outcome = yield
        if call.excinfo is not None and self.pending:
            self.attach(item, outcome.get_result())

    @safely
    def attach(self, item, report):
        for text in self.pending:
            report.sections.append(("wedgecheck", text))
            item.user_properties.append(("wedgecheck", text))  # for junitxml
        self.pending = []

    def pytest_enter_pdb(self):
        self.debugging = True

    def pytest_leave_pdb(self):
        self.debugging = False
        self.disarm(*self.watches)

    # ---- pytest-timeout's ----

    @pytest.hookimpl(hookwrapper=True, tryfirst=True, optionalhook=True)
    def pytest_timeout_set_timer(self, item, settings):
        yield
        self.join_timer(item, settings)

    @safely
    def join_timer(self, item, settings):
        limit = float(settings.timeout)
        timers = [thread for thread in threading.enumerate()
                  if isinstance(thread, threading.Timer) and thread.args and thread.args[0] is item]
        if timers:
            watch = self.arm(item, limit, lambda watch: None)
            timers[0].function = functools.partial(self.before_exit, watch, timers[0].function)
        elif signal.getitimer(signal.ITIMER_REAL)[0] > 0:
            # It is told when the look is over; should we fail, by its own timer all the same.
            signal.setitimer(signal.ITIMER_REAL, limit + HOLD + 1)
            self.arm(item, limit, self.ring)

    def ring(self, watch):
        self.pending.append(watch.text)
        real.pthread_kill(threading.main_thread().ident, signal.SIGALRM)

    def before_exit(self, watch, function, *arguments):
        """In pytest-timeout's thread, which is about to end the process."""
        until = watch.deadline + HOLD + 1
        while not (watch.fired or watch.over or self.debugging) and real.now() < until:
            real.sleep(POLL)
        real.sleep(POLL)
        debugged = getattr(sys.modules.get("pytest_timeout"), "is_debugging", lambda: False)
        if watch.fired and not debugged():
            try:
                self.config.pluginmanager.getplugin("capturemanager").suspend_global_capture(True)
            except Exception:
                pass
            shout("%s: timeout" % watch.item.nodeid, ("wedgecheck", watch.text))
        function(*arguments)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True, optionalhook=True)
    def pytest_timeout_cancel_timer(self, item):
        self.leave_timer(item)
        yield

    @safely
    def leave_timer(self, item):
        mine = [watch for watch in self.watches if watch.fire != self.interrupt]
        try:
            self.disarm(*mine)
            if any(watch.fired for watch in mine):
                real.sleep(0)  # what is under way to us arrives now, before its handler goes
        except pytest.fail.Exception:  # it had ended by then
            pass

    # ---- the end ----

    def pytest_configure_node(self, node):
        node.workerinput["wedge_controller"] = self.pid

    def pytest_testnodedown(self, node, error):
        output = getattr(node, "workeroutput", None) or {}
        self.left += output.get("wedge_left", [])
        self.troubles += [line for line in output.get("wedge_troubles", []) if line not in self.troubles]

    pytest_configure_node = pytest.hookimpl(optionalhook=True)(pytest_configure_node)
    pytest_testnodedown = pytest.hookimpl(optionalhook=True)(pytest_testnodedown)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session):
        self.find_left()
        output = getattr(self.config, "workeroutput", None)
        if output is not None:
            output.update(wedge_left=self.left, wedge_troubles=self.troubles)
        else:
            self.tell_left()

    @safely
    def find_left(self):
        if hasattr(self.config.option, "tx") and self.config.pluginmanager.hasplugin("dsession"):
            return  # its children are workers, who speak for themselves
        until = real.now() + 0.3
        found = self.leftovers()
        while found and real.now() < until:
            real.sleep(POLL)
            found = self.leftovers()
        if not found:
            return
        tests = sorted(set(test for _, test in found if test))
        name = (tests[0] if len(tests) == 1 else "%d tests" % len(tests)) + " (over)" + self.name
        look = self.look_at([pid for pid, _ in found[:16]], 1.0, name)
        until = real.now() + 1.0 + HOLD
        while not look.over() and real.now() < until:
            real.sleep(POLL)
        lines = [left_line(pid, test) for pid, test in found]
        self.left.append((tests, "left behind", "\n".join([*lines, "", look.take()])))
        look.stop()

    def leftovers(self):
        """Living children, and what the environment of each says of the test that started it."""
        found = []
        for pid in children(real.getpid()):
            seen = stat(pid)
            line = contents("/proc/%d/cmdline" % pid)
            environ = contents("/proc/%d/environ" % pid).split(b"\0")
            if not seen or seen[0] in "ZX" or b"WEDGE_KEEP=1" in environ or \
                    b"multiprocessing.resource_tracker" in line or b"multiprocessing.forkserver" in line:
                continue
            test = [word[20:] for word in environ if word.startswith(b"PYTEST_CURRENT_TEST=")]
            found.append((pid, test[0].decode("utf-8", "backslashreplace") if test else ""))
        return found

    @safely
    def tell_left(self):
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        failed = {}
        for kind in ("failed", "error"):
            for report in terminal.stats.get(kind, []) if terminal else []:
                failed[report.nodeid] = report
        for at, (tests, title, text) in enumerate(self.left):
            reports = [failed[node] for node in set(test.rpartition(" (")[0] for test in tests) if node in failed]
            for report in reports:
                report.sections.append((title, text))
            if reports:
                self.left[at] = None
        self.left = [row for row in self.left if row]

    def pytest_terminal_summary(self, terminalreporter):
        for _, title, text in self.left:
            terminalreporter.section(title, sep="-")
            terminalreporter.write_line(text)
        for line in self.troubles:
            terminalreporter.write_line(line)

    @safely
    def close(self):
        self.disarm(*self.watches)
        bell, self.bell = self.bell, None
        if bell.locked():
            bell.release()
        if self.opened:
            open_to(0)


def left_line(pid, test):
    name = contents("/proc/%d/comm" % pid).decode("utf-8", "backslashreplace").strip()
    line = "%s[%d] outlived the session" % (repr(name)[1:-1], pid)
    if test and test.isprintable():
        line += "; started by %s\n  to end it: wedgereap --kill --marker=%s" % (
            test, shlex.quote("PYTEST_CURRENT_TEST=" + test))
    return line


def is_debugged():
    trace = sys.gettrace()
    module = getattr(trace, "__module__", None) or getattr(type(trace), "__module__", "")
    return any(part.startswith(("pydevd", "bdb")) for part in str(module).split("."))


def shout(title, *parts):
    lines = ["", "wedge_pytest: " + repr(title)[1:-1]]
    for name, text in parts:
        if text:
            lines += ["---- %s ----" % name, text.rstrip()]
    text = ("\n".join(lines) + "\n").encode("utf-8", "backslashreplace")
    while text:
        try:
            text = text[real.write(2, text):]
        except OSError:
            return


def pytest_addoption(parser):
    words = "seconds until wedgecheck looks at a test that hangs and the test fails; 0: none"
    parser.getgroup("wedge").addoption("--wedge-timeout", type=float, metavar="SECONDS", help=words)
    parser.addini("wedge_timeout", words)


def pytest_configure(config):
    config.addinivalue_line("markers", "wedge_timeout(seconds): " "fail the test after so long, with wedgecheck's report")
    try:
        plugin = Plugin(config)
    except Exception as problem:
        config.issue_config_time_warning(UserWarning("wedge_pytest: off: %r" % problem), 2)
        return
    config.pluginmanager.register(plugin, "wedge_pytest_session")


def pytest_unconfigure(config):
    plugin = config.pluginmanager.unregister(name="wedge_pytest_session") \
        if config.pluginmanager.hasplugin("wedge_pytest_session") else None
    if plugin:
        plugin.close()
