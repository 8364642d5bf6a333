# SPDX-License-Identifier: MIT
"""Our own limit, and pytest-timeout's."""
import os
import re
import xml.etree.ElementTree as xml

from sessions.session import HEAD, LOCK, SILENT, TOP, begin, fast, holds, lacks, one_section, run, says, sections, write  # noqa: F401
from trouble.stage import Failed
from trouble.suite import case

NO_TIMEOUT = ("-p", "no:timeout")
FEED = (TOP / "tests/demo/test_feed.py").read_text().replace('with_name("feedd.py")', f'with_name("feedd.py").__class__({str(TOP / "tests/demo/feedd.py")!r})')


@case()
def own_limit(t):
    """The test of the demo: the worker that stopped reading is named, not the thread that looks."""
    result = run(t, FEED, *NO_TIMEOUT, "--wedge-timeout=4", env={"FEED_READY": os.path.join(t.dir, "ready")})
    says(result, r"^E +Failed: wedge_pytest: did not end within 4 s", "^1 failed")
    holds(one_section(result), r"^STUCK-IPC +not-consuming +\(likely\) .*: 2 processes, 2 threads", r"^  test     test_it.py::test_reconnect \(call\)$",
          r"^  culprit  feedd.py\[\d+\]", "18 204 B unread")


@case()
def timeout_by_signal(t):
    """pytest-timeout's own words, and ours in a section; no thread of ours among its stacks."""
    result = run(t, "def test_it():\n" + SILENT, "--timeout=4", modules=("pytest_timeout",))
    says(result, r"^E +Failed: Timeout >4.0s")
    lacks(result, "wedge_pytest.py", "Stack of")
    holds(one_section(result), r"holds-write-end +\(likely\)", r"culprit  sleep\[")
    fast(result, 12)


@case()
def timeout_by_thread(t):
    """The report is on stderr before the process is gone, and what was captured as well."""
    result = run(t, "def test_it():\n    print('as captured')\n" + SILENT, "--timeout=4", "--timeout-method=thread",
                 modules=("pytest_timeout",))
    says(result, r"(?s)^---- wedgecheck ----\n.*culprit  sleep\[.*\+ Timeout \+.*Captured stdout.*as captured", where="err")
    lacks(result, "watch_all", where="err")


@case()
def both_limits(t):
    """Whichever comes first."""
    result = run(t, "def test_it():\n" + LOCK, "--timeout=30", "--wedge-timeout=2", modules=("pytest_timeout",))
    says(result, "did not end within 2 s")
    one_section(result)
    result = run(t, "def test_it():\n" + LOCK, "--timeout=2", "--wedge-timeout=30", modules=("pytest_timeout",))
    says(result, "Failed: Timeout")
    one_section(result)


@case()
def by_marker_and_ini(t):
    """The marker before the command line, that before the configuration."""
    with open(os.path.join(t.dir, "pytest.ini"), "w") as file:
        file.write("[pytest]\nwedge_timeout = 2\naddopts = --strict-markers\n")
    says(run(t, "def test_it():\n" + LOCK), "did not end within 2 s")
    says(run(t, "def test_it():\n" + LOCK, "--wedge-timeout=3"), "did not end within 3 s")
    body = "@pytest.mark.wedge_timeout(%s)\ndef test_it():\n"
    says(run(t, body % 1 + LOCK, "--wedge-timeout=30"), "did not end within 1 s")
    run(t, body % 0 + "    time.sleep(3)\n", status=0)


@case()
def culprits(t):
    """What the test waits for is the answer: a child with os.wait, with polling, a lock."""
    body = "def test_%s():\n" % "any" + "    p = subprocess.Popen(['sleep', '1000']); os.wait()\n" + \
           "def test_polls():\n    p = subprocess.Popen(['sleep', '1000']); p.wait(timeout=600)\n" + "def test_lock():\n" + LOCK
    result = run(t, body, "--wedge-timeout=3", limit=60)
    found = sections(result)
    if len(found) != 3:
        raise Failed(result.out[-5000:])
    for text in found[:2]:
        holds(text, r"^  culprit  sleep\[", r"^  victims  pytest\[")
    holds(found[2], r"^  culprit  pytest\[\d+\]  asleep", "1 thread,|2 threads,|3 processes, 3 threads")


@case()
def each_phase(t):
    """Setup, call and teardown: named, and the session goes on."""
    body = "@pytest.fixture\ndef early():\n" + LOCK + "@pytest.fixture\ndef late():\n    yield\n" + LOCK + \
           "def test_a(early): pass\ndef test_b():\n" + LOCK + "def test_c(late): pass\ndef test_d(): pass\n"
    result = run(t, body, "--wedge-timeout=2", limit=60)
    says(result, "^1 failed, 2 passed, 2 errors|^1 failed, 2 passed, 2 error")
    for test, phase in (("a", "setup"), ("b", "call"), ("c", "teardown")):
        says(result, rf"^  test     test_it.py::test_{test} \({phase}\)$")


@case()
def swallowed(t):
    """A test that goes on after the interrupt is interrupted again, but not for ever."""
    result = run(t, "def test_it():\n    while True:\n        try:\n            time.sleep(1000)\n        except BaseException:\n            pass\n",
                 "--wedge-timeout=1", limit=60)
    says(result, "test_it did not end within 1 s, nor when it was interrupted", where="err")


@case()
def made_nothing_of(t):
    """Interrupted once, and the test passes all the same: the report is not lost."""
    result = run(t, "def test_it():\n    try:\n        time.sleep(1000)\n    except BaseException:\n        pass\n",
                 "--wedge-timeout=2", status=0)
    says(result, "^1 passed", r"^-+ interrupted -+$", "^test_it.py::test_it did not end in time, and made nothing of being interrupted$",
         r"^  test     test_it.py::test_it \(call\)$")


@case()
def waits_for_all(t):
    """It ends before its limit when the last of its children has: none of ours is among them."""
    body = "def test_it():\n    subprocess.Popen(['sleep', '3'])\n    while True:\n        try:\n            os.wait()\n" \
           "        except ChildProcessError:\n            break\n"
    lacks(run(t, body, "--wedge-timeout=4", status=0), "wedgecheck", "interrupted")


@case()
def stuck_in_c(t):
    """A mutex in C, taken twice: the report goes to stderr with what was captured, the process ends."""
    body = "def test_it():\n    print('as captured')\n    libc = ctypes.CDLL(None); mutex = ctypes.create_string_buffer(64)\n" \
           "    libc.pthread_mutex_lock(mutex); libc.pthread_mutex_lock(mutex)\n"
    result = run(t, body, "--wedge-timeout=2", limit=40)
    says(result, "nor when it was interrupted", "as captured", "^---- wedgecheck ----", r"^  culprit  ", where="err")
    fast(result, 20)


@case()
def just_before_the_limit(t):
    """The look had begun; the test passes: not a word, and nothing is left."""
    result = run(t, "def test_it(): time.sleep(2.6)\n" * 1, "--wedge-timeout=4", status=0)
    lacks(result, "wedge")
    lacks(result, ".", where="err")
    t.files.update(("test_it.py",))
    t.check_nothing_left()


@case()
def failed_before_the_limit(t):
    """A failure of its own has no report."""
    lacks(run(t, "def test_it():\n    time.sleep(2.6)\n    assert 0\n", "--wedge-timeout=4"), "- wedgecheck -")


@case()
def slow_but_healthy(t):
    """No false alarm."""
    result = run(t, "@pytest.mark.parametrize('i', range(3))\ndef test_it(i): subprocess.run(['sleep', '1'])\n", "--wedge-timeout=20",
                 status=0)
    lacks(result, "wedge")


@case()
def in_junit(t):
    """The report is a property of the test case."""
    run(t, "def test_it():\n" + LOCK, "--wedge-timeout=2", "--junitxml=j.xml")
    found = xml.parse(os.path.join(t.dir, "j.xml")).getroot().findall(".//testcase/properties/property[@name='wedgecheck']")
    if len(found) != 1 or "\n  test     test_it.py::test_it (call)" not in found[0].get("value"):
        raise Failed(open(os.path.join(t.dir, "j.xml")).read()[:3000])


@case()
def captures(t):
    """-s and --capture=sys: the same."""
    for how in ("-s", "--capture=sys"):
        one_section(run(t, "def test_it():\n" + LOCK, "--wedge-timeout=2", how))


@case()
def hostile_names(t):
    """Ids of tests with escapes, newlines, NUL and half characters."""
    body = "@pytest.mark.parametrize('x', [1], ids=['\\x1b[31m\\n::error::\\x00\\ud800%s{pid}'])\ndef test_it(x):\n" + LOCK
    result = run(t, body, "--wedge-timeout=2")
    text = one_section(result)
    holds(text, r"^  test     test_it.py::test_it\[")
    t.clean(text)


@case()
def debugged(t):
    """At the prompt of pdb no limit counts; with --pdb a hang ends at it."""
    read, write_ = os.pipe()
    process = begin(t, "def test_it():\n    breakpoint()\n    time.sleep(0.1)\n", "--wedge-timeout=1", stdin=read)
    os.close(read)
    import time
    time.sleep(4)
    if process.poll() is not None:
        raise Failed("it did not stay at the prompt")
    os.write(write_, b"c\n")
    os.close(write_)
    result = t.finish(process)
    if result.status != 0:
        raise Failed(f"{result}\n{result.out}")
    lacks(result, "wedgecheck")
    says(run(t, "def test_it():\n" + LOCK, "--wedge-timeout=2", "--pdb", status=2), r"\(Pdb\)", "did not end within 2 s")


@case()
def world_of_the_test(t):
    """Clocks, processes and threads that a test replaced are not ours."""
    body = "def test_it(monkeypatch):\n    def no(*a, **k): raise RuntimeError('patched')\n" + "".join(
        f"    monkeypatch.setattr({name!r}, no)\n" for name in (
            "time.monotonic", "os.read", "os.kill", "os.waitpid", "os.posix_spawn", "subprocess.Popen", "threading.Thread.start",
            "os.listdir", "builtins.open")) + "    os.environ.clear(); os.chdir('/')\n    signal = ctypes.CDLL(None).pause\n    signal()\n    signal()\n"
    holds(one_section(run(t, body, "--wedge-timeout=2")), r"^  culprit  pytest\[")


@case()
def threads_of_the_test(t):
    """Nobody who counts threads meets ours."""
    body = "def test_it():\n    assert threading.active_count() == 1 and threading.enumerate() == [threading.main_thread()]\n"
    run(t, body, "--wedge-timeout=20", status=0)


@case()
def values_that_make_no_sense(t):
    """One line, and the session goes on."""
    body = "@pytest.mark.wedge_timeout('soon')\ndef test_it(): pass\ndef test_b(): pass\n"
    result = says(run(t, body, status=0), "^2 passed", "^wedge_pytest: ValueError")
    if len(re.findall("wedge_pytest", result.out)) != 1:
        raise Failed(result.out)
    with open(os.path.join(t.dir, "pytest.ini"), "w") as file:
        file.write("[pytest]\nwedge_timeout = -3\n")
    says(run(t, "def test_it(): pass\n", status=0), "^1 passed", "^wedge_pytest: .*not a number of seconds")
    says(run(t, "def test_it(): pass\n", "--wedge-timeout=x", status=4), "wedge-timeout: invalid float", where="err")
