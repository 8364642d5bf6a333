# SPDX-License-Identifier: MIT
"""What stacks cost: wedgestack beside eu-stack and gdb, on the same targets in one run."""
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

DEPTH = 8
PYTHONS = 200
GDB_SAMPLE = 4  # of the Python processes: gdb on all of them takes a minute and more
GDB = ["gdb", "-nx", "-batch", "-ex", "set pagination off", "-ex", "set debuginfod enabled off", "-ex",
       "thread apply all bt"]


class Watched:
    """A program with sleeping threads and one that notices when it does not run."""

    def __init__(self, bench, threads):
        self.process = subprocess.Popen([bench.program("watched"), str(threads), str(DEPTH)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        time.sleep(0.5)

    def gap_ms(self):
        """The largest gap since the last question."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline().split()[1]) / 1000

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def tools(bench, pid):
    """What is compared: {name: argv}."""
    found = {"wedgestack": [bench.wedgestack, str(pid)], "wedgestack --stop=never": [bench.wedgestack, "--stop=never",
                                                                                   str(pid)]}
    if shutil.which("eu-stack"):
        found["eu-stack"] = ["eu-stack", "-p", str(pid)]
    if shutil.which("gdb"):
        found["gdb"] = [*GDB, "-p", str(pid)]
    return found


def stop_us(bench, pid):
    """How long running threads were held, by wedgestack's own account: median and longest."""
    held = []
    for _ in range(20):
        done = subprocess.run([bench.wedgestack, "--json", str(pid)], stdin=subprocess.DEVNULL, capture_output=True,
                              check=True, timeout=60)
        for process in json.loads(done.stdout)["processes"]:
            held += [thread["stack"]["stopped_us"] for thread in process["threads"]
                     if thread["stack"] and thread["stack"]["stopped_us"]]
    return held


def row(name, costs, gaps, base):
    wall = statistics.median(cost.wall_ms for cost in costs)
    cpu = statistics.median(cost.cpu_ms for cost in costs)
    peak = max(cost.peak_mb for cost in costs)
    print(f"| {name} | {wall:.0f} | {wall / base:.1f} x | {cpu:.0f} | {peak:.0f} | {max(gaps):.2f} | "
          f"{statistics.median(gaps):.2f} |")


def case_threads(bench):
    """One process with sleeping threads, and one that runs."""
    print(f"\n**Stacks of a program with N threads, each {DEPTH} calls deep, and one that reads the clock in a loop**\n\n"
          "Gaps are the longest time for which that thread did not run while the tool was at work. Wanted at 1,000: "
          "eu-stack >= 15 x, gdb >= 40 x; its gap >= 1,000 x ours.")
    for threads in (1, 50, 1000):
        watched = Watched(bench, threads)
        try:
            found = tools(bench, watched.process.pid)
            costs = {name: [] for name in found}
            gaps = {name: [] for name in found}
            idle = []
            for number in range(bench.options.runs + 1):
                for name, argv in found.items():
                    watched.gap_ms()
                    cost = bench.measure(argv, may_exit=(0, 1, 3))
                    gap = watched.gap_ms()
                    if number > 0:  # the first warms caches
                        costs[name].append(cost)
                        gaps[name].append(gap)
                watched.gap_ms()
                time.sleep(0.05)
                idle.append(watched.gap_ms())
            print(f"\n| {threads:,} threads | wall ms | / wedgestack | CPU ms | peak MB | longest gap ms | median gap ms |"
                  "\n|---|---:|---:|---:|---:|---:|---:|")
            base = statistics.median(cost.wall_ms for cost in costs["wedgestack"])
            for name in found:
                row(name, costs[name], gaps[name], base)
            print(f"| nobody looks, 50 ms | | | | | {max(idle):.2f} | {statistics.median(idle):.2f} |")
            held = stop_us(bench, watched.process.pid)
            if held:
                print(f"\nA running thread was held {statistics.median(held):.0f} us (median of {len(held)}), "
                      f"{max(held):.0f} us at most (wanted: 60, 1000).")
            sys.stdout.flush()
        finally:
            watched.close()


@contextlib.contextmanager
def pythons(count):
    """So many python3 that sleep, below one parent; its pid and theirs."""
    code = ("import subprocess, sys\n"
            f"them = [subprocess.Popen([sys.executable, '-c', 'import time, json, threading\\ntime.sleep(600)'])"
            f" for _ in range({count})]\n"
            "print(*(each.pid for each in them), flush=True)\n"
            "sys.stdin.read()\n"
            "for each in them: each.kill()\n"
            "for each in them: each.wait()\n")
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        pids = parent.stdout.readline().split()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not all(asleep(pid) for pid in pids):
            time.sleep(0.1)
        time.sleep(0.5)
        yield parent.pid, pids
    finally:
        parent.stdin.close()
        parent.wait()
        parent.stdout.close()


def asleep(pid):
    with contextlib.suppress(OSError), open(f"/proc/{pid}/wchan", encoding="ascii") as file:
        return "nanosleep" in file.read()
    return False


def case_pythons(bench):
    """Many processes that share their libraries."""
    with pythons(PYTHONS) as (parent, pids):
        ours, eus = [], []
        bench.measure([bench.wedgestack, str(parent)], may_exit=(0, 1, 3))
        for _ in range(bench.options.runs):
            ours.append(bench.measure([bench.wedgestack, str(parent)], may_exit=(0, 1, 3)))
            if shutil.which("eu-stack"):
                eus.append(sum(bench.measure(["eu-stack", "-p", pid], may_exit=(0, 1)).wall_ms for pid in pids[:40])
                           * len(pids) / 40)
        gdb = [bench.measure([*GDB, "-p", pid]).wall_ms for pid in pids[:GDB_SAMPLE]] if shutil.which("gdb") else []
    wall = statistics.median(cost.wall_ms for cost in ours)
    print(f"\n**Stacks of {PYTHONS} Python processes in one run**\n\n| tool | wall ms | / wedgestack |\n|---|---:|---:|")
    print(f"| wedgestack (wanted: 150 ms) | {wall:.0f} | 1 |")
    if eus:
        print(f"| eu-stack, process by process (40 of them, times 5) | {statistics.median(eus):.0f} | "
              f"{statistics.median(eus) / wall:.0f} x |")
    if gdb:
        total = statistics.median(gdb) * PYTHONS
        print(f"| gdb, process by process ({GDB_SAMPLE} of them, extrapolated) | {total:.0f} | {total / wall:.0f} x |")
    print(f"\nCPU {statistics.median(cost.cpu_ms for cost in ours):.0f} ms, peak memory "
          f"{max(cost.peak_mb for cost in ours):.0f} MB.")
    sys.stdout.flush()


CASES = {"stacks-threads": case_threads, "stacks-pythons": case_pythons}
