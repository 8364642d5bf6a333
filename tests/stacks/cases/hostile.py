# SPDX-License-Identifier: MIT
"""Targets made to be looked at badly: stacks, tables and files that make no sense, or do not stay as they are."""
import os
import pathlib
import platform
import shutil

from stacks import elf
from stacks.build import C
from stacks.lies import PT_GNU_EH_FRAME, PT_NOTE, Lie
from stacks.rows import Hostile, add, own_copy, own_directory

HOSTILE = C("hostile.c")
NOT_WHOLE = "(?!whole).*"

# ---- stacks --------------------------------------------------------------------------------------------

for mode in ("sp-zero", "sp-eight", "sp-top", "sp-kernel", "sp-nowhere", "sp-canonical", "sp-vsyscall", "sp-unmapped", "sp-none",
             "sp-noreserve", "sp-text"):
    add(Hostile(f"hostile-{mode}", HOSTILE, (mode,), chain="sleep_at", ends=NOT_WHOLE))
for mode in ("sp-beyond-file", "sp-nobody", "sp-odd", "sp-huge-pages"):
    add(Hostile(f"hostile-{mode}", HOSTILE, (mode,), chain="sleep_at", feigned=True))
for mode in ("fp-self", "fp-two", "fp-down", "fp-long", "fp-wild", "fp-odd"):
    add(Hostile(f"hostile-{mode}", HOSTILE, (mode,), chain="bare_sleep_at", ends=NOT_WHOLE))
for mode in ("table-self", "table-two", "table-three", "table-long", "returns", "to-itself", "to-data"):
    add(Hostile(f"hostile-{mode}", HOSTILE, (mode,), chain="sleep_at", ends=NOT_WHOLE))

# ---- what changes ------------------------------------------------------------------------------------------

PLUG = C("plug.c", "-O2 -shared -fPIC")


def with_plug(stage, file, args):
    return stage.spawn(file, *args, own_copy(stage, stage.options.built[PLUG], "plug.so"))[1]


add(Hostile("hostile-shaken", HOSTILE, ("shaken",), rests=False, feigned=True),
    Hostile("hostile-rising", HOSTILE, ("rising",), rests=False, chain="rises * main or main"),
    Hostile("hostile-threads", HOSTILE, ("threads",), rests=False, shaky=True),
    Hostile("hostile-plugs", HOSTILE, ("plugs",), rests=False, shaky=True, start=with_plug, twins=(PLUG,)),
    Hostile("hostile-execs", HOSTILE, ("execs",), rests=False, shaky=True),
    Hostile("hostile-forks", HOSTILE, ("forks",), rests=False, shaky=True),
    Hostile("hostile-many-maps", HOSTILE, ("many-maps",), chain="park * main"),
    # whoever wakes that thread ends the process: it may be stopped only if that was asked for
    Hostile("hostile-code-gone", HOSTILE, ("code-gone",), chain="park * main", stops=("never", "auto")),
    Hostile("hostile-stack-gone", HOSTILE, ("stack-gone",), chain="park * main", stops=("never", "auto")),
    Hostile("hostile-named", HOSTILE, ("named",), chain="park * main"))

# ---- tables: what the table of one function says -----------------------------------------------------------

POISONED = "park called_back poisoned"


def uleb(number):
    found = []
    while True:
        found.append(number & 0x7f | (0x80 if number > 0x7f else 0))
        number >>= 7
        if not number:
            return found


def escape(*numbers):
    return '-DPOISON=\'".cfi_escape ' + ",".join(f"{number:#x}" for number in numbers) + '"\''


def expression(*operations):
    """DW_CFA_def_cfa_expression"""
    return escape(0x0f, *uleb(len(operations)), *operations)


def address(number):
    return number.to_bytes(8, "little")


POISON = {
    "loop": expression(0x2f, 0xfd, 0xff),                            # DW_OP_skip -3
    "loop-grows": expression(0x30, 0x2f, 0xfc, 0xff),                # DW_OP_lit0, and back to it
    "loop-branch": expression(0x31, 0x28, 0xfc, 0xff),               # DW_OP_lit1, DW_OP_bra -4
    "loop-register": escape(0x10, 16, 3, 0x2f, 0xfd, 0xff),          # DW_CFA_expression of the return address
    "loop-value": escape(0x16, 6, 3, 0x2f, 0xfd, 0xff),              # DW_CFA_val_expression of rbp
    "skip-out": expression(0x2f, 0xff, 0x7f),
    "deref-wild": expression(0x0e, *address(0xdeadbeef000), 0x06),   # DW_OP_const8u, DW_OP_deref
    "deref-kernel": expression(0x0e, *address(0xffff888000000000), 0x06),
    "deref-chain": expression(0x77, 0, *[0x06] * 100),               # DW_OP_breg7, DW_OP_deref ...
    "long": expression(*[0x96] * 3000, 0x77, 16),                    # DW_OP_nop ...
    "stack-over": expression(0x30, *[0x12] * 5000),                  # DW_OP_dup ...
    "stack-under": expression(0x13, 0x13, 0x13),                     # DW_OP_drop ...
    "divided": expression(0x31, 0x30, 0x1b),                         # 1 / 0
    "pick": expression(0x31, 0x15, 0xff),                            # DW_OP_pick 255
    "empty": expression(),
    "unknown": expression(0xe0, 0xe1),
    "cut-short": expression(0x0e, 1, 2),
    "claims": escape(0x0f, *uleb(1 << 62), 0x30),                    # an expression of 2^62 bytes
    "claims-all": escape(0x0f, *[0xff] * 9, 0x01),
    "endless-number": escape(0x0e, *[0xff] * 60),
    "cfa-zero": expression(0x30),
    "cfa-fixed": expression(0x0e, *address(0x7fff00000000)),
    "register-far": escape(0x0c, *uleb(1 << 31), 8),                 # DW_CFA_def_cfa
    "register-none": escape(0x0c, 99, 8),
    "offset-far": escape(0x0c, 7, *uleb((1 << 63) - 1)),
    "return-undefined": escape(0x07, 16),                            # as where a thread begins
    "return-itself": escape(0x09, 16, 16),                           # DW_CFA_register: it is kept in itself
    "restore-nothing": escape(0x0b),
    "remember": '-DPOISON=\'".rept 20000\\n.cfi_remember_state\\n.endr"\'',
    "advance": escape(0x04, 0xff, 0xff, 0xff, 0xff),
    "advance-back": escape(0x01, *address(0)),                       # DW_CFA_set_loc 0
    "operation": escape(0x3f),
    "window": escape(0x2d),                                          # SPARC's register window
}
for name, flags in POISON.items():
    add(Hostile(f"hostile-rule-{name}", C("poison.c", f"-O2 {flags}"), chain=POISONED,
                feigned=name == "return-undefined"))

# ---- files: where tables, names and sections claim to be ------------------------------------------------------

MANY = 0xffffffffffffff00


def lie(what, *words, flags="-O2"):
    return C("poison.c", flags, then=Lie(what, words))


NO_NAMES = {  # names may be gone; frames may not
    "sections-far": lie("header", "sections-at", MANY),
    "sections-many": lie("header", "sections", 0xffff),
    "sections-none": lie("header", "sections", 0),
    "section-tiny": lie("header", "section-size", 1),
    "section-names": lie("header", "names", 0xfffe),
    "symbols-2g": lie("section", ".symtab", "size", 1 << 31),
    "symbols-all": lie("section", ".symtab", "size", MANY),
    "symbols-far": lie("section", ".symtab", "offset", MANY),
    "symbols-entry-0": lie("section", ".symtab", "entry", 0),
    "symbols-entry-1": lie("section", ".symtab", "entry", 1),
    "symbols-link": lie("section", ".symtab", "link", 0xffff),
    "symbols-link-self": lie("section", ".symtab", "link", 2),
    "symbols-everywhere": lie("symbols-everywhere"),
    "strings-end": lie("strings-without-end"),
    "strings-2g": lie("section", ".strtab", "size", 1 << 31),
    "note": lie("note"),
    "note-far": lie("segment", PT_NOTE, 8, MANY),
    "note-large": lie("segment", PT_NOTE, 32, 1 << 31),
}
for name, program in NO_NAMES.items():
    add(Hostile(f"hostile-file-{name}", program, chain=POISONED))

BROKEN = {  # the table of the one function, or of all
    "entry-length-0": lie("entry-length", 0), "entry-length-1": lie("entry-length", 1),
    "entry-length-most": lie("entry-length", 0xfffffff0), "entry-length-64": lie("entry-length", 0xffffffff, 0xfffffff0, 0x7fffffff),
    "entry-parent-0": lie("entry-parent", 0), "entry-parent-far": lie("entry-parent", 0x7fffffff),
    "entry-parent-self": lie("entry-parent", 4), "entry-range": lie("entry-range", -0x80000000, 0xffffffff),
    "parent-version": lie("parent-bytes", 8, b"\xff"), "parent-words": lie("parent-bytes", 9, b"zRPLSB" * 2),
    "parent-numbers": lie("parent-bytes", 12, b"\xff" * 8), "parent-length": lie("parent-bytes", 0, b"\xf0\xff\xff\xff"),
    "first-length": lie("first-length", 0xfffffff0), "first-length-0": lie("first-length", 0),
    "index-count": lie("index-bytes", 8, b"\xff" * 4), "index-none": lie("index-bytes", 8, b"\0" * 4),
    "index-encodings": lie("index-bytes", 1, b"\xff\x9b\x1c"), "index-version": lie("index-bytes", 0, b"\x09"),
    "index-pointer": lie("index-bytes", 4, b"\xff\xff\xff\x7f"), "index-backwards": lie("index-backwards"),
    "index-far": lie("segment", PT_GNU_EH_FRAME, 16, MANY), "index-large": lie("segment", PT_GNU_EH_FRAME, 32, MANY),
    "frame-packed": lie("packed-size", ".debug_frame", 1 << 60,
                        flags="-O2 -g -gz -fno-asynchronous-unwind-tables -fno-unwind-tables"),
    "info-packed": lie("packed-size", ".debug_info", 1 << 60, flags="-O2 -g -gz"),
    "line-packed": lie("packed-size", ".debug_line", 1 << 60, flags="-O2 -g -gz"),
}
for name, program in BROKEN.items():
    add(Hostile(f"hostile-file-{name}", program))
for seed in range(4):
    add(Hostile(f"hostile-noise-tables-{seed}", lie("noise", seed, 60, ".eh_frame", ".eh_frame_hdr"), feigned=True),
        Hostile(f"hostile-noise-names-{seed}", lie("noise", seed, 400, ".symtab", ".strtab", ".shstrtab")),
        Hostile(f"hostile-noise-sections-{seed}", lie("noise", seed, 60)),
        Hostile(f"hostile-noise-lines-{seed}", lie("noise", seed, 30, ".debug_info", ".debug_abbrev", ".debug_line", ".debug_str",
                                                   ".debug_line_str", ".debug_rnglists", ".debug_aranges", flags="-O2 -g")))

# ---- names -----------------------------------------------------------------------------------------------------

TWICE = "".join(f"St4pairIS{digit}_S{digit}_E" for digit in
                ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))  # each type is two of the one before


def rust_twice(levels):
    """A tuple of a tuple and that same tuple again, and again."""
    def digits(number):
        text = ""
        while True:
            text = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 62] + text
            number //= 62
            if not number:
                return text
    prefix, inner, at = "INvC1a1f", "m", 0
    start = len(prefix) + levels          # where the innermost lies, once all have been opened
    for level in range(levels):
        at = start - level
        inner = f"T{inner}B{'_' if at == 0 else digits(at - 1) + '_'}E"
    return "_R" + prefix + inner + "E"


NAMES = {
    "long": "n" * 1000000,
    "deep-pointers": "_Z1f" + "P" * 100000 + "i",
    "deep-templates": "_Z1f" + "St6vectorI" * 20000 + "i" + "E" * 20000,
    "twice": "_Z1fSt4pairIiiE" + TWICE,
    "rust-twice": rust_twice(60),
    "rust-deep": "_RINvC1a1f" + "R" * 100000 + "mE",
    "rust-legacy": "_ZN" + "1a" * 50000 + "17h0123456789abcdefE",
    "control": "\x1b]0;red\x07\x1b[31m\x9b\u202e",
    "unended": "_Z" + "9" * 400,
}
for name, symbol in NAMES.items():
    rename = f"""printf 'poisoned ' >"$out.names"; python3 -c '
import sys
sys.path[:0] = ["{pathlib.Path(__file__).resolve().parent.parent}", "{pathlib.Path(__file__).resolve().parent.parent.parent / 'trouble'}"]
from cases.hostile import NAMES
sys.stdout.buffer.write(NAMES["{name}"].encode() + b"\\n")' >>"$out.names"
objcopy --redefine-syms="$out.names" "$whole" "$new" """
    add(Hostile(f"hostile-name-{name}", C("poison.c", "-O2", then=rename), chain="park called_back ? main"))
add(Hostile("hostile-name-newline", C("poison.c", "-O2", then=Lie("strings-as-code", (b"called_back", b"\n\x1b[2J\x07\"\\'"))),
            chain="park ? poisoned main"))

# ---- other files ---------------------------------------------------------------------------------------------------

HOST, PLAIN = C("host.c"), C("poison.c")
PLUGGED = C("plug.c", "-O2 -shared -fPIC")


def truncated(length):
    """The library in which it sleeps is cut while it is mapped; its pages beyond are gone."""
    def start(stage, file, args):
        library = own_copy(stage, stage.options.built[PLUGGED], "plug.so")
        return stage.spawn(file, library, "sleep", "truncated", str(length))[1]
    return start


def sparse(stage, file, args):
    """2 GB of symbols that are really there, in a file of 3 GB without content."""
    copy = own_copy(stage, file)
    known = elf.Elf(copy)
    lies = Lie("section", (".symtab", "size", 24 * ((1 << 31) // 24))), Lie("section", (".symtab", "offset", 1 << 29))
    data = lies[1](lies[0](known.bytes))
    with open(copy, "wb") as out:
        out.write(data)
        out.truncate(3 << 30)
    return stage.spawn(copy, *args)[1]


def debug_link(make):
    """Beside the program lies what its link names, and it is not a file."""
    def start(stage, file, args):
        place = own_directory(stage)
        copy = shutil.copy(file, os.path.join(place, "program"))
        make(os.path.join(place, "side.debug"))
        return stage.spawn(copy, *args)[1]
    return start


LINKED = C("poison.c", "-O2 -g", then='objcopy --only-keep-debug "$whole" side.debug; '
           'objcopy -S --add-gnu-debuglink=side.debug "$whole" "$new"')
BOMB = C("poison.c", "-O2", needs=("xz",), then='head -c 1500M /dev/zero | xz -0 >"$out.bomb"; '
         'objcopy -S --add-section .gnu_debugdata="$out.bomb" "$whole" "$new"')


for length in (0, 64, 4096, 4200, 12000):
    add(Hostile(f"hostile-truncated-{length}", HOST, start=truncated(length), twins=(PLUGGED,), chain="park from_plug"))
add(Hostile("hostile-symbols-sparse", PLAIN, start=sparse),
    Hostile("hostile-link-fifo", LINKED, start=debug_link(os.mkfifo)),
    Hostile("hostile-link-device", LINKED, start=debug_link(lambda path: os.symlink("/dev/zero", path))),
    Hostile("hostile-link-loop", LINKED, start=debug_link(lambda path: os.symlink(path, path))),
    Hostile("hostile-xz-bomb", BOMB))

if platform.machine() != "x86_64":
    from stacks import rows
    rows.ROWS[:] = [row for row in rows.ROWS if not row.name.startswith("hostile-")]
