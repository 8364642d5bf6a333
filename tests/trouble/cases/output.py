# SPDX-License-Identifier: MIT
"""Where results go: closed, full, gone; and --save."""
import os
import stat

from trouble.stage import Failed, Skip
from trouble.suite import case

FORMATS = ("text", "json", "class")
LOST = "cannot write to standard output"


def snapshot(t):
    """A saved look at ourselves."""
    t.files.add("s.wedge")
    path = os.path.join(t.dir, "s.wedge")
    if not os.path.exists(path):
        result = t.look("-w0", f"--save={path}", str(os.getpid()))
        if result.status == 2:
            raise Failed(str(result))
    return path


@case(quick=True)
def output_closed(t):
    """>&-: status 2 and a line."""
    for words in (("-w0", str(os.getpid())), ("--help",), ("--version",), ("--completion=bash",), ("-w0", "--json", str(os.getpid()))):
        t.refused(t.look(*words, wrap=("sh", "-c", 'exec "$@" >&-', "sh")), LOST)


@case(quick=True)
def output_full(t):
    """A full disk, in every format."""
    saved = snapshot(t)
    for words in (*((f"--format={name}", f"--replay={saved}") for name in FORMATS), ("--help",), ("--version",)):
        t.refused(t.look(*words, stdout=open("/dev/full", "wb")), LOST + ": No space left")


@case(quick=True)
def output_to_nobody(t):
    """| true: not killed by SIGPIPE, but status 2 and a line."""
    saved = snapshot(t)
    for name in FORMATS:
        read, write = os.pipe()
        os.close(read)
        t.refused(t.look(f"--format={name}", f"--replay={saved}", stdout=write), LOST + ": Broken pipe")
        os.close(write)


@case(quick=True)
def all_closed(t):
    """Without stdin, stdout and stderr nothing is written to what is opened in their place."""
    path = os.path.join(t.dir, "s.wedge")
    t.files.add("s.wedge")
    result = t.look("-w0", f"--save={path}", str(os.getpid()), wrap=("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"))
    if result.status != 2 or os.path.exists(path):
        raise Failed(str(result))
    result = t.look("-w0", f"--save={path}", str(os.getpid()), wrap=("sh", "-c", 'exec "$@" <&- 2>&-', "sh"))
    if result.status not in (0, 1, 3) or not open(path).readline().startswith("{"):
        raise Failed(str(result))
    result = t.look(f"--replay={path}", wrap=("sh", "-c", 'exec "$@" <&-', "sh"))
    if result.status not in (0, 1, 3) or not result.out:
        raise Failed(str(result))


@case(quick=True)
def standard_input_closed_replay(t):
    """--replay=- of nothing."""
    t.refused(t.look("--replay=-", wrap=("sh", "-c", 'exec "$@" <&-', "sh")), "-:|cannot read -")
    t.refused(t.look("--replay=-"), "empty: not a saved snapshot")


@case(quick=True)
def save_where_nothing_can_be(t):
    """No directory, a directory, a device, a link, a FIFO: a line, and what was there stays."""
    aim, own = os.path.join(t.dir, "aim"), str(os.getpid())
    link, pipe, dangling = (os.path.join(t.dir, name) for name in ("link", "pipe", "dangling"))
    with open(aim, "w") as file:
        file.write("precious")
    os.symlink(aim, link)
    os.symlink(os.path.join(t.dir, "nowhere"), dangling)
    os.mkfifo(pipe)
    t.files |= {"aim", "link", "pipe", "dangling"}
    for path in (t.dir, link, dangling, pipe, "/dev/full", "/dev/null", "/dev/stdout"):
        before = os.lstat(path)
        t.refused(t.look("-w0", f"--save={path}", own), "cannot save to .*: it is there and no regular file")
        if os.lstat(path).st_ino != before.st_ino:
            raise Failed(f"{path} was replaced")
    if open(aim).read() != "precious":
        raise Failed("written through a link")
    for path in ("/no/such/directory/x", aim + "/x", "/proc/x", os.path.join(t.dir, "n" * 256)):
        result = t.look("-w0", f"--save={path}", own)
        if result.status != 2 or len(result.err.splitlines()) != 1 or "cannot save to" not in result.err or not result.out:
            raise Failed(f"want the report, status 2 and one line, have {result}")


@case(quick=True)
def save_over(t):
    """A regular file is replaced as a whole, private; or stays as it was."""
    path = os.path.join(t.dir, "old")
    t.files.add("old")
    with open(path, "w") as file:
        file.write("x" * 1000000)
    os.chmod(path, 0o644)
    result = t.look("-w0", f"--save={path}", str(os.getpid()))
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if result.status == 2 or mode != 0o600 or not open(path).read().endswith('{"end": true}\n'):
        raise Failed(f"mode {mode:o}, {result}")


@case(quick=True)
def save_disk_full(t):
    """No room: a line, status 2, the old file stays and none is left beside it."""
    if os.geteuid():
        raise Skip("mounting needs root")
    place = os.path.join(t.dir, "small")
    os.mkdir(place)
    t.files.add("small")
    result = t.look("-w0", f"--save={place}/x", str(os.getpid()), wrap=(
        "unshare", "-m", "sh", "-c",
        'mount -t tmpfs -o size=4k none small || exit 77; echo old >small/x; "$@"; s=$?; cat small/x; ls small; exit $s', "sh"))
    if result.status == 77:
        raise Skip("no mount namespaces")
    if result.status != 2 or "No space left" not in result.err or not result.out.endswith("old\nx\n"):
        raise Failed(str(result))


@case(quick=True)
def temporary_directory_full(t):
    """A full TMPDIR is no concern of ours."""
    if os.geteuid():
        raise Skip("mounting needs root")
    place = os.path.join(t.dir, "full")
    os.mkdir(place)
    t.files.add("full")
    result = t.look("-w0", str(os.getpid()), env={"TMPDIR": place}, wrap=(
        "unshare", "-m", "sh", "-c",
        'mount -t tmpfs -o size=4k none full || exit 77; head -c 9999 /dev/zero >full/x 2>/dev/null; exec "$@"', "sh"))
    if result.status == 77:
        raise Skip("no mount namespaces")
    if result.status not in (0, 1, 3) or result.err:
        raise Failed(str(result))
