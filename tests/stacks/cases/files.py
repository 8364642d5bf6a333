# SPDX-License-Identifier: MIT
"""Files that are gone, other than they were, elsewhere, or whose names are kept in another file."""
import os
import shutil

from trouble.stage import Skip

from stacks.build import C
from stacks.rows import Row, add, own_copy, own_directory

CHAIN = "park f5 f4 f3 f2 f1 main"
PLUGGED = "park from_plug plug_inner plug_run calls_plug main"
HOST, STRIP = C("host.c"), 'strip -o "$new" "$whole"'
PLUG = C("plug.c", "-O2 -shared -fPIC")
OTHER = C("plug.c", "-O2 -shared -fPIC -DOTHER")

NAMED_NOW = "reads the file that has its name now"


def deleted(stage, file, args):
    copy = own_copy(stage, file)
    pids = stage.spawn(copy, *args)[1]
    os.unlink(copy)
    return pids


def replaced(stage, file, args):
    """By another that is as long, whose functions lie elsewhere."""
    copy = own_copy(stage, file)
    pids = stage.spawn(copy, *args)[1]
    os.rename(own_copy(stage, stage.options.built[C("chain.c", "-O0")], "new"), copy)
    return pids


def plugged(then="", other=None):
    def start(stage, file, args):
        library = own_copy(stage, stage.options.built[PLUG], "plug.so")
        more = (then, *([own_copy(stage, stage.options.built[other], "other.so")] if other else [])) if then else ()
        return stage.spawn(file, library, *args, *more)[1]
    return start


def elsewhere(stage, file, args):
    """In a mount namespace where its file is, and nowhere else."""
    place = own_directory(stage)
    script = 'mount -t tmpfs none "$0" || exit 77; cp "$1" "$0/program"; shift; exec "$0/program" "$@"'
    return stage.spawn("unshare", "-m", "sh", "-c", script, place, file, *args)[1]


def rooted(stage, file, args):
    place = own_directory(stage)
    shutil.copy(file, os.path.join(place, "program"))
    return stage.spawn("chroot", place, "/program", *args)[1]


add(Row("deleted", C("chain.c"), chain="=" + CHAIN, start=deleted, without={"gdb": NAMED_NOW}),
    Row("replaced", C("chain.c"), chain="=" + CHAIN, start=replaced, twins=(C("chain.c", "-O0"),),
        without={"eu-stack": NAMED_NOW, "gdb": NAMED_NOW}),
    Row("dlopened", HOST, chain="=" + PLUGGED, start=plugged(), twins=(PLUG,)),
    Row("dlopened-deleted", HOST, chain="=" + PLUGGED, start=plugged("deleted"), twins=(PLUG,), without={"gdb": NAMED_NOW}),
    Row("dlopened-replaced", HOST, chain="=" + PLUGGED, start=plugged("replaced", OTHER), twins=(PLUG, OTHER),
        without={"eu-stack": NAMED_NOW, "gdb": NAMED_NOW}),
    Row("mount-namespace", C("chain.c"), chain="=" + CHAIN, start=elsewhere, root=True, needs=("unshare",)),
    Row("chroot", C("chain.c", "-O2 -static"), chain="=" + CHAIN, start=rooted, root=True, needs=("chroot",)))

# ---- names kept elsewhere ------------------------------------------------------------------------

LINKED = C("chain.c", "-O2 -g", then='objcopy --only-keep-debug "$whole" "$out.debug"; '
           'objcopy -S --add-gnu-debuglink="$out.debug" "$whole" "$new"')
# the checksum in the link is of another file: its names are not to be believed
LINKED_WRONG = C("chain.c", "-O2 -g -Wl,--build-id=none", then='gcc -D_GNU_SOURCE -O0 -g -Wl,--build-id=none -o "$out.other" '
                 '"$source" -pthread; cp "$whole" "$out.debug"; objcopy -S --add-gnu-debuglink="$out.debug" "$whole" "$new"; '
                 'objcopy --only-keep-debug "$out.other" "$out.debug"')
MINI = C("chain.c", "-O2 -g", needs=("xz",), then="""
    objcopy --only-keep-debug "$whole" "$out.mini"
    nm -D "$whole" --format=posix --defined-only | awk '{ print $1 }' | sort >"$out.dynamic"
    nm "$whole" --format=posix --defined-only | awk '$2 ~ /^[Tt]$/ { print $1 }' | sort >"$out.functions"
    comm -13 "$out.dynamic" "$out.functions" >"$out.keep"
    objcopy -S --remove-section .gdb_index --remove-section .comment --keep-symbols="$out.keep" "$out.mini"
    xz -f "$out.mini"
    objcopy -S --add-section .gnu_debugdata="$out.mini.xz" "$whole" "$new" """)
BY_ID = C("chain.c", "-O2 -g -Wl,--build-id=0x77656467650a0b0c", then='objcopy --only-keep-debug "$whole" "$out.debug"; '
          'objcopy -S "$whole" "$new"')
NAMED = "=" + CHAIN  # by names that were told, not looked up in the file it was stripped from


def debug_by_id(stage, file):
    """Whoever looks does so in a mount namespace with this one file in /usr/lib/debug."""
    if not os.path.isdir("/usr/lib/debug"):
        raise Skip("no /usr/lib/debug here")
    script = 'mount -t tmpfs none /usr/lib/debug && mkdir -p /usr/lib/debug/.build-id/77 && ' \
             'cp "$0" /usr/lib/debug/.build-id/77/656467650a0b0c.debug && exec "$@"'
    return "unshare", "-m", "sh", "-c", script, file + ".debug"


def beside(stage, file, args):
    """The debug file lies in .debug, beside the program, where both are now."""
    copy = own_copy(stage, file)
    os.mkdir(os.path.join(os.path.dirname(copy), ".debug"))
    shutil.copy(file + ".debug", os.path.join(os.path.dirname(copy), ".debug"))
    return stage.spawn(copy, *args)[1]


add(Row("debug-link", LINKED, chain=NAMED, ways=("sleep",)),
    Row("debug-link-beside", LINKED, chain=NAMED, ways=("sleep",), start=beside),
    Row("debug-link-wrong", LINKED_WRONG, chain=CHAIN, ways=("sleep",)),
    Row("debug-by-id", BY_ID, chain=NAMED, ways=("sleep",), wrap=debug_by_id, root=True, needs=("unshare",)),
    Row("debug-mini", MINI, chain=NAMED, ways=("sleep",)))
