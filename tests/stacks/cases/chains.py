# SPDX-License-Identifier: MIT
"""C as compilers make it: optimised or not, with frame pointers or not, linked in every way."""
from stacks.build import C
from stacks.rows import Row, add

CHAIN = "park f5 f4 f3 f2 f1 main"
STRIP = 'strip -o "$new" "$whole"'
# e_shoff, e_shnum and e_shstrndx made 0: what is found is found by program headers.
NO_SECTIONS = "; ".join(f'head -c {count} /dev/zero | dd of="$new" bs=1 seek={at} conv=notrunc status=none'
                        for at, count in ((0x28, 8), (0x3c, 4)))
NO_TABLES = "-fno-asynchronous-unwind-tables -fno-unwind-tables"

for name, flags in {
        "O0": "-O0", "O1": "-O1", "O2": "-O2", "O3": "-O3", "Os": "-Os",
        "O0-no-fp": "-O0 -fomit-frame-pointer", "O2-fp": "-O2 -fno-omit-frame-pointer",
        "O3-lto-g": "-O3 -flto -g", "no-pie": "-O2 -no-pie -fno-pie", "cet": "-O2 -fcf-protection=full -Wl,-z,shstk",
        "hardened": "-O2 -fstack-protector-all -fstack-clash-protection -Wl,-z,now"}.items():
    add(Row(f"gcc-{name}", C("chain.c", flags), chain=CHAIN))
for name, flags in {"O0": "-O0", "O2": "-O2", "O3-fp": "-O3 -fno-omit-frame-pointer"}.items():
    add(Row(f"clang-{name}", C("chain.c", flags, cc="clang"), chain=CHAIN))

add(Row("static", C("chain.c", "-O2 -static"), chain=CHAIN),
    Row("static-pie", C("chain.c", "-O2 -static-pie"), chain=CHAIN),
    Row("static-fp", C("chain.c", "-O2 -static -fno-omit-frame-pointer"), chain=CHAIN),
    Row("static-no-index", C("chain.c", "-O2 -static -Wl,--no-eh-frame-hdr"), chain=CHAIN),
    Row("stripped", C("chain.c", "-O2", then=STRIP), chain=CHAIN),
    Row("stripped-static", C("chain.c", "-O2 -static", then=STRIP), chain=CHAIN),
    Row("stripped-no-pie", C("chain.c", "-O2 -no-pie -fno-pie", then=STRIP), chain=CHAIN),
    Row("no-sections", C("chain.c", "-O2", then=f"{STRIP}; {NO_SECTIONS}"), chain=CHAIN,
        without={"gdb": "wants section headers"}),
    Row("debug-frame", C("chain.c", f"-O2 -g {NO_TABLES}"), chain=CHAIN),
    Row("debug-frame-packed", C("chain.c", f"-O2 -g -gz {NO_TABLES}"), chain=CHAIN),
    Row("debug-frame-dwarf4", C("chain.c", f"-O2 -gdwarf-4 {NO_TABLES}"), chain=CHAIN),
    Row("no-tables-fp", C("chain.c", f"-O2 -fno-omit-frame-pointer {NO_TABLES}"), chain=CHAIN,
        without={"gdb": "guesses by reading code, and not far"}),
    Row("no-tables", C("chain.c", f"-O2 {NO_TABLES}"), chain="park", cut="no-table|strange|memory|loop",
        without={"gdb": "guesses by reading code", "eu-stack": "guesses by a frame pointer that is none"}))

for way in ("read", "poll", "cond", "raw"):
    add(Row(f"asleep-in-{way}", C("chain.c", "-O2"), chain=CHAIN, ways=(way,)))
add(Row("asleep-static-cond", C("chain.c", "-O2 -static"), chain=CHAIN, ways=("cond",)))

for shape, chain in {
        "alloca": "park inner with_alloca main", "vla": "park inner with_vla main",
        "large": "park inner with_large main", "realigned": "park inner with_realigned main",
        "realigned-alloca": "park inner with_realigned_alloca main", "arguments": "park inner with_arguments main",
        "last-call": "park inner never_returns ends_with_call main", "qsort": "park inner compare * main",
        "objects": "park inner each_object * main", "jumps": "park inner jumps main",
        "exit": "park inner at_exit __run_exit_handlers exit main",
        "constructor": "park inner before_main"}.items():
    add(Row(f"shape-{shape}", C("shapes.c", "-O2"), (shape,), chain=chain))
add(Row("shape-thread-end", C("shapes.c", "-O2"), ("thread-end",), chain="main"),
    Row("shape-alloca-O0", C("shapes.c", "-O0"), ("alloca",), chain="park inner with_alloca main"),
    Row("shape-realigned-O3-fp", C("shapes.c", "-O3 -fno-omit-frame-pointer"), ("realigned-alloca",),
        chain="park inner with_realigned_alloca main"),
    Row("shape-large-stripped", C("shapes.c", "-O2", then=STRIP), ("large",), chain="park inner with_large main"),
    Row("deep-500", C("deep.c", "-O2"), ("495",), chain="park down*495 main"),
    Row("deep-2000", C("deep.c", "-O2"), ("2000",), chain="park down*500", cut="frames"),
    Row("deep-50000", C("deep.c", "-O2"), ("50000",), chain="park down*500", cut="frames",
        without={"gdb": "takes half a minute", "eu-stack": "takes seconds"}))

for name, flags in {"": "-O2", "-O0": "-O0", "-static": "-O2 -static", "-stripped": "-O2"}.items():
    for mode, chain in {
            "plain": "park handler * raise interrupted main", "other-stack": "park handler * raise interrupted main",
            "nested": "park handler * handler_again * interrupted main", "in-call": "park handler * interrupted_reading main",
            "trap": "park handler ? traps_at_once calls_the_trap main"}.items():
        if name and mode in ("plain", "nested"):
            continue
        add(Row(f"signal-{mode}{name}", C("signals.c", flags, then=STRIP if name == "-stripped" else ""), (mode,),
                chain=chain.replace("raise", "?") if name == "-stripped" else chain,
                ways=("sleep", "spin") if not name else ("sleep",)))

CROWD = {f"{way}.{depth}": f"{name} step*{depth} thread_main" for way, name in enumerate(
    ("w0_mutex", "w1_cond", "w2_read", "w3_semaphore", "w4_sleep", "w5_poll", "w6_barrier")) for depth in range(1, 10)}
add(Row("crowd-63", C("crowd.c", "-O2"), ("63",), chain=CROWD, ways=()),
    Row("crowd-63-static-O0", C("crowd.c", "-O0 -static"), ("63",), chain=CROWD, ways=()),
    Row("crowd-1000", C("crowd.c", "-O2"), ("1000",), chain=CROWD, ways=(), limit=90))
