# SPDX-License-Identifier: MIT
"""Addresses and names in ELF files, read without our own code: what an oracle's pc is called."""
import bisect
import functools
import os
import struct

PT_LOAD, PF_X, SHT_SYMTAB, SHT_DYNSYM, SHT_NOTE = 1, 1, 2, 11, 7
FUNCTION_TYPES = (0, 2, 10)  # NOTYPE, FUNC, GNU_IFUNC


class Elf:
    """One 64-bit little-endian file, or its debug file."""

    def __init__(self, path, data=None):
        if data is None:
            with open(path, "rb") as file:
                data = file.read()
        self.bytes = bytes(data)
        if self.bytes[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: no 64-bit ELF")
        at_segments, at_sections = struct.unpack_from("<QQ", self.bytes, 0x20)
        segment_size, segments, section_size, sections, names = struct.unpack_from("<5H", self.bytes, 0x36)
        self.segments = [struct.unpack_from("<IIQQQQQQ", self.bytes, at_segments + i * segment_size)
                         for i in range(segments)]
        self.sections = [struct.unpack_from("<IIQQQQIIQQ", self.bytes, at_sections + i * section_size)
                         for i in range(sections)] if at_sections else []
        self.names = self.sections[names][4] if names < len(self.sections) else 0

    def linked(self, offset, executable):
        """The address as linked of an offset in the file; None: it is not loaded.  Segments may share a page of it."""
        for kind, flags, start, address, _, size, _, _ in self.segments:
            if kind == PT_LOAD and start & ~0xfff <= offset < start + size + 0xfff and bool(flags & PF_X) == executable:
                return offset - start + address
        return None

    def text(self, at):
        return self.bytes[at:self.bytes.index(b"\0", at)].decode(errors="replace")

    def section(self, name):
        """(offset, size) of a section by its name, or None."""
        for each in self.sections:
            if self.text(self.names + each[0]) == name:
                return each[4], each[5]
        return None

    def build_id(self):
        where = self.section(".note.gnu.build-id")
        return self.bytes[where[0] + 16:where[0] + where[1]].hex() if where else None

    def symbols(self):
        for _, kind, _, _, at, size, link, _, _, _ in self.sections:
            if kind not in (SHT_SYMTAB, SHT_DYNSYM):
                continue
            strings = self.sections[link][4]
            for name, info, _, section, value, length in struct.iter_unpack("<IBBHQQ", self.bytes[at:at + size]):
                if section and value and info & 15 in FUNCTION_TYPES and name:
                    yield value, length, strings + name


class Names:
    """What the symbols of a file, and of its debug file if there is one, call an address."""

    def __init__(self, path):
        elf = Elf(path)
        files = [elf]
        build_id = elf.build_id()
        debug = f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug" if build_id else ""
        if os.path.exists(debug):
            files.append(Elf(debug))
        self.linked = elf.linked
        found = sorted({(value, length, file.text(at)) for file in files for value, length, at in file.symbols()})
        self.starts, self.rows = [row[0] for row in found], found

    def at(self, address):
        """Every name of every symbol that covers it."""
        names = set()
        last = bisect.bisect_right(self.starts, address)
        for value, length, name in self.rows[max(last - 64, 0):last]:
            if address < value + max(length, 1):
                names.add(name)
        return names


@functools.lru_cache(maxsize=64)
def names_of(path):
    try:
        return Names(path)
    except (OSError, ValueError, struct.error, IndexError):
        return None
