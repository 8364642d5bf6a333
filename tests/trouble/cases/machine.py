# SPDX-License-Identifier: MIT
"""A machine that refuses: no netlink, no children, hidepid, no descriptors, no memory, no processes."""
import os
import resource
import shutil

from trouble.stage import Failed, Skip
from trouble.suite import case


def strace(t, *words):
    if not shutil.which("strace"):
        raise Skip("no strace")
    return ("strace", "-f", "-qq", "-o", "/dev/null", *words, "--")


@case()
def no_netlink(t):
    """socket(2) fails: all but sockets is seen, and the gap says so."""
    pid = t.odd("listens", b"\0trouble-no-netlink".hex())
    report = t.report("-w0.2", str(pid), wrap=strace(t, "-e", "trace=socket", "-e", "inject=socket:error=EAFNOSUPPORT"))
    t.gap(report, "sockets", "unsupported")


@case()
def no_children_files(t):
    """A kernel without task/*/children: everybody is asked for the parent instead."""
    pid = t.odd("crowd", "3")
    wrap = strace(t, "-P", f"{pid}/task/{pid}/children", "-e", "trace=openat,open", "-e", "inject=openat,open:error=ENOENT")
    report = t.report("-w0.2", str(pid), wrap=wrap)
    if len(report["processes"]) < 4:
        raise Failed(f"{len(report['processes'])} processes")


@case()
def no_ptrace(t):
    """process_vm_readv, kcmp and pidfd_getfd are refused."""
    pid = t.odd("waits")
    report = t.report("-w0.2", str(pid), wrap=strace(
        t, "-e", "trace=process_vm_readv,kcmp,pidfd_getfd,pidfd_open",
        "-e", "inject=process_vm_readv,kcmp,pidfd_getfd:error=EPERM", "-e", "inject=pidfd_open:error=ENOSYS"))
    if report["processes"][0]["state"] != "S":
        raise Failed("not seen")


@case()
def everything_refused(t):
    """Each file of /proc/PID in turn answers EACCES, EIO or ENOENT: a report each time."""
    pid = t.odd("waits")
    for error in ("EACCES", "EIO", "ENOENT"):
        for name in ("status", "wchan", "syscall", "sched", "io", "cmdline", "cgroup", "environ"):
            paths = [word for path in (f"{pid}/{name}", f"{pid}/task/{pid}/{name}") for word in ("-P", path)]
            report = t.report("-w0", str(pid), wrap=strace(
                t, *paths, "-e", "trace=openat", "-e", f"inject=openat:error={error}"))
            if any(finding["certainty"] == "proved" for finding in report["findings"]):
                raise Failed(f"{name} {error}: proved")


@case()
def hidden_processes(t):
    """hidepid=2: ENOENT for the living is not "gone"."""
    if os.geteuid():
        raise Skip("mounting needs root")
    pid = t.odd("waits")
    wrap = ("unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=2 proc /proc || exit 77; exec "$@"', "sh",
            os.path.join(t.options.zoo, "viewer"), "user", "--")
    result = t.look("-w0", str(pid), wrap=wrap)
    if result.status == 77:
        raise Skip("cannot mount /proc")
    t.refused(result, f"process {pid} is hidden from us .*hidepid")
    own = t.odd("waits", uid=65534)
    report = t.report("-w0", str(own), wrap=wrap)
    if any(finding["certainty"] == "proved" for finding in report["findings"]):
        raise Failed("proved, though others are hidden")


@case()
def few_descriptors(t):
    """Sixteen, soft and hard; and only three."""
    pid = t.odd("crowd", "30")

    def limited(most):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    report = t.report("-w0.2", str(pid), preexec_fn=limited(16))
    if len(report["processes"]) != 31:
        raise Failed(f"{len(report['processes'])} processes")
    for most in range(4, 16):
        result = t.look("-w0", str(pid), preexec_fn=limited(most))
        if result.status == 127:
            continue  # not even its libraries
        if result.status == 2:
            t.refused(result, "Too many open files|cannot")
        elif result.err:
            raise Failed(str(result))


@case()
def little_memory(t):
    """However little there is: the report, or one line and status 2."""
    if t.sanitized:
        raise Skip("sanitizers need terabytes of address space")
    pid = t.odd("crowd", "20")
    said = set()
    for megabytes in (*range(4, 24, 1), *range(24, 160, 8)):
        def limit(most=megabytes << 20):
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        result = t.look("-w0", str(pid), preexec_fn=limit)
        said.add(result.status)
        if result.status == 127:
            continue  # not even its libraries
        if result.status == 2:
            t.refused(result, "Cannot allocate memory")
        elif result.err:
            raise Failed(f"{megabytes} MB: {result}")
    if not {0, 2} <= said | ({0} if said & {1, 3} else set()):
        raise Failed(f"tried nothing: {said}")


@case()
def no_more_processes(t):
    """fork(2) of the helper fails: gaps, not a crash."""
    if os.geteuid():
        raise Skip("needs root to be somebody else")
    pid = t.odd("waits", uid=64999)
    wrap = ("setpriv", "--reuid=64999", "--clear-groups", "prlimit", "--nproc=0:0")
    report = t.report("-w0.2", str(pid), wrap=wrap)
    t.gap(report, "state", "strange", "ulimit -u")
