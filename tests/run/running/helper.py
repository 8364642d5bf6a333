# SPDX-License-Identifier: MIT
"""What the cases share: start wedgerun, say what must have come of it."""
import glob
import json
import os
import re
import signal
import sys
import time

from trouble import facts
from trouble.stage import Failed, Skip  # noqa: F401

HUNG = 124


def actor(t, *arguments):
    return [os.path.join(t.options.programs, "actor"), *map(str, arguments)]


def home(t):
    """A private directory for state files."""
    path = os.path.join(t.dir, "runtime")
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def begin(t, *arguments, env=None, **options):
    options.setdefault("limit", 30)
    return t.begin(*map(str, arguments), tool="wedgerun", env={"XDG_RUNTIME_DIR": home(t), **(env or {})}, **options)


def run(t, *arguments, status=None, left=0, **options):
    """To its end; nobody may be left behind but as many as said."""
    result = t.finish(begin(t, *arguments, **options))
    if status is not None and result.status != status:
        raise Failed(f"want status {status}, have {result}")
    check_left(t, left)
    check_records(t, 0)
    t.clean(re.sub("\x1b\\[[0-9;]*m", "", result.err))
    return result


def living(t):
    """Those who became our children, zombies reaped."""
    found = []
    for pid in facts.own_children():
        if pid in t.spared:
            continue
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == 0:
                found.append(pid)
        except ChildProcessError:
            pass
    return found


def check_left(t, count):
    end = time.monotonic() + 2
    while len(living(t)) != count and time.monotonic() < end:
        time.sleep(0.01)
    left = living(t)
    if len(left) != count:
        raise Failed(f"left behind: {[(facts.comm(pid), pid) for pid in left]}, want {count}")
    for pid in left:
        os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def records(t):
    return glob.glob(os.path.join(home(t), "wedgetools", "*.run"))


def check_records(t, count):
    if len(records(t)) != count:
        raise Failed(f"{len(records(t))} records, want {count}")
    litter = set(os.listdir(os.path.join(home(t), "wedgetools"))) if os.path.isdir(os.path.join(home(t), "wedgetools")) else ()
    if len(litter) != count:
        raise Failed(f"litter: {litter}")


def says(result, pattern, where="err"):
    if not re.search(pattern, getattr(result, where)):
        raise Failed(f"want {pattern!r} in std{where}, have {result}\n{result.err}")
    return result


def silent(result):
    if result.err:
        raise Failed(f"want silence, have {result}")
    return result


def reports(result):
    """How many reports were shown."""
    return len(re.findall(r"^(?:\x1b\[[0-9;]*m)*[A-Z][A-Z-]+\b.*(?:likely|unsure|proved|guess)", result.err, re.M))


def one_report(result):
    if reports(result) != 1:
        raise Failed(f"want one report, have {reports(result)}: {result}\n{result.err}")
    return result


def fast(result, seconds):
    if result.seconds > seconds:
        raise Failed(f"want it within {seconds} s, took {result.seconds:.1f} s: {result}")
    return result


def outcome(t, directory="reports"):
    """The outcome file of the one run that wrote there."""
    found = glob.glob(os.path.join(t.dir, directory, "*-outcome.json"))
    if len(found) != 1:
        raise Failed(f"want one outcome, have {found}")
    with open(found[0]) as file:
        return json.load(file)


def await_file(path, seconds=5.0):
    end = time.monotonic() + seconds
    while not os.path.exists(path):
        if time.monotonic() > end:
            raise Failed(f"{path} never came")
        time.sleep(0.01)


def await_line(path, seconds=5.0):
    await_file(path, seconds)
    end = time.monotonic() + seconds
    while not open(path).read().endswith("\n"):
        if time.monotonic() > end:
            raise Failed(f"{path} stays empty")
        time.sleep(0.01)
    return open(path).read().strip()


def script(t, name, text):
    """An executable file of the case."""
    path = os.path.join(t.dir, name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path


def fake_check(t, name="fake-check", class_="stuck-ipc", signature=None, body=""):
    """A wedgecheck that always says the same."""
    finding = {"class": class_, "cause": "no-reply", "certainty": "likely", "summary": "it waits", "signature": signature}
    return script(t, name, f"""#!{sys.executable} -SE
import sys, time, os, signal
{body}
for a in sys.argv:
    if a.startswith("--save="):
        open(a[7:], "w").write("{{}}")
if "--json" in sys.argv:
    print({json.dumps(json.dumps({"findings": [finding]}))})
else:
    print("STUCK-IPC no-reply (likely)")
sys.exit(1)
""")
