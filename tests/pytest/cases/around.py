# SPDX-License-Identifier: MIT
"""Workers, leftovers, environments, who may look, and tools that do not work."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time

from sessions.session import LOCK, PLUGIN, SILENT, TOP, fast, holds, lacks, one_section, python, run, says, script, sections, write
from trouble.stage import Failed, Skip
from trouble.suite import case

XDIST = ("xdist",)
PAIR = "def test_a():\n" + LOCK + "def test_b(): time.sleep(6)\n"


@case()
def workers(t):
    """The whole tree, and what hangs in it: not its plumbing, nor the worker that is well."""
    body = "@pytest.mark.wedge_timeout(4)\n" + PAIR
    result = run(t, body, "-n2", "--junitxml=j.xml", modules=XDIST, limit=60)
    says(result, "^1 failed, 1 passed")
    text = holds(one_section(result), r"^IDLE-WEDGE +threads-wait .*: 3 processes, 7 threads", r"\(call\), worker gw\d\[\d+\]$")
    if re.search(r"worker gw\d\[(\d+)\]", text).group(1) != re.search(r"culprit .*?\[(\d+)\]", text).group(1):
        raise Failed(text)
    if 'name="wedgecheck"' not in open(os.path.join(t.dir, "j.xml")).read():
        raise Failed("not in junit")


@case()
def workers_timeout(t):
    """pytest-timeout in the workers, both methods."""
    says(run(t, "def test_it():\n" + SILENT, "-n2", "--timeout=4", modules=(*XDIST, "pytest_timeout"), limit=60), "^1 failed", r"^  culprit  sleep\[")
    result = run(t, "def test_it():\n" + SILENT, "-n1", "--max-worker-restart=0", "--timeout=4", "--timeout-method=thread",
                 modules=(*XDIST, "pytest_timeout"), limit=60)
    says(result, "^---- wedgecheck ----", r"^  culprit  sleep\[", where="err")


@case()
def workers_well(t):
    """A healthy session of workers: nothing is said, nobody counts as left behind."""
    lacks(run(t, "@pytest.mark.parametrize('i', range(6))\ndef test_it(i): time.sleep(0.2)\n", "-n2", "--wedge-timeout=30", modules=XDIST,
              status=0), "wedge", "left behind")


LEAVES = "def test_leaves():\n    subprocess.Popen(['sleep', '1000'])\n"


@case()
def left_behind(t):
    """A child that outlives the session: in the failure that it belongs to, else in the summary."""
    result = run(t, LEAVES + "    assert 0\ndef test_b(): pass\n")
    text = holds(one_section(result, "left behind"), r"^sleep\[\d+\] outlived the session; started by test_it.py::test_leaves \(call\)$",
                 r"wedgereap --kill --marker='PYTEST_CURRENT_TEST=test_it.py::test_leaves \(call\)'$", r"^  test     test_it.py::test_leaves")
    if result.out.index("left behind") > result.out.index("short test summary"):
        raise Failed(result.out)
    pid = int(re.search(r"sleep\[(\d+)\]", text).group(1))
    if not os.path.exists(f"/proc/{pid}"):
        raise Failed("it was ended")
    holds(one_section(run(t, LEAVES, status=0), "left behind"), "outlived the session")
    holds(one_section(run(t, LEAVES + "    assert 0\n", "-n2", modules=XDIST), "left behind"), "outlived the session", r"\(over\), worker gw\d")


@case()
def nothing_left_behind(t):
    """Helpers of multiprocessing, zombies, who asked to be kept, and who is just ending."""
    body = "import multiprocessing\nfrom multiprocessing import shared_memory\ndef test_it():\n" \
           "    multiprocessing.get_context('forkserver').Pool(1).map(abs, [1])\n    m = shared_memory.SharedMemory(create=True, size=9); m.close(); m.unlink()\n" \
           "    subprocess.Popen(['true'])\n    subprocess.Popen(['sleep', '1000'], env={**os.environ, 'WEDGE_KEEP': '1'})\n" \
           "    subprocess.Popen(['sleep', '0.1'])\n"
    lacks(run(t, body, status=0), "left behind", "wedge")


@case()
def costs_nothing(t):
    """A suite that passes starts no process, and one thread at most."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    trace = os.path.join(t.dir, "trace")
    wrap = ("strace", "-f", "-o", trace, "-e", "trace=clone,clone3,fork,vfork,execve")
    run(t, "@pytest.mark.parametrize('i', range(300))\ndef test_it(i): pass\n", "--wedge-timeout=60", wrap=wrap, status=0, limit=60)
    lines = [line for line in open(trace) if re.search(r"\d+ +(clone|clone3|fork|vfork|execve)\(", line)]
    started = [line for line in lines if "execve(" not in line and "CLONE_THREAD" not in line]
    threads = [line for line in lines if "CLONE_THREAD" in line]
    if started or len(threads) > 1 or sum("execve(" in line for line in lines) != 1:
        raise Failed("".join(lines))


@case()
def no_tool(t):
    """No wedgecheck: one line, the timeout as ever."""
    for path in ("", "/nonexistent/wedgecheck"):
        result = run(t, "def test_it():\n" + LOCK, "--wedge-timeout=2", env={"WEDGECHECK": path, "PATH": "/nonexistent"})
        text = one_section(result).strip()
        if not re.fullmatch("wedge_pytest: no report: .*", text):
            raise Failed(text)


@case()
def bad_tools(t):
    """One that hangs, one that crashes, one that babbles: the timeout is on time."""
    for body, words in (("sleep 1000", "took too long"), ("kill -SEGV $$", "no report"), ("head -c 9000000 /dev/zero | tr '\\0' x", "x{80}")):
        result = fast(run(t, "def test_it():\n" + LOCK, "--wedge-timeout=2", env={"WEDGECHECK": script(t, "fake", f"#!/bin/sh\n{body}\n")}), 18)
        holds(one_section(result), words)


def installed(t):
    """As make install lays it out: a prefix with the plugin's folder, and the tool beside."""
    prefix = os.path.join(t.dir, "prefix")
    folder = os.path.join(prefix, "share/wedgetools/pytest")
    os.makedirs(folder)
    os.mkdir(os.path.join(prefix, "bin"))
    shutil.copy(os.path.join(PLUGIN, "wedge_pytest.py"), folder)
    os.symlink(os.path.join(t.options.tools, "wedgecheck"), os.path.join(prefix, "bin/wedgecheck"))
    return folder


@case(limit=120)
def virtual_environments(t):
    """With PYTHONPATH and by a link, in one that sees the system's packages and in one that does not."""
    base, folder = python(), installed(t)
    packages = subprocess.run([base, "-c", "import pytest, os; print(os.path.dirname(os.path.dirname(pytest.__file__)))"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    for number, words in enumerate((("--system-site-packages",), ())):
        place = os.path.join(t.dir, f"venv{number}")
        made = subprocess.run([base, "-m", "venv", "--without-pip", *words, place], stderr=subprocess.PIPE, text=True)
        if made.returncode:
            raise Skip("no venv: " + made.stderr[-200:])
        site = glob.glob(os.path.join(place, "lib/python3*/site-packages"))[0]
        if not words:
            with open(os.path.join(site, "pytest.pth"), "w") as file:
                file.write(packages + "\n")
        own = {"interpreter": os.path.join(place, "bin/python"), "env": {"WEDGECHECK": "", "PATH": os.path.join(place, "bin")}}
        holds(one_section(run(t, "def test_it():\n" + LOCK, "--wedge-timeout=2", path=folder, **own)), "^IDLE-WEDGE")
        os.symlink(os.path.join(folder, "wedge_pytest.py"), os.path.join(site, "wedge_pytest.py"))
        try:
            python("xdist")
            more = ("-n1",)
        except Skip:
            more = ()
        holds(one_section(run(t, "def test_it():\n" + LOCK, "--wedge-timeout=2", *more, path="", limit=40, **own)), "^IDLE-WEDGE")


@case()
def path_of_the_plugin(t):
    """wedgecheck --pytest-path says one folder."""
    result = t.look("--pytest-path")
    if result.status or not re.fullmatch(r"/\S+/wedgetools/pytest\n", result.out) or result.err:
        raise Failed(str(result))


@case(quick=True)
def every_python(t):
    """It compiles from 3.8 to 3.13, as far as they are here."""
    plugin, tried = os.path.join(PLUGIN, "wedge_pytest.py"), []
    code = f"import sys; compile(open({plugin!r}).read(), 'plugin', 'exec'); print('%d.%d' % sys.version_info[:2])"
    for minor in range(8, 14):
        found = [shutil.which(f"python3.{minor}"), *sorted(glob.glob(os.path.expanduser(f"~/.pyenv/versions/3.{minor}.*/bin/python3")))]
        for each in [each for each in found if each]:
            done = subprocess.run([each, "-SEc", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if "SyntaxError" in done.stderr:
                raise Failed(done.stderr)
            if done.returncode == 0:
                tried.append(done.stdout.strip())
                break
    if not tried:
        raise Skip("no python3.8 to 3.13 by name")
    return "with " + " ".join(tried)


# ---- Yama --------------------------------------------------------------------------------

CHOOSES = """
import json, os, sys
sys.path.insert(0, {plugin!r})
import wedge_pytest as w
w.YAMA = sys.argv[1]
said = [w.scope()]
for pid in (os.getppid(), 1, "x", ""):
    w.real.environ["WEDGE_RUN_PID"] = str(pid)
    said.append(bool(w.wedgerun()))
print(json.dumps(said))
"""


@case()
def who_may_look(t):
    """ptrace_scope says whether anybody must be asked; a wedgerun must be an ancestor, and be one."""
    def settle():
        if os.geteuid() == 0:
            os.setresuid(65534, 65534, 65534)
    code = CHOOSES.format(plugin=PLUGIN)
    for text, want in (("1\n", 1), ("0\n", 0), ("2\n", 2), ("?", 0)):
        path = os.path.join(t.dir, "scope")
        with open(path, "w") as file:
            file.write(text)
        said = json.loads(subprocess.run([python(), "-Bc", code, path], stdout=subprocess.PIPE, preexec_fn=settle).stdout)
        if said != [want, False, False, False, False]:
            raise Failed(f"{text!r}: {said}")
    runner = os.path.join(t.options.tools, "wedgerun")
    said = json.loads(subprocess.run([runner, "20", python(), "-Bc", code, "/nonexistent"], stdout=subprocess.PIPE).stdout)
    if said != [0, True, False, False, False]:
        raise Failed(f"under wedgerun: {said}")


def viewer(t, *more):
    where = os.path.join(t.options.programs, "viewer")
    if os.geteuid() != 0 or not os.access(where, os.X_OK):
        raise Skip("needs root and the zoo's viewer")
    return (where, "yama", "--", *more)


def open_prefix(t):
    """What nobody may read: the sources, where they lie in somebody's home."""
    os.chmod(t.dir, 0o777)


@case(limit=90)
def yama(t):
    """Under Yama 1 controller and workers let us look; their children are a gap."""
    open_prefix(t)
    result = run(t, "@pytest.mark.wedge_timeout(5)\ndef test_a():\n" + SILENT + "def test_b(): time.sleep(9)\n", "-n2", modules=XDIST,
                 wrap=viewer(t), limit=80)
    # Calls of the workers, both, and the stack of the one that waits; of the child, what anybody may see.
    holds(one_section(result), r"^  culprit  sleep\[\d+\]  asleep in a timed sleep \(kernel", r"^  execnet worker\[\d+\] .* read\(\d+\), pipe",
          r"^  execnet worker\[\d+\] .* clock_nanosleep, [0-9.]+ s left", r"(?s)^  stack .*execnet worker\[\d+\]\n +\w+",
          r"(?s)^  not seen system calls.*\(ptrace_scope=1\)")


@case()
def yama_taken_back(t):
    """PR_SET_PTRACER with the pid of the controller, and at the end with 0."""
    if not shutil.which("strace"):
        raise Skip("no strace")
    trace, fake = os.path.join(t.dir, "trace"), os.path.join(t.dir, "scope")
    with open(fake, "w") as file:
        file.write("1\n")
    with open(os.path.join(t.dir, "fakes.py"), "w") as file:
        file.write(f"import wedge_pytest as w\nw.YAMA = {fake!r}\nw.CAP_SYS_PTRACE = 63\n")
    result = run(t, "def test_it():\n    open('pids', 'a').write('%d %d ' % (os.getppid(), os.getpid()))\n", "-p", "fakes", "-n1",
                 "--wedge-timeout=30", modules=XDIST, status=0, path=f"{PLUGIN}:{t.dir}", wrap=("strace", "-f", "-o", trace, "-e", "trace=prctl"))
    controller, worker = open(os.path.join(t.dir, "pids")).read().split()
    calls = [tuple(re.match(r"(\d+) +prctl\(PR_SET_PTRACER, (\w+)", line).groups()) for line in open(trace) if "PR_SET_PTRACER" in line]
    if sorted(set(calls)) != sorted({(controller, controller), (worker, controller), (controller, "0"), (worker, "0")}):
        raise Failed(f"{controller} {worker}: {calls} {result}")


@case(limit=90)
def yama_wedgerun(t):
    """Where a wedgerun is around us it is asked, and its report is attached; without a place for it, it says so."""
    open_prefix(t)
    runner = os.path.join(t.options.tools, "wedgerun")
    reports = os.path.join(t.dir, "reports")
    body = "@pytest.mark.wedge_timeout(5)\n" + PAIR
    result = run(t, body, "-n2", modules=XDIST, wrap=viewer(t, runner, f"--report-dir={reports}", "0"), limit=80)
    text = holds(one_section(result), r"^IDLE-WEDGE +threads-wait", rf"^report: {reports}/\w+-1.txt$")
    if not re.search(r"culprit  execnet worker", text):
        raise Failed(text)
    result = run(t, body, "-n2", modules=XDIST, wrap=viewer(t, runner, "0"), limit=80)
    holds(one_section(result), r"^wedge_pytest: ptrace_scope=1: the report of wedgerun\[\d+\] is on its standard error")
    says(result, "^IDLE-WEDGE +threads-wait", where="err")
