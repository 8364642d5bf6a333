# SPDX-License-Identifier: MIT
"""Reports, outcomes, attempts; and triage that does not work."""
import glob
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
import xml.etree.ElementTree as xml

from running.helper import (HUNG, Failed, Skip, actor, begin, check_left, fake_check, fast, home, one_report, outcome, run,
                            says, script)
from trouble.suite import case

QUICK = ("-k", "0.5", "-w", "0.5")


def names(t, directory="reports"):
    return sorted(os.listdir(os.path.join(t.dir, directory)))


@case()
def report_directory(t):
    """One JSON, one text, one snapshot a hang; outcome and JUnit file a run; nothing half."""
    result = run(t, "--report-dir=reports", *QUICK, "1", "sh", "-c", "sleep 60", status=HUNG)
    found = outcome(t)
    identity = found["run_id"]
    want = {f"{identity}-1.json", f"{identity}-1.txt", f"{identity}-1.wedge", f"{identity}-outcome.json",
            f"{identity}-junit.xml"}
    if set(names(t)) != want:
        raise Failed(f"{names(t)}, want {want}")
    attempt = found["attempts"][0]
    if found["outcome"] != "hang" or found["exit_status"] != HUNG or attempt["report"] != f"{identity}-1.json":
        raise Failed(str(found))
    report = json.load(open(os.path.join(t.dir, "reports", attempt["report"])))
    if report["schema"] != "wedgetools.report/1" or report["labels"]["wedge_run_id"] != identity or \
            attempt["class"] != report["verdict"]["class"] or attempt["signature"] != report["verdict"].get("signature"):
        raise Failed(f"{attempt} {report['verdict']}")
    replay = subprocess.run([os.path.join(t.options.tools, "wedgecheck"), "--replay",
                             os.path.join(t.dir, "reports", f"{identity}-1.wedge")], stdout=subprocess.PIPE, text=True)
    if replay.stdout not in result.err:
        raise Failed("the snapshot says something else")
    tree = xml.parse(os.path.join(t.dir, "reports", f"{identity}-junit.xml")).getroot()
    error = tree.find("./testsuite/testcase/error")
    if error is None or error.get("type") != "hang" or tree.find("testsuite").get("errors") != "1":
        raise Failed(xml.tostring(tree).decode())


@case()
def report_directory_passes(t):
    """Without a hang: outcome and JUnit file all the same."""
    run(t, "--report-dir=reports", "10", "sh", "-c", "exit 3", status=3)
    found = outcome(t)
    if found["outcome"] != "failed" or found["attempts"][0]["exit_status"] != 3 or len(names(t)) != 2:
        raise Failed(f"{found} {names(t)}")


@case()
def report_directory_unusable_32(t):
    """A file where it should be, or no right to write: the run goes on, the report goes to stderr."""
    open(os.path.join(t.dir, "file"), "w").close()
    for where in ("file", "/proc/nowhere", "no/such/parent"):
        result = one_report(run(t, f"--report-dir={where}", *QUICK, "1", "sleep", "60", status=HUNG))
        says(result, r"^wedgerun: cannot (make|write to) .*reports go to stderr\n")
        run(t, f"--report-dir={where}", "10", "sh", "-c", "exit 3", status=3)


@case()
def disk_full_32(t):
    """No room in the report directory: no half file, the report goes to stderr."""
    if os.geteuid() != 0:
        raise Skip("needs root")
    small = os.path.join(t.dir, "small")
    os.mkdir(small)
    script_ = f"mount -t tmpfs -o size=8k,nr_inodes=64 small {small} && head -c 8192 /dev/zero >{small}/fill; " \
              f"{os.path.join(t.options.tools, 'wedgerun')} --report-dir={small} {' '.join(QUICK)} 1 sleep 60; " \
              f"echo status $?; ls -A {small}"
    process = t.begin("-m", "sh", "-c", script_, tool="../../../../../../../../usr/bin/unshare",
                      env={"XDG_RUNTIME_DIR": home(t)})
    result = t.finish(process)
    if "mount" in result.err and "status" not in result.out:
        raise Skip(result.err)
    if result.out.split() != ["status", "124", "fill"]:
        raise Failed(f"{result} {result.out}")
    one_report(result)
    says(result, "No space left")
    check_left(t, 0)


@case()
def concurrent_32(t):
    """Several runs at once share a report directory: nobody overwrites anybody."""
    running = []
    for i in range(4):
        process = begin(t, "--report-dir=reports", *QUICK, "1", "sleep", "60",
                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        running.append(process)
    for process in running:
        if process.wait(20) != HUNG:
            raise Failed(f"status {process.returncode}")
    if len(glob.glob(os.path.join(t.dir, "reports", "*-outcome.json"))) != 4 or len(names(t)) != 20:
        raise Failed(str(names(t)))
    check_left(t, 0)


@case()
def triage_hangs_33(t):
    """wedgecheck never comes back, stopped or asleep: the kill is on time."""
    for body in ("time.sleep(60)", "os.kill(os.getpid(), signal.SIGSTOP)",
                 "os.fork() or time.sleep(60)\nfor n in (1, 2, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(60)"):
        fake = fake_check(t, body=body)
        result = run(t, "--triage", "1", *QUICK, "1", "sleep", "60", status=HUNG, env={"WEDGECHECK": fake})
        says(fast(result, 4.5), "no report: looking took too long")


@case()
def triage_missing_33(t):
    """No wedgecheck, one that crashes, one that fails, one that talks nonsense: told in a line, ended on time."""
    crash = script(t, "crash", "#!/bin/sh\nkill -SEGV $$\n")
    failing = script(t, "failing", "#!/bin/sh\nexit 2\n")
    nonsense = script(t, "nonsense", "#!/bin/sh\necho '{\"findings\": [7, {]'\n")
    for fake, words in (("/nonexistent", "not found"), (crash, "killed by signal"), (failing, "exit status 2")):
        result = fast(run(t, *QUICK, "1", "sleep", "60", status=HUNG, env={"WEDGECHECK": fake}), 4)
        says(result, rf"no report: wedgecheck.*{words}")
    run(t, "--report-dir=reports", *QUICK, "1", "sleep", "60", status=HUNG, env={"WEDGECHECK": nonsense})
    if outcome(t)["attempts"][0]["class"] is not None:
        raise Failed("a class out of nonsense")


@case()
def ended_while_looking(t):
    """It ends while it is looked at: no report, its own status."""
    fake = fake_check(t, body="time.sleep(1)")
    result = run(t, *QUICK, "1", "sh", "-c", "sleep 0.8; exit 5", status=5, env={"WEDGECHECK": fake})
    if result.err:
        raise Failed(str(result))


def counting(t, *lines):
    """A command that does something else each time."""
    cases = "\n".join(f"{i + 1}) {line} ;;" for i, line in enumerate(lines))
    return script(t, "counting", f"#!/bin/sh\ncase $WEDGE_ATTEMPT in\n{cases}\nesac\n")


@case()
def hang_then_pass_38(t):
    """Flaky: 0 with a warning, or 123."""
    command = counting(t, "sleep 60", "exit 0")
    result = run(t, "--report-dir=reports", "--retry-hang=2", *QUICK, "1", command, status=0)
    says(one_report(result), "warning: flaky: it hung, and passed at attempt 2")
    if outcome(t)["outcome"] != "flaky":
        raise Failed(str(outcome(t)))
    tree = xml.parse(glob.glob(os.path.join(t.dir, "reports", "*.xml"))[0]).getroot()
    if tree.find("./testsuite/testcase/flakyError") is None or tree.find("testsuite").get("errors") != "0":
        raise Failed(xml.tostring(tree).decode())
    says(run(t, "--retry-hang=2", "--flaky=fail", *QUICK, "1", command, status=123), "error: flaky")


@case()
def hang_then_fail_38(t):
    """Only hangs are tried again; a failure is final, and so is a pass."""
    command = counting(t, "sleep 60", "exit 5")
    run(t, "--retry-hang=2", *QUICK, "1", command, status=5)
    result = run(t, "--retry-hang=2", *QUICK, "1", counting(t, "exit 5", "exit 0"), status=5)
    if result.err:
        raise Failed(str(result))


@case()
def hang_twice_38(t):
    """Twice, with the same and with another signature."""
    for lines, words in ((("w1:aaaa", "w1:aaaa"), "2 hangs with the same signature"),
                         (("w1:aaaa", "w1:bbbb"), "2 hangs with different signatures"),
                         ((None, None), "2 hangs with no signatures")):
        fakes = [fake_check(t, f"fake{i}", signature=line) for i, line in enumerate(lines)]
        chooser = script(t, "chooser", f"#!/bin/sh\ncase $WEDGE_ATTEMPT in 1) exec {fakes[0]} \"$@\";; esac\nexec {fakes[1]} \"$@\"\n")
        shutil.rmtree(os.path.join(t.dir, "reports"), ignore_errors=True)
        result = run(t, "--report-dir=reports", "--retry-hang=1", *QUICK, "1", "sleep", "60", status=HUNG,
                     env={"WEDGECHECK": chooser})
        says(result, words)
        found = outcome(t)
        if [attempt["signature"] for attempt in found["attempts"]] != list(lines):
            raise Failed(str(found))


@case()
def retry_waits_for_ports_39(t):
    """Not again while somebody listens where the last attempt did."""
    port_file = os.path.join(t.dir, "port")
    code = "import socket,sys,time; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1); " \
           f"s.bind(('127.0.0.1',0)); s.listen(); open({port_file!r},'w').write(str(s.getsockname()[1])+chr(10)); time.sleep(60)"
    command = script(t, "server", f"#!/bin/sh\n[ $WEDGE_ATTEMPT = 1 ] || exit 0\nexec {sys.executable} -SEc \"{code}\"\n")
    # Free again when it is gone: the second attempt runs.
    run(t, "--retry-hang=1", *QUICK, "1", command, status=0)
    # Taken by a stranger: it does not.
    os.unlink(port_file)
    process = begin(t, "--retry-hang=1", *QUICK, "1.5", command)
    end = time.monotonic() + 5
    while not os.path.exists(port_file) or not open(port_file).read().endswith("\n"):
        if time.monotonic() > end:
            raise Failed("no port")
        time.sleep(0.01)
    import socket
    stranger = socket.socket()
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    stranger.bind(("127.0.0.1", int(open(port_file).read())))
    stranger.listen()
    result = t.finish(process)
    says(result, r"not run again: port \d+, on which it listened, is still taken")
    if result.status != HUNG:
        raise Failed(str(result))
    check_left(t, 0)


@case()
def repeated(t):
    """--repeat: a table; --until-fail stops; the worst outcome is the status."""
    result = run(t, "--repeat=3", "10", "true", status=0)
    says(result, r"(?s)run  outcome.*3 passed")
    command = counting(t, "exit 0", "exit 4", "exit 0")
    says(run(t, "--repeat=3", "10", command, status=4), "2 passed, 1 failed")
    says(run(t, "--repeat=3", "--until-fail", "10", command, status=4), "1 passed, 1 failed")
    result = run(t, "--repeat=2", "--report-dir=reports", *QUICK, "1", counting(t, "sleep 60", "exit 0"), status=HUNG)
    says(result, "1 passed, 1 hang")
    tree = xml.parse(glob.glob(os.path.join(t.dir, "reports", "*.xml"))[0]).getroot()
    if len(tree.findall("./testsuite/testcase")) != 2:
        raise Failed(xml.tostring(tree).decode())


@case()
def stderr_closed(t):
    """Nobody reads our stderr: the run ends all the same."""
    read, write = os.pipe()
    os.close(read)
    process = begin(t, *QUICK, "1", "sleep", "60", stderr=write)
    os.close(write)
    if t.finish(process).status != HUNG:
        raise Failed("status")
    check_left(t, 0)
