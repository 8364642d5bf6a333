# SPDX-License-Identifier: MIT
"""Programs in other languages, and real ones."""
import os
import time

from trouble.stage import Failed

from stacks.build import C, Program
from stacks.rows import Row, add

CPP = "park shop::(anonymous)::hidden shop::counter::counter shop::counter::operator() shop::counter::overloaded " \
      "shop::counter::overloaded fails::~fails throws"
RUST = "names::shop::inner::park * names::chain"
GO = "main.park main.f5 main.f4 main.f3 * main.f2 main.f1 main.main runtime.main runtime.goexit"

for name, cc, flags in (("O2", "g++", "-O2"), ("O0", "g++", "-O0"), ("clang", "clang++", "-O2")):
    add(Row(f"c++-{name}", Program("names.cc", flags, cc), chain={"worker": CPP}, ways=("sleep", "spin")))
add(Row("rust", Program("names.rs", "-O", "rustc"), chain={"names*": RUST, "seller": RUST}, ways=()),
    Row("rust-v0", Program("names.rs", "-C symbol-mangling-version=v0 -C force-frame-pointers=yes", "rustc"),
        chain={"names*": RUST, "seller": RUST}, ways=()),
    Row("go", Program("chain.go", "", "go"), ("sleep",), chain=GO, ways=()),
    Row("go-stripped", Program("chain.go", "", "go", then="go build -ldflags '-s -w' -o \"$new\" \"$source\""), ("sleep",),
        chain=GO.removesuffix(" runtime.goexit"), ways=(), cut="whole|no-table",
        chain_decides="no tables at all: eu-stack loses the callers of what has no frame"),
    # its runtime takes a thread off a goroutine now and then, to the scheduler's stack, which has no beginning
    Row("go-running", Program("chain.go", "", "go"), ("spin",), chain=f"{GO} or runtime.schedule * runtime.mcall", ways=(),
        cut="whole|strange|no-table|loop", chain_decides="other threads come and go"))


def script(*command):
    """Not built: run by its interpreter."""
    def start(stage, _, args):
        here = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs")
        return stage.spawn(command[0], *command[1:-1], os.path.join(here, command[-1]), *args)[1]
    return start


def redis(stage, _, __):
    """It says nothing that we could read: it is ready when its socket is there."""
    os.makedirs(os.path.join(stage.dir, "own"), exist_ok=True)
    socket = os.path.join(stage.dir, "own", "redis")
    script_ = 'echo "ready $$"; exec redis-server --port 0 --unixsocket "$0" --save "" --logfile /dev/null'
    pids = stage.spawn("sh", "-c", script_, socket)[1]
    end = time.monotonic() + 10
    while not os.path.exists(socket):
        if time.monotonic() > end:
            raise Failed("redis-server does not come up")
        time.sleep(0.01)
    time.sleep(0.2)
    return pids


GDB_NODE = "loses its way in generated code"
PYTHON, NODE = script("/usr/bin/python3", "chain.py"), script("node", "chain.js")
add(Row("python", None, ("sleep",), start=PYTHON, chain="Py_RunMain Py_BytesMain", ways=(), needs=("/usr/bin/python3",)),
    Row("python-running", None, ("spin",), start=PYTHON, chain="Py_RunMain Py_BytesMain", ways=(), needs=("/usr/bin/python3",),
        chain_decides="the inner frames change"),
    Row("redis", None, start=redis, chain="epoll_wait * aeMain main", ways=(), needs=("redis-server",)),
    Row("node-blocked", None, ("sleep",), start=NODE, chain="Builtins_JSEntryTrampoline Builtins_JSEntry * node::Start", ways=(), needs=("node",), limit=70,
        without={"gdb": GDB_NODE}),
    Row("node-idle", None, ("idle",), start=NODE, chain="node::Start", ways=(), needs=("node",), limit=70),
    Row("node-running", None, ("spin",), start=NODE, chain="Builtins_JSEntryTrampoline Builtins_JSEntry * node::Start", ways=(), needs=("node",), limit=70,
        without={"gdb": GDB_NODE},
        chain_decides="the inner frames change"))
