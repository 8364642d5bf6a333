# SPDX-License-Identifier: MIT
"""What is typed: targets, selectors, options.  Starts nothing but the tools."""
import os
import subprocess

from trouble.stage import Failed, Skip
from trouble.suite import case

TOOLS = ("wedgecheck", "wedgetree", "wedgestate", "wedgestack", "wedgesock")


def gone_pid():
    process = subprocess.Popen(["true"])
    process.wait()
    return str(process.pid)


@case(quick=True)
def no_such_target(t):
    """Words that are no process."""
    for word, said in (
            ("", "empty target"), (" ", "no such process"), ("abc", "no such process id, unit"),
            ("0", "not a process id"), ("00", "not a process id"), ("+5", "no such process"),
            ("0x10", "not a process id"), ("1.5", "not a process id"), ("1e3", "not a process id"),
            ("1;2", "not a process id"), ("1,2", "not a process id"), ("99999999999999999999", "no such process"),
            ("2147483648", "no such process"), ("4194305", "no such process"), ("9" * 5000, "no such process"),
            ("../1", "no such process"), ("1/../1", "not a process id"), ("%s%n", "no such process"),
            ("\x1b[31mred\n::error::x", "no such process"), ("\u202eabc", "no such process"), ("x" * 100000, "no such process")):
        t.refused(t.look(word), said)
    t.refused(t.look("--", "-1"), "not a process id")
    t.refused(t.look(b"\xff\xfe"), "no such process")


@case(quick=True)
def no_such_target_all_tools(t):
    """The same answer from each tool."""
    for tool in TOOLS:
        t.refused(t.look("0", tool=tool), "^" + tool + ": not a process id: 0")
        t.refused(t.look("--format=yaml", "1", tool=tool), "one of text, json")


@case(quick=True)
def vanished_pid(t):
    """A process that ended before we came, alone and beside a living one."""
    t.refused(t.look(gone_pid()), "no such process")
    t.refused(t.look(str(os.getpid()), gone_pid()), "no such process")


@case(quick=True)
def unknown_options(t):
    """Options that do not exist, or not like that."""
    for words, said in (
            (("--bogus",), "unknown or ambiguous option --bogus"), (("-x",), "unknown option -x"), (("-1",), "unknown option -1"),
            (("--c", "1"), "ambiguous"), (("--window",), "value is missing"), (("-w",), "value is missing"),
            (("--json=yes",), "no value is taken"), (("--\x1b[2J",), "unknown or ambiguous option"), (("-\xe9",), "unknown option"),
            (("--" + "x" * 9999,), "unknown or ambiguous option")):
        t.refused(t.look(*words), said)


@case(quick=True)
def values_that_make_no_sense(t):
    """Option values out of range or out of mind."""
    for option, values in (
            ("window", ("", "abc", "-1", "+1", "1e3", "nan", "inf", "0x1", "3601", "1.2.3", ".", " 1", "1 ", "9" * 400)),
            ("format", ("", "yaml", "TEXT", "json,text", "%n")), ("color", ("", "yes", "Always")),
            ("width", ("", "abc", "-1", "39", "10001", "9" * 40)), ("args", ("", "some")), ("label", ("", "x", "=x")), ("test", ("",)),
            ("first", ("", "0", "-1", "x", "9" * 40)),
            ("port", ("", "0", "65536", "-1", "http!", "9" * 40)), ("session", ("", "0", "-1", "abc")),
            ("cgroup", ("", "relative", "../x")), ("match", ("(", "[", "a{999999}", "\\")),
            ("marker", ("=", "=x", "", "NO_SUCH_NAME_HERE")), ("save", ("",)), ("replay", ("",)), ("completion", ("fish", ""))):
        for value in values:
            t.refused(t.look(f"--{option}={value}", *(() if option in ("replay", "completion", "port", "session", "cgroup", "match", "marker") else ("1",))), ".")


@case(quick=True)
def values_of_stacks(t):
    """The same for the options that wedgestack has besides; other tools do not know them."""
    for option, values in (
            ("samples", ("", "0", "-1", "abc", "1.5", "10001", "9" * 40)), ("interval", ("", "0", "-1", "50ms", "60001", "9" * 40)),
            ("stop", ("", "yes", "Never")), ("flamegraph", ("", "/dev/null"))):
        for value in values:
            t.refused(t.look(f"--{option}={value}", "1", tool="wedgestack"), ".")
    t.refused(t.look("--samples=10000", "--interval=60000", "1", tool="wedgestack"), "more than an hour")
    t.refused(t.look("--samples=2", "1"), "unknown or ambiguous option")
    t.refused(t.look("--all-stacks", "1", tool="wedgestack"), "unknown or ambiguous option")
    t.refused(t.look("--stop=never", "1", tool="wedgestate"), "unknown or ambiguous option")


@case(quick=True)
def nothing_selected(t):
    """Selectors that match nothing: said as such."""
    for words in (("--match=no-such-program-on-any-machine-XYZ{3}",), ("--cgroup=/no/such/group",), ("--session=4194304",),
                  ("--marker=WEDGE_TROUBLE=none",)):
        t.refused(t.look(*words), "^wedgecheck: no")


@case(quick=True)
def conflicts(t):
    """Options that exclude each other."""
    t.refused(t.look("--replay=x", "1"), "takes no target")
    t.refused(t.look("--replay=x", "--port=80"), "takes no target")
    t.refused(t.look("--replay=x", "--save=y"), "exclude each other")


@case(quick=True)
def help_and_version(t):
    """They need no target, and say so on stdout."""
    for tool in TOOLS:
        for word in ("--help", "-h", "--version", "-V", "--completion=bash", "--completion=zsh"):
            result = t.look(word, tool=tool)
            if result.status or result.err or tool not in result.out:
                raise Failed(str(result))


@case(quick=True)
def no_target_no_terminal(t):
    """Without a terminal and without a CI job there is nobody to look at."""
    t.refused(t.look(start_new_session=True), "no target")
    t.refused(t.look("--", start_new_session=True), "no target")


@case()
def session_led_from_outside(t):
    """As in many containers: the leader of our own session is in a pid namespace that we cannot see."""
    if os.geteuid():
        raise Skip("needs root to make a pid namespace")
    t.refused(t.look("--session=self", wrap=("unshare", "--pid", "--fork", "--mount-proc")), "outside of this pid namespace")
