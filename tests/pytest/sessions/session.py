# SPDX-License-Identifier: MIT
"""One session: tests written down, pytest run on them, the words that must come of it."""
import os
import pathlib
import re
import subprocess
import sys

from trouble.stage import Failed, Skip

TOP = pathlib.Path(__file__).resolve().parents[3]
PLUGIN = str(TOP / "scripts")
HEAD = "import ctypes, os, subprocess, sys, threading, time\nimport pytest\n"
LOCK = "    lock = threading.Lock(); lock.acquire(); lock.acquire()\n"
SILENT = "    subprocess.run(['sleep', '1000'], stdout=subprocess.PIPE)\n"


def python(*modules):
    """A python3 that has them."""
    for each in ("/usr/bin/python3", sys.executable):
        if os.access(each, os.X_OK) and subprocess.run([each, "-c", "import " + ", ".join(("pytest", *modules))], stderr=subprocess.DEVNULL).returncode == 0:
            return each
    raise Skip("no python3 with: pytest " + " ".join(modules))


def write(t, body, name="test_it.py"):
    with open(os.path.join(t.dir, name), "w") as file:
        file.write(HEAD + body)
    return name


def begin(t, body, *arguments, modules=(), env=None, wrap=(), interpreter=None, path=PLUGIN, **options):
    name = write(t, body)
    surroundings = {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "100",
                    "WEDGECHECK": os.path.join(t.options.tools, "wedgecheck"), **(env or {})}
    return t.begin("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "wedge_pytest", *arguments, name, wrap=wrap,
                   tool=interpreter or python(*modules), env=surroundings, **options)


def run(t, body, *arguments, status=1, **options):
    """To its end.  Who is left is ended with the case."""
    result = t.finish(begin(t, body, *arguments, **options))
    if result.status != status:
        raise Failed(f"want status {status}, have {result}\n{result.out[-3000:]}")
    if "INTERNALERROR" in result.out + result.err:
        raise Failed(result.out[-3000:])
    return result


def says(result, *patterns, where="out"):
    text = getattr(result, where)
    for pattern in patterns:
        if not re.search(pattern, text, re.M):
            raise Failed(f"want {pattern!r} in std{where}, have {result}\n{text[-6000:]}")
    return result


def lacks(result, *patterns, where="out"):
    text = getattr(result, where)
    for pattern in patterns:
        if re.search(pattern, text, re.M):
            raise Failed(f"{pattern!r} in std{where} of {result}\n{text[-6000:]}")
    return result


def sections(result, title="wedgecheck"):
    """What stands below such titles."""
    return re.findall(r"(?ms)^-+ %s -+\n(.*?)(?=^[-=_]{8,}.*[-=_]{3,}$|\Z)" % title, result.out)


def one_section(result, title="wedgecheck"):
    found = sections(result, title)
    if len(found) != 1:
        raise Failed(f"want one section {title}, have {len(found)}: {result}\n{result.out[-6000:]}")
    return found[0]


def holds(text, *patterns):
    for pattern in patterns:
        if not re.search(pattern, text, re.M):
            raise Failed(f"want {pattern!r} in\n{text}")
    return text


def fast(result, seconds):
    if result.seconds > seconds:
        raise Failed(f"want it within {seconds} s, took {result.seconds:.1f} s: {result}")
    return result


def script(t, name, text):
    path = os.path.join(t.dir, name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return path
