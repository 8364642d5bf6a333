#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The part of tests/stacks that starts no targets: what the oracles print is read right, and a wrong stack is told from a right one."""
import importlib
import os
import pathlib
import re
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "trouble")]

from stacks import build, compare, frames, rows  # noqa: E402
from stacks.frames import Frame, Stack, plain  # noqa: E402


def sample(name):
    return (HERE / "samples" / name).read_text()


class Nowhere:
    """Places without a process: every address is linked where it is."""

    def place(self, pc):
        return ("/bin/it", pc, None) if pc < 0x7000 else ("[jit]", pc, None)

    def executable(self, pc):
        return 0x1000 <= pc < 0x8000


def told(*steps):
    return compare.Told(Stack([Frame(name, pc=pc) for name, pc in steps]), Nowhere())


def ours(*steps, ends="whole"):
    return Stack([Frame(name, module="/bin/it", offset=pc) for name, pc in steps], ends == "whole", ends)


class Oracles(unittest.TestCase):
    def test_eu_stack(self):
        found = frames.from_eu_stack(sample("eu-stack.txt"))
        self.assertEqual([12202, 12203], list(found))
        self.assertEqual(["clock_nanosleep@GLIBC_2.2.5", "__nanosleep", "sleep", "park", "handler", "__restore_rt"],
                         [frame.name for frame in found[12202].frames[:6]])
        self.assertEqual((0x7f9812d1e503, 0x56320dbfd221), (found[12202].frames[0].pc, found[12202].frames[-1].pc))
        self.assertTrue(found[12202].whole)

    def test_eu_stack_that_gives_up(self):
        stack = frames.from_eu_stack(sample("eu-stack-cut.txt"))[12193]
        self.assertEqual((6, False, None), (len(stack.frames), stack.whole, stack.frames[-1].name))
        self.assertEqual("No DWARF information found", stack.said)

    def test_eu_stack_that_says_nothing(self):
        self.assertEqual({}, frames.from_eu_stack("eu-stack: dwfl_linux_proc_attach pid 1: Operation not permitted\n"))

    def test_gdb(self):
        found = frames.from_gdb(sample("gdb.txt"))
        self.assertEqual([12185, 12188], list(found))
        # the inlined qsort_r's and the tail call that is not on the stack are left out
        self.assertEqual(["__GI___clock_nanosleep", "__GI___nanosleep", "__sleep", "park", "inner", "compare", "msort_with_tmp",
                          "msort_with_tmp", "__GI___qsort_r", "main"], [frame.name for frame in found[12185].frames[:10]])
        self.assertEqual((None, True, "outermost"), (found[12188].frames[1].name, found[12185].whole, found[12185].said))
        self.assertFalse(found[12188].whole)

    def test_names_with_spaces(self):
        text = "wedge-thread 1\nwedge-frame 0x10 normal shop::box<long, 7>::apply<int (*)(int)>\nwedge-stop 0 no reason\n"
        self.assertEqual("shop::box<long, 7>::apply<int (*)(int)>", frames.from_gdb(text)[1].frames[0].name)

    def test_our_report(self):
        report = {"processes": [{"threads": [{"tid": 7, "stack": {"ends": "whole", "way": "unstopped"}, "frames": [
            {"kind": "kernel", "function": "futex_wait", "module": None, "offset": "0x10"},
            {"kind": "native", "function": "f", "module": "/bin/it", "offset": "0x1010", "basis": "debug"},
            {"kind": "native", "function": "main", "module": "/bin/it", "offset": "0x1010", "basis": "registers"}]}]}]}
        stack = frames.from_report(report)[7]
        self.assertEqual([("main", 0x1010)], [(frame.name, frame.offset) for frame in stack.frames])
        self.assertTrue(stack.whole)


class Names(unittest.TestCase):
    def test_plain(self):
        for written, meant in {
                "memcpy@@GLIBC_2.14": "memcpy", "f.part.0": "f", "f.isra.0.cold": "f", "throws(int) [clone .cold]": "throws",
                "f(int, char const*) const": "f", "runtime.goexit.abi0": "runtime.goexit", "main.f1": "main.f1",
                "shop::counter::operator()(int)": "shop::counter::operator()", "__GI_raise": "raise",
                "shop::counter::operator()": "shop::counter::operator()",
                "shop::(anonymous namespace)::hidden(int)": "shop::(anonymous)::hidden",
                "int shop::box<long, 7>::apply<g(int)::{lambda(long)#1}>(g(int)::{lambda(long)#1}, long)":
                    "shop::box<long, 7>::apply<g(int)::{lambda(long)#1}>",
                "names::main::hd52b26720289402d": "names::main", "names[38efd9133fa684a1]::main": "names::main",
                "std::rt::lang_start::_$u7b$$u7b$closure$u7d$$u7d$::hcbe69001a6df8e06": "std::rt::lang_start::{{closure}}",
                "_$LT$a..Stall$LT$T$GT$$u20$as$u20$a..Sells$GT$::sell::h5177775fd9c1ab49": "<a::Stall<T> as a::Sells>::sell",
                "": None, None: None}.items():
            self.assertEqual(meant, plain(written), written)


class Comparing(unittest.TestCase):
    right = told(("read@@GLIBC_2.2.5", 0x1010), ("f", 0x2020), ("main", 0x3030))

    def test_same(self):
        self.assertIsNone(compare.differs(ours(("read", 0x1010), ("f", 0x2020), ("main", 0x3030)), self.right))
        # the call, or where it returns to
        self.assertIsNone(compare.differs(ours(("read", 0x1010), ("f", 0x201f), ("main", 0x302f)), self.right))
        self.assertIsNone(compare.differs(ours(("read", 0x1010), (None, 0x2020), ("main", 0x3030)), self.right))

    def test_different(self):
        for wrong, at in ((ours(("read", 0x1011), ("f", 0x2020), ("main", 0x3030)), 0),
                          (ours(("read", 0x1010), ("f", 0x2021), ("main", 0x3030)), 1),
                          (ours(("read", 0x1010), ("g", 0x2020), ("main", 0x3030)), 1),
                          (ours(("read", 0x1010), ("main", 0x3030)), 1),
                          (ours(("read", 0x1010), ("f", 0x2020)), 2),
                          (ours(("read", 0x1010), ("f", 0x2020), ("main", 0x3030), ("_start", 0x3040)), 3)):
            self.assertEqual(at, compare.differs(wrong, self.right))
            self.assertIn("->", compare.beside(wrong, self.right, "gdb"))

    def test_another_module(self):
        wrong = ours(("read", 0x1010), ("f", 0x2020), ("main", 0x3030))
        wrong.frames[2] = Frame("main", module="/bin/other", offset=0x3030)
        self.assertEqual(2, compare.differs(wrong, self.right))

    def test_running(self):
        """Only where it is may be another place, in the same function."""
        self.assertIsNone(compare.differs(ours(("read", 0x1018), ("f", 0x2020), ("main", 0x3030)), self.right, True))
        self.assertEqual(1, compare.differs(ours(("read", 0x1018), ("f", 0x2028), ("main", 0x3030)), self.right, True))
        self.assertEqual(0, compare.differs(ours(("write", 0x1018), ("f", 0x2020), ("main", 0x3030)), self.right, True))

    def test_beyond_the_beginning(self):
        """gdb goes on into the data that lies there."""
        self.assertEqual(2, len(told(("f", 0x2020), ("_start", 0x3030), (None, 0x10), (None, 0))))

    def test_unstopped_as_stopped(self):
        one, other = ours(("f", 0x2020), ("main", 0x3030)), ours(("f", 0x2020), ("main", 0x3031))
        self.assertTrue(compare.same_stacks(one, one))
        self.assertFalse(compare.same_stacks(one, other))

    def test_short(self):
        first = {"gdb": compare.differs(ours(("read", 0x1010), ends="memory"), self.right)}
        self.assertTrue(rows.Trial.short(ours(("read", 0x1010), ends="memory"), {"gdb": self.right}, first))
        # one that says that it is whole is wrong, and so is one that says something else
        self.assertFalse(rows.Trial.short(ours(("read", 0x1010)), {"gdb": self.right}, first))
        other = ours(("write", 0x1010), ends="memory")
        self.assertFalse(rows.Trial.short(other, {"gdb": self.right}, {"gdb": compare.differs(other, self.right)}))


class Chains(unittest.TestCase):
    stack = ours(("pause", 0x1), ("park", 0x2), ("f", 0x3), ("f", 0x4), ("f", 0x5), ("main", 0x6), ("_start", 0x7))

    def test_there(self):
        for chain in ("park", "park f f f main", "park f*3 main", "park ? ? f main _start $", "park * main", "park * f main",
                      "nanosleep or park f", "sleep|pause park", "* _start $"):
            self.assertTrue(compare.has_chain(chain, self.stack), chain)

    def test_not_there(self):
        for chain in ("park main", "park f*2 main", "park f*4 main", "f park", "main $", "park * g", "park f f f main _start ?",
                      "g or h", "g|h park"):
            self.assertFalse(compare.has_chain(chain, self.stack), chain)

    def test_names_of_the_twin(self):
        class Twin:
            def at(self, address):
                return {0x1f: {"f"}, 0x30: {"g"}}.get(address, set())
        stack = Stack([Frame("__restore_rt", module="/lib/c", offset=1), Frame(None, module="/x/it", offset=0x30),
                       Frame(None, module="/x/it", offset=0x20)])
        self.assertEqual(["__restore_rt", "g", "f"], compare.names_in(stack, {"it": Twin()}))


class Rows(unittest.TestCase):
    def test_well_formed(self):
        for file in sorted((HERE / "cases").glob("*.py")):
            importlib.import_module(f"cases.{file.stem}")
        names = [row.name for row in rows.ROWS]
        self.assertEqual(len(names), len(set(names)))
        self.assertGreater(len(names), 100)
        for row in rows.ROWS:
            self.assertRegex(row.name, r"^[A-Za-z0-9+-]+$")
            for program in row.programs():
                self.assertTrue((build.PROGRAMS / program.source).exists(), row.name)
            if isinstance(row, rows.Row):
                self.assertFalse(set(row.without) - {"eu-stack", "gdb"}, row.name)
                self.assertTrue(row.chain or len(row.without) < 2, f"{row.name}: nobody knows the truth")
                re.compile(row.cut)


if __name__ == "__main__":
    sys.exit(0 if unittest.main(argv=[sys.argv[0]], exit=False, verbosity=0).result.wasSuccessful() else 1)
