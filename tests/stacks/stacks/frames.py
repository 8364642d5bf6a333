# SPDX-License-Identifier: MIT
"""Frames, whoever found them: read from wedgestack --json, eu-stack and gdb; and what makes two the same."""
import dataclasses
import os
import re
import typing

from . import elf


@dataclasses.dataclass(frozen=True)
class Frame:
    name: typing.Optional[str]
    pc: typing.Optional[int] = None           # of an oracle
    module: typing.Optional[str] = None       # ours
    offset: typing.Optional[int] = None
    basis: str = ""

    def __str__(self):
        where = f"{self.pc:#x}" if self.pc is not None else f"{os.path.basename(self.module or '?')}+{self.offset or 0:#x}"
        return f"{self.name or '(no name)'}  {where}" + (f"  {self.basis}" if self.basis else "")


@dataclasses.dataclass
class Stack:
    frames: list
    whole: bool = True        # it says that it ends where the thread began
    ends: typing.Optional[str] = None
    way: typing.Optional[str] = None
    said: str = ""            # what the oracle complained of


# ---- names ----------------------------------------------------------------------

CLONES = re.compile(r"(\.(part|isra|constprop|cold|lto_priv|localalias|llvm|abi0|abiinternal)(\.\d+)*)+$"
                    r"|( \[clone [^]]*\])+$")
RUST = {"$LT$": "<", "$GT$": ">", "$LP$": "(", "$RP$": ")", "$C$": ",", "$BP$": "*", "$RF$": "&", "$u20$": " ",
        "$u7b$": "{", "$u7d$": "}", "$u5b$": "[", "$u5d$": "]", "$u27$": "'", "$u2b$": "+", "$u22$": '"', "..": "::"}


def plain(name):
    """A name without what tools add or leave out: versions, clones, parameters, return types, hashes."""
    if not name:
        return None
    name = CLONES.sub("", name)
    if "@" in name:
        name = name[:name.index("@")]
    name = name.removeprefix("__GI_").replace("(anonymous namespace)", "(anonymous)")
    name = re.sub(r"\[[0-9a-f]{16}\]", "", name)
    if re.search(r"::h[0-9a-f]{16}$", name):
        name = re.sub(r"(^|::|\.\.)_\$", r"\1$", re.sub(r"::h[0-9a-f]{16}$", "", name))
        for written, meant in RUST.items():
            name = name.replace(written, meant)
    return _last_word(_without_parameters(name))


def _without_parameters(name):
    """f(int) const -> f; (anonymous namespace)::f and operator()(int) keep theirs."""
    end = re.sub(r"( const| volatile| &&?|\[abi:[^]]*\])+$", "", name)
    if not end.endswith(")"):
        return name
    depth = 0
    for at in range(len(end) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(end[at], 0)
        if depth == 0:
            head = end[:at]
            return head if head and not head.endswith(("operator", "::")) else end
    return name


def _last_word(name):
    """Templates carry their return type in front."""
    if name.startswith("<"):
        return name
    depth, start = 0, 0
    for at, letter in enumerate(name):
        if depth == 0 and name.startswith("operator", at):
            break
        depth += {"<": 1, "(": 1, "{": 1, ">": -1, ")": -1, "}": -1}.get(letter, 0)
        if letter == " " and depth == 0:
            start = at + 1
    return name[start:]


# ---- wedgestack -------------------------------------------------------------------

def number(word):
    return int(word, 0) if isinstance(word, str) else word


def from_report(report):
    """{tid: Stack} of a wedgestack --json; what was inlined and the kernel's frames are left out."""
    found = {}
    for process in report["processes"]:
        for thread in process["threads"]:
            about = thread.get("stack") or {}
            kept = [Frame(frame["function"], module=(frame["module"] or "").removesuffix(" (deleted)"), offset=number(frame["offset"]),
                          basis=frame.get("basis") or "")
                    for frame in thread["frames"] if frame["kind"] == "native" and frame.get("basis") not in ("debug", "inlined")]
            found[thread["tid"]] = Stack(kept, about.get("ends") == "whole", about.get("ends"), about.get("way"))
    return found


# ---- eu-stack -n 0 -a -p PID --------------------------------------------------------

EU_FRAME = re.compile(r"#\d+\s+0x([0-9a-f]+)(?: - 1)?\s*(.*)")


def from_eu_stack(text):
    """{tid: Stack} of its stdout and stderr, one behind the other."""
    found, at = {}, None
    for line in text.splitlines():
        frame = EU_FRAME.match(line)
        if line.startswith("TID "):
            at = found.setdefault(int(line[4:].rstrip(":")), Stack([]))
        elif frame and at:
            at.frames.append(Frame(frame.group(2).strip() or None, pc=int(frame.group(1), 16)))
        else:
            trouble = re.match(r"eu-stack: .*\btid (\d+)\b.*?: (.*)", line)
            if trouble and int(trouble.group(1)) in found:
                found[int(trouble.group(1))].said = trouble.group(2)
                found[int(trouble.group(1))].whole = False
    return found


# ---- gdb -x ask_gdb.py ------------------------------------------------------------------

def from_gdb(text):
    """{tid: Stack} of what ask_gdb.py prints; frames that are not on the stack are left out."""
    found, at = {}, None
    for line in text.splitlines():
        words = line.split(" ", 3)
        if words[0] == "wedge-thread":
            at = found.setdefault(int(words[1]), Stack([]))
        elif words[0] == "wedge-frame" and at and words[2] not in ("inline", "tail"):
            at.frames.append(Frame(words[3] if words[3] != "-" else None, pc=int(words[1], 16)))
        elif words[0] == "wedge-stop" and at:
            at.whole, at.said = words[1] == "2", line.split(" ", 2)[2]
    return found


# ---- where it is ------------------------------------------------------------------------

class Places:
    """The mappings of a process, to say of an address what file it lies in, and where there."""

    def __init__(self, pid):
        self.rows = []
        with open(f"/proc/{pid}/maps", errors="surrogateescape") as file:
            for line in file:
                words = line.rstrip("\n").split(None, 5)
                start, end = (int(word, 16) for word in words[0].split("-"))
                path = words[5].removesuffix(" (deleted)") if len(words) > 5 else ""
                self.rows.append((start, end, words[1], int(words[2], 16), path))
        self.root = f"/proc/{pid}/root"
        self.pid = pid

    def file_of(self, path, start, end):
        """The file that is mapped, also if it is not there any more."""
        link = f"/proc/{self.pid}/map_files/{start:x}-{end:x}"
        return link if os.path.exists(link) else self.root + path

    def row(self, pc):
        for row in self.rows:
            if row[0] <= pc < row[1]:
                return row
        return None

    def place(self, pc):
        """(module, address as linked, names of the file or None)."""
        row = self.row(pc)
        if not row:
            return None, pc, None
        start, end, flags, offset, path = row
        if path.startswith("[vdso"):
            return "[vdso]", pc - start, None
        names = elf.names_of(self.file_of(path, start, end)) if path.startswith("/") else None
        if not names:  # no file, or none that is ELF
            return "[jit]", pc, None
        linked = names.linked(pc - start + offset, "x" in flags)
        return path, pc if linked is None else linked, names

    def executable(self, pc):
        row = self.row(pc)
        return bool(row) and "x" in row[2]
