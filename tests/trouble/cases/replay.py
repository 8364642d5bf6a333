# SPDX-License-Identifier: MIT
"""Saved files from anybody: refused with file and line, or read; never a crash."""
import json
import os
import random
import threading

from trouble.stage import Failed
from trouble.suite import case
from cases.output import snapshot


def written(t, content, name="bad.wedge"):
    t.files.add(name)
    path = os.path.join(t.dir, name)
    with open(path, "wb") as file:
        file.write(content)
    return path


@case(quick=True)
def replay_no_file(t):
    """Missing, a directory, unreadable, a device."""
    t.refused(t.look("--replay=/no/such/file"), "cannot read /no/such/file: No such file")
    t.refused(t.look(f"--replay={t.dir}"), "cannot read .*: Is a directory")
    t.refused(t.look("--replay=/dev/null"), "/dev/null:1: empty|/dev/null:0: empty")
    t.refused(t.look("--replay=/dev/zero", limit=20), "/dev/zero:1: ")
    path = written(t, b"x")
    os.chmod(path, 0)
    t.refused(t.look(f"--replay={path}", **({"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {})),
              "cannot read .*: Permission denied")


@case(quick=True)
def replay_fifo(t):
    """A FIFO is read like a file; one that says nothing is empty."""
    path = os.path.join(t.dir, "fifo")
    t.files.add("fifo")
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: open(path, "wb").close())
    writer.start()
    t.refused(t.look(f"--replay={path}"), "empty: not a saved snapshot")
    writer.join()


@case(quick=True)
def replay_not_a_snapshot(t):
    """Binary, text, other JSON, a report, the future."""
    head = open(snapshot(t), "rb").readline()
    for content, said in (
            (b"", ":1: empty|:0: empty"), (b"\n", ":1: not a saved snapshot"), (b"hello\n", ":1: not a saved snapshot"),
            (b"\0" * 5000, ":1: not a saved"), (bytes(range(256)) * 50, ":1: not a saved"), (b"\x7fELF" + b"\xff" * 999, ":1: not a saved"),
            (b"{}\n", ":1: not a saved"), (b"[]\n", ":1: not a saved"), (b'{"schema": 1}\n', ":1: not a saved"),
            (b'{"schema": "wedgetools.report/1"}\n', ":1: a report of --json"),
            (head.replace(b"snapshot/1", b"snapshot/2"), ":1: saved by a newer program"),
            (head.replace(b"snapshot/1", b"snapshot/99999999999999999999"), ":1: saved by a newer program"),
            (head, ":1: cut off"), (head[:-20], ":1: "), (head + b'{"end": true}\nmore\n', ":3: something follows"),
            (head + b'{"end": false}\n', ":2: "), (head + b"x\n", ":2: not JSON"), (head + b"[1]\n", ":2: not a JSON object"),
            (head + b'{"table": "tasks"}\n{"end": true}\n', ":2: tasks"), (head + b'{"table": 7}\n', ":2: "),
            (head + b'{"a":' * 100000 + b"\n", ":2: not JSON"), (head + b"[" * 3000000, ":2: "),
            (head + b'{"table": "processes", "pid": 1' + b"0" * 400 + b"}\n", ":2: "),
            (head + b'{"table": "processes", "pid": 1e999}\n', ":2: ")):
        t.refused(t.look(f"--replay={written(t, content)}"), said)


@case(quick=True)
def replay_cut_anywhere(t):
    """A file that ends too early is never taken for whole."""
    whole = open(snapshot(t), "rb").read()
    for at in sorted(random.Random(1).sample(range(1, len(whole) - 1), 40)):
        t.refused(t.look(f"--replay={written(t, whole[:at])}"), r"bad\.wedge:\d+: ")


def changed(rows, chance):
    """One member of one row gets a value that is wrong in type or size."""
    row = chance.choice(rows[1:-1])
    name = chance.choice([key for key in row if key != "table"])
    row[name] = chance.choice([None, True, -1, 0, 2**31, 2**63, 2**70, 1.5, "", "x", "0x", "0x" + "f" * 17, [], {}, [1] * 1000,
                               {"a": 1}, "\\xzz", "\u0000", "0xffffffffffffffff", 10**300])
    return b"".join(json.dumps(each).encode() + b"\n" for each in rows)


@case(quick=True)
def replay_hostile(t):
    """Wrong types, giant numbers, flipped bits: refused with a line, or shown clean."""
    whole, chance = open(snapshot(t), "rb").read(), random.Random(2)
    refused = 0
    for i in range(60):
        if i % 2:
            content = bytearray(whole)
            for _ in range(chance.choice((1, 1, 5, 50))):
                content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        else:
            content = changed([json.loads(line) for line in whole.splitlines()], chance)
        result = t.look(f"--replay={written(t, bytes(content))}", chance.choice(("--json", "--verbose", "--format=class")))
        if result.status == 2:
            t.refused(result, r"bad\.wedge:\d+: ")
            refused += 1
        elif result.err or not result.out:
            raise Failed(str(result))
        else:
            t.clean(result.out)
    return f"{refused} of 60 refused"
