# SPDX-License-Identifier: MIT
"""Children of every kind; code without file, table or name."""
from stacks.build import C
from stacks.rows import Row, add

for name, flags in {"": "-O2", "-static": "-O2 -static", "-O0": "-O0"}.items():
    add(Row(f"kin-fork{name}", C("kin.c", flags), ("fork",), ways=("sleep",),
            chain=("calls_fork main", "park child_inner calls_fork main")),
        Row(f"kin-clone{name}", C("kin.c", flags), ("clone",), ways=("sleep",),
            chain=("calls_clone main", "park child_inner child_main __clone|clone $")),
        Row(f"kin-clone-vm{name}", C("kin.c", flags), ("clone-vm",), ways=("sleep", "spin"),
            chain=("calls_clone main", "park child_inner child_main __clone|clone $")),
        Row(f"kin-vfork{name}", C("kin.c", flags), ("vfork",), ways=("sleep",),
            chain=("park child_inner calls_vfork main", "__vfork|vfork calls_vfork main"),
            without={who: "waits until the parent can be stopped, which is never" for who in ("eu-stack", "gdb")}))

GDB = {"gdb": "makes frames up where no table is"}
LOST = "nothing leads on from there; who goes on must be right"
# Its caller's frame pointer is there, its own is not: who follows it loses the caller.
SKIPS = {"-O2": "", "-O0": " or park called_back {} main"}
for name, flags in {"": "-O2", "-fp": "-O0"}.items():
    add(Row(f"generated-with{name}", C("generated.c", flags), ("with",),
            chain="park called_back [jit] calls_generated main", without=GDB),
        Row(f"generated-memfd{name}", C("generated.c", flags), ("memfd",),
            chain="park called_back ? calls_generated main", without=GDB),
        Row(f"generated-without{name}", C("generated.c", flags), ("without",), cut="no-table|strange|memory|loop|whole",
            chain="park called_back [jit] $ or park called_back [jit] calls_generated main" + SKIPS[flags].format("[jit]"),
            chain_decides=LOST, without=GDB),
        Row(f"bare-with{name}", C("bare.c", flags), ("with",), chain="park called_back bare_with calls_bare main"),
        Row(f"bare-twice{name}", C("bare.c", flags), ("twice",),
            chain="park called_back bare_with bare_twice calls_bare main"),
        Row(f"bare-without{name}", C("bare.c", flags), ("without",), cut="no-table|strange|memory|loop|whole",
            chain="park called_back bare_without $ or park called_back bare_without calls_bare main" +
            SKIPS[flags].format("bare_without"), chain_decides=LOST, without=GDB))
