# SPDX-License-Identifier: MIT
"""What a target tells us, through a file that both map: programs/told.h, in that order."""
import mmap
import struct

WORDS = ("ready", "turns", "gap_ns", "eintr", "few", "returns", "signals", "lives", "child", "missing")


class Told:
    def __init__(self, path):
        with open(path, "wb") as file:
            file.truncate(mmap.PAGESIZE)
        with open(path, "r+b") as file:
            object.__setattr__(self, "_bytes", mmap.mmap(file.fileno(), mmap.PAGESIZE))

    def __getattr__(self, name):
        try:
            at = WORDS.index(name)
        except ValueError:
            raise AttributeError(name) from None
        return struct.unpack_from("=Q", self._bytes, 8 * at)[0]

    def __setattr__(self, name, value):
        struct.pack_into("=Q", self._bytes, 8 * WORDS.index(name), value)
