# SPDX-License-Identifier: MIT
"""What timeout(1) does, done the same way."""
import os
import re
import signal
import subprocess
import sys
import time

from running.helper import (HUNG, Failed, actor, begin, check_left, fast, home, one_report, reports, run, says, script,
                            silent)
from trouble.suite import case


@case()
def passes_through(t):
    """stdin, stdout, stderr and the environment are the command's own; nothing is said."""
    with open(os.path.join(t.dir, "in"), "w") as file:
        file.write("hello\n")
    result = run(t, "10", "sh", "-c", "cat; echo err >&2; echo $KEEP", status=0, env={"KEEP": "kept"},
                 stdin=open(os.path.join(t.dir, "in")))
    if result.out != "hello\nkept\n" or result.err != "err\n":
        raise Failed(str(result))


@case()
def exports_who_it_is(t):
    """WEDGE_RUN_ID, WEDGE_ATTEMPT, WEDGE_DEADLINE."""
    result = run(t, "100", "sh", "-c", "echo $WEDGE_RUN_ID $WEDGE_ATTEMPT $WEDGE_DEADLINE", status=0)
    found = re.fullmatch(r"[0-9a-f]{16} 1 (\d+)\n", result.out)
    if not found or not 90 < int(found.group(1)) - time.time() < 101:
        raise Failed(str(result))


@case()
def hang_is_told(t):
    """A hang: 124, one report, nobody left."""
    result = one_report(run(t, "1", "sleep", "100", status=HUNG))
    says(result, r"(?m)^wedgerun: sleep\[\d+\] did not end within 1 s$")
    says(result, r"culprit +sleep\[\d+\]")


@case()
def own_status_6(t):
    """A command that itself exits 122 to 127 or 137, or dies by a signal, is no hang."""
    for status in (0, 1, 42, 122, 123, 124, 125, 126, 127, 137, 255):
        silent(run(t, "10", "sh", "-c", f"exit {status}", status=status))
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1, signal.SIGSEGV):
        silent(run(t, "10", "sh", "-c", f"kill -{number.value} $$", status=-number))


@case()
def not_to_be_run_7(t):
    """Missing: 127; not executable, a directory: 126; bad #!: as timeout(1) says."""
    plain = os.path.join(t.dir, "plain")
    open(plain, "w").close()
    shebang = script(t, "shebang", "#!/nowhere/at/all\n")
    no_head = script(t, "no-head", "exit 7\n")
    for command, want in (("no-such-command", 127), ("/no/such/file", 127), (plain, 126), (t.dir, 126), (shebang, 127)):
        says(run(t, "10", command, status=want), r"^wedgerun: failed to run command '.*': .*\n$")
        if subprocess.run(["timeout", "10", command], stderr=subprocess.DEVNULL).returncode != want:
            raise Failed(f"timeout(1) says otherwise about {command}")
    silent(run(t, "10", no_head, status=7))


@case()
def limits_8(t):
    """0, fractions, suffixes, several units, huge ones; negative and nonsense ones are refused."""
    for text in ("0", "0s", "10", "10.5", ".5m", "1h30m", "2d", "1e3", "99999999999999999999999", "inf"):
        silent(run(t, text, "true", status=0))
    for text in ("-1", "", "x", "1x", "1h-3m", "nan", " 1", "1 "):
        t.refused(run(t, "--", text, "true", status=125), "duration", status=125)
    for text, most in (("0.3", 3), ("0.0001", 3), ("500e-3s", 3)):
        fast(run(t, text, "sleep", "60", status=HUNG), most)


@case(quick=True)
def unknown_option_9(t):
    """125 and one line, never a run without a limit."""
    for arguments in (["--no-such-option", "1", "true"], ["-Z", "1", "true"], ["-k", "x", "1", "true"], ["-s", "NONE", "1", "true"],
                      ["--leak=perhaps", "1", "true"], ["--repeat=0", "1", "true"], ["--kill-stalled", "1", "true"],
                      ["--flaky=maybe", "1", "true"], ["1"], [], ["--retry-hang", "-1", "1", "true"],
                      ["--repeat=2", "--retry-hang=2", "1", "true"], ["--completion=fish"], ["--preserve-status=1", "1", "true"]):
        t.refused(run(t, *arguments, status=125), ".", status=125)
    silent(run(t, "10", "sh", "-c", "exit 3", "--no-such-option", status=3))


@case(quick=True)
def help_and_completion(t):
    """--help, --version, completion scripts."""
    for arguments in (["--help"], ["--version"], ["--completion=bash"], ["--completion=zsh"]):
        result = silent(run(t, *arguments, status=0))
        if "wedgerun" not in result.out:
            raise Failed(str(result))


@case()
def signal_and_status(t):
    """-s, -k, -p: the signal wanted, KILL after the grace, the command's own status after a hang."""
    run(t, "-s", "INT", "0.5", "sh", "-c", "trap 'exit 9' INT; while :; do sleep 0.05; done", status=HUNG)
    run(t, "-p", "-s", "INT", "0.5", "sh", "-c", "trap 'exit 9' INT; while :; do sleep 0.05; done", status=9)
    run(t, "--preserve-status", "0.5", "sleep", "60", status=128 + 15)
    fast(run(t, "-p", "-k", "0.3", "0.5", *actor(t, "deaf"), status=128 + 9), 5)
    fast(run(t, "-k", "0.3", "0.5", *actor(t, "deaf"), status=HUNG), 5)
    says(run(t, "-v", "-k", "0.3", "0.5", *actor(t, "deaf"), status=HUNG), r"(?s)sent SIGTERM to actor.*sent SIGKILL to actor")


@case()
def foreground(t):
    """--foreground: the command stays in our process group."""
    for option, same in ((["-f"], True), ([], False)):
        process = begin(t, *option, "10", "sh", "-c", "ps -o pgid= -p $$; ps -o pgid= -p $PPID")
        own, parent = map(int, t.finish(process).out.split())
        if (own == parent) != same:
            raise Failed(f"{option}: groups {own} and {parent}")


@case()
def inherited_int_ignored_13(t):
    """INT ignored on entry stays ignored; the limit works, TERM too."""
    def ignore():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = begin(t, "1.5", "sleep", "60", preexec_fn=ignore)
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    result = t.finish(process)
    if result.status != HUNG or result.seconds < 1.5:
        raise Failed(str(result))
    result = run(t, "10", sys.executable, "-SEc", "import signal; print(signal.getsignal(signal.SIGINT) == signal.SIG_IGN)", preexec_fn=ignore)
    says(result, "True", where="out")
    check_left(t, 0)


@case()
def inherited_mask_14(t):
    """Every signal blocked on entry: the limit works; the command finds the same mask."""
    def block():
        signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
    fast(run(t, "-k", "0.5", "0.5", "sleep", "60", status=HUNG, preexec_fn=block), 6)
    result = run(t, "10", "grep", "SigBlk", "/proc/self/status", status=0, preexec_fn=block)
    mask = int(result.out.split()[1], 16)
    if not mask & 1 << signal.SIGTERM - 1 or not mask & 1 << signal.SIGCHLD - 1:
        raise Failed(result.out)
    result = run(t, "10", "grep", "SigBlk", "/proc/self/status", status=0)
    if int(result.out.split()[1], 16):
        raise Failed(f"not as we found it: {result.out}")


@case()
def inherited_child_ignored_15(t):
    """SIGCHLD ignored on entry: statuses come through, and the command can wait for children."""
    def ignore():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    silent(run(t, "10", "sh", "-c", "exit 5", status=5, preexec_fn=ignore))
    result = run(t, "10", sys.executable, "-SEc", "import signal; print(signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL)", preexec_fn=ignore)
    says(result, "True", where="out")
    fast(run(t, "0.5", "sleep", "60", status=HUNG, preexec_fn=ignore), 5)


@case()
def limits_are_inherited(t):
    """Our own raised limit of descriptors is not the command's."""
    import resource

    def lower():
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))
    for arguments in (["10"], ["--repeat=2", "10"]):
        result = run(t, *arguments, "sh", "-c", "ulimit -n; ls /proc/self/fd | wc -l", preexec_fn=lower, status=0)
        if set(result.out.split()) != {"256", "4"}:
            raise Failed(str(result))


@case()
def standard_files_closed(t):
    """Closed on entry: the command finds them closed, and nothing of ours goes there."""
    for fd in (0, 1, 2):
        def close(fd=fd):
            os.close(fd)
        result = run(t, "10", "sh", "-c", "exit 6", status=6, preexec_fn=close)
        if result.out:
            raise Failed(str(result))


@case()
def deadline_exactly_35(t):
    """It ends at its limit: as long as no signal was sent, its own status counts."""
    seen = set()
    for late in (0.5, 0.52, 0.6, 0.7):
        result = run(t, "-w", "0.5", "0.5", "sh", "-c", f"sleep {late}; exit 3")
        if result.status not in (3, HUNG):
            raise Failed(str(result))
        seen.add(result.status)
        if result.status == 3 and reports(result):
            raise Failed(f"a report for one that ended: {result}")
    if 3 not in seen:
        raise Failed("never its own status")


@case()
def teardown_hang_37(t):
    """Everything passed, and then it hangs: still a hang; what it printed is there."""
    result = one_report(run(t, "1", "sh", "-c", "echo PASS; sleep 60", status=HUNG))
    if result.out != "PASS\n":
        raise Failed(str(result))


@case()
def no_report_wanted_40(t):
    """--triage=0: a limit that is expected to pass costs no look."""
    result = fast(run(t, "--triage=0", "0.3", "sleep", "60", status=HUNG), 2)
    if reports(result):
        raise Failed(str(result))
    fast(run(t, "--triage=0", "-p", "0.3", "sleep", "60", status=128 + 15), 2)


@case()
def state_directory_hostile(t):
    """A link where our directory should be: the next one is used; the record is gone afterwards."""
    os.symlink("/nowhere", os.path.join(home(t), "wedgetools"))
    result = t.finish(begin(t, "10", "true"))
    if result.status != 0:
        raise Failed(str(result))
