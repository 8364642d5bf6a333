# SPDX-License-Identifier: MIT
"""What wedgerun costs: beside timeout(1), at the limit, and against those who fork away."""
import glob
import os
import statistics
import subprocess
import sys
import tempfile
import time

STARTS = 200
RESPAWNERS = 50
LIMIT_S = 4


def table(title, rows):
    print(f"\n**{title}**\n\n| measured | median | wanted |\n|---|---:|---:|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    sys.stdout.flush()


def wedgerun(bench):
    return os.path.join(os.path.dirname(bench.wedgecheck), "wedgerun")


def took_ms(argv):
    begun = time.perf_counter()
    os.waitpid(os.posix_spawnp(argv[0], argv, os.environ), 0)
    return (time.perf_counter() - begun) * 1000


def case_start(bench):
    """A command that ends at once; both in turn, so that load hits both."""
    theirs, ours = [], []
    for _ in range(STARTS):
        theirs.append(took_ms(["timeout", "10", "true"]))
        ours.append(took_ms([wedgerun(bench), "10", "true"]))
    more = statistics.median(ours) - statistics.median(theirs)
    table("wedgerun 10 true", [("timeout 10 true", f"{statistics.median(theirs):.1f} ms", ""),
                               ("wedgerun 10 true", f"{statistics.median(ours):.1f} ms", ""),
                               ("more than timeout", f"{more:.1f} ms", "<= 3 ms")])


def case_hundred(bench):
    """100 processes hang: when the report is on disk, and when all are gone."""
    code = "import os, time\nfor i in range(99):\n  if os.fork() == 0: break\ntime.sleep(300)"
    written, over = [], []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as place:
            begun = time.monotonic()
            process = subprocess.Popen([wedgerun(bench), f"--report-dir={place}", str(LIMIT_S), sys.executable, "-SEc", code],
                                       stderr=subprocess.DEVNULL)
            while process.poll() is None and not glob.glob(f"{place}/*-1.json"):
                time.sleep(0.01)
            written.append(time.monotonic() - begun - LIMIT_S)
            process.wait()
            over.append(time.monotonic() - begun - LIMIT_S - written[-1])
    table("A hang of 100 processes", [("report on disk after the limit", f"{statistics.median(written):.2f} s", "<= 3.5 s"),
                                      ("all gone after that", f"{statistics.median(over):.2f} s", "<= 1 s")])


def case_respawn(bench):
    """400 processes that make way for children of their own, deaf to TERM."""
    actor = os.path.join(os.path.dirname(bench.wedgecheck), "tests/run/programs/actor")
    tag, gone, seconds = f"{os.getpid()}-respawn", 0, []
    for _ in range(RESPAWNERS):
        begun = time.monotonic()
        subprocess.run([wedgerun(bench), "--triage=0", "-k", "0.2", "1.5", actor, "respawn", "400", "300"],
                       env={**os.environ, "BENCH_TAG": tag}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        seconds.append(time.monotonic() - begun - 1.7)
        gone += not left(tag)
    table("A respawning tree of 400", [("removed completely", f"{gone} of {RESPAWNERS}", "all"),
                                       ("after the grace", f"{statistics.median(seconds):.2f} s", "<= 1 s")])


def left(tag):
    """Who carries that in its environment."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                if f"BENCH_TAG={tag}".encode() in file.read():
                    found.append(int(name))
        except OSError:
            pass
    return found


CASES = {"run-start": case_start, "run-hundred": case_hundred, "run-respawn": case_respawn}
