# SPDX-License-Identifier: MIT
"""
ELF files that lie: what a linker made, with some bytes of it changed.  Nothing that the kernel or ld.so needs is
touched, so the program runs.
"""
import dataclasses
import random
import struct

from . import elf

SECTION = {"type": (4, "I"), "flags": (8, "Q"), "address": (16, "Q"), "offset": (24, "Q"), "size": (32, "Q"), "link": (40, "I"),
           "entry": (56, "Q")}
HEADER = {"sections-at": (0x28, "Q"), "section-size": (0x3a, "H"), "sections": (0x3c, "H"), "names": (0x3e, "H")}
PT_NOTE, PT_GNU_EH_FRAME = 4, 0x6474e550
KINDS = {}


def kind(function):
    KINDS[function.__name__.replace("_", "-")] = function
    return function


@dataclasses.dataclass(frozen=True)
class Lie:
    """Called with the bytes of a file; gives them back changed."""
    what: str
    words: tuple = ()

    def __call__(self, data):
        file = bytearray(data)
        KINDS[self.what](file, elf.Elf("", data), *self.words)
        return bytes(file)


def put(file, at, form, *values):
    struct.pack_into("<" + form, file, at, *values)


# ---- headers ---------------------------------------------------------------------------------------

@kind
def header(file, _, field, value):
    at, form = HEADER[field]
    put(file, at, form, value)


@kind
def section(file, known, name, field, value):
    """One field of a section's header."""
    at, form = SECTION[field]
    for index, each in enumerate(known.sections):
        if known.text(known.names + each[0]) == name:
            put(file, struct.unpack_from("<Q", file, 0x28)[0] + index * 64 + at, form, value)
            return
    raise ValueError(f"no section {name}")


@kind
def segment(file, known, type_, at, value):
    """One word of the program header of this type."""
    table = struct.unpack_from("<Q", file, 0x20)[0]
    for index, each in enumerate(known.segments):
        if each[0] == type_:
            put(file, table + index * 56 + at, "Q", value)


@kind
def note(file, known):
    """The build-id claims to be 4 GB, its name too."""
    put(file, known.section(".note.gnu.build-id")[0], "II", 0xffffffff, 0xfffffff0)


# ---- symbols -------------------------------------------------------------------------------------------

@kind
def strings_without_end(file, known):
    at, size = known.section(".strtab")
    file[at + 1:at + size] = b"A" * (size - 1)


@kind
def strings_as_code(file, known, old, new):
    """A symbol's name replaced by one that is as long."""
    at, size = known.section(".strtab")
    found = file.index(old + b"\0", at, at + size)
    file[found:found + len(old)] = new.ljust(len(old), b"_")[:len(old)]


@kind
def symbols_everywhere(file, known):
    """Each covers everything and is called by an offset that is none."""
    at, size = known.section(".symtab")
    for one in range(at, at + size, 24):
        put(file, one, "I", 0xfffffff0)
        put(file, one + 8, "QQ", 1, 0xffffffffffffffff)


# ---- tables -----------------------------------------------------------------------------------------------

def entries(file, known):
    """(offset, length, offset of its CIE or None) of each entry of .eh_frame."""
    at, size = known.section(".eh_frame")
    end = at + size
    while at < end:
        length, back = struct.unpack_from("<II", file, at)
        if length == 0:
            return
        yield at, length, at + 4 - back if back else None
        at += 4 + length


def entry_of(file, known, name):
    """The FDE that begins at this symbol."""
    wanted = next(value for value, _, at in known.symbols() if known.text(at) == name)
    start = known.section(".eh_frame")[0]
    address = next(each[3] for each in known.sections if each[4] == start)
    for at, _, cie in entries(file, known):
        if cie is not None and address + at + 8 - start + struct.unpack_from("<i", file, at + 8)[0] == wanted:
            return at, cie
    raise ValueError(f"no entry of {name}")


@kind
def entry_length(file, known, *words):
    put(file, entry_of(file, known, "poisoned")[0], "I" * len(words), *words)


@kind
def entry_parent(file, known, value):
    put(file, entry_of(file, known, "poisoned")[0] + 4, "I", value)


@kind
def entry_range(file, known, start, length):
    put(file, entry_of(file, known, "poisoned")[0] + 8, "iI", start, length)


@kind
def parent_bytes(file, known, at, text):
    """In its CIE: 4 the id, 8 the version, 9 the augmentation ..."""
    cie = entry_of(file, known, "poisoned")[1]
    file[cie + at:cie + at + len(text)] = text


@kind
def first_length(file, known, value):
    put(file, known.section(".eh_frame")[0], "I", value)


@kind
def index_bytes(file, known, at, text):
    start = known.section(".eh_frame_hdr")[0]
    file[start + at:start + at + len(text)] = text


@kind
def index_backwards(file, known):
    """A table that a search goes wrong in, all of whose entries are the last one's."""
    start, size = known.section(".eh_frame_hdr")
    rows = [bytes(file[at:at + 8]) for at in range(start + 12, start + size, 8)]
    file[start + 12:start + size] = b"".join(row[:4] + rows[0][4:] for row in reversed(rows))


# ---- anything ------------------------------------------------------------------------------------------------

@kind
def packed_size(file, known, name, value):
    """A compressed section claims to be so much."""
    put(file, known.section(name)[0] + 8, "Q", value)


@kind
def noise(file, known, seed, count, *names):
    """Bytes of these sections, or of the table of sections, become others."""
    dice = random.Random(seed)
    spans = [known.section(name) for name in names if known.section(name)]
    if not names:
        table, number = struct.unpack_from("<Q", file, 0x28)[0], struct.unpack_from("<H", file, 0x3c)[0]
        spans = [(table, number * 64)]
    for _ in range(count):
        at, size = dice.choice(spans)
        file[at + dice.randrange(size)] = dice.randrange(256)
