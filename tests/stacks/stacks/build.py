# SPDX-License-Identifier: MIT
"""The programs under test, in all the ways in which they are built; kept from run to run."""
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import typing

PROGRAMS = pathlib.Path(__file__).resolve().parent.parent / "programs"
HEADERS = ("place.h",)
COMMANDS = {
    ".c": "{cc} -D_GNU_SOURCE -std=gnu11 {flags} -o {out} {source} -pthread -ldl",
    ".cc": "{cc} -D_GNU_SOURCE -std=c++17 {flags} -o {out} {source} -pthread",
    ".rs": "{cc} {flags} -o {out} {source}",
    ".go": "{cc} build {flags} -o {out} {source}",
}


class Missing(Exception):
    """The compiler, or another tool, is not on this machine."""


class Broken(Exception):
    """It does not build."""


@dataclasses.dataclass(frozen=True)
class Program:
    """
    A source file and how it is built.  then: a shell script that makes "$new", which becomes "$out", of "$whole", as
    which the compiler's output is kept; or a function (bytes) -> bytes.
    """
    source: str
    flags: str = "-O2"
    cc: str = "gcc"
    then: typing.Union[str, typing.Callable] = ""
    needs: tuple = ()

    def key(self):
        text = b"".join((PROGRAMS / name).read_bytes() for name in (self.source, *HEADERS))
        then = self.then
        if callable(then):
            then = repr(then)
            text += pathlib.Path(sys.modules[self.then.__module__].__file__).read_bytes()
        return hashlib.sha256(text + repr((COMMANDS, self.flags, self.cc, then)).encode()).hexdigest()[:12]

    def file(self, directory):
        return os.path.join(directory, f"{pathlib.Path(self.source).stem}-{self.key()}")

    def whole(self, directory):
        """With all its symbols."""
        return self.file(directory) + ".whole" if self.then else self.file(directory)


def C(source, flags="-O2", **more):
    return Program(source, flags, **more)


def build(program, directory):
    """Its file; Missing or Broken."""
    out, whole = program.file(directory), program.whole(directory)
    if os.path.exists(out):
        return out
    for tool in (program.cc, *program.needs):
        if not shutil.which(tool):
            raise Missing(f"no {tool} here")
    environment = {**os.environ, "GOCACHE": os.path.join(directory, "go"), "GO111MODULE": "off", "GOFLAGS": "", "LC_ALL": "C",
                   "CGO_ENABLED": "0", "out": out, "new": out + ".new", "whole": whole,
                   "source": str(PROGRAMS / program.source)}
    made = out + ".new" if not program.then else whole
    source = PROGRAMS / program.source
    _run(COMMANDS[source.suffix].format(cc=program.cc, flags=program.flags, out=made, source=source), directory, environment)
    if callable(program.then):
        with open(whole, "rb") as old, open(out + ".new", "wb") as new:
            new.write(program.then(old.read()))
        os.chmod(out + ".new", 0o755)
    elif program.then:
        _run(program.then, directory, environment)
    os.rename(out + ".new", out)
    return out


def _run(command, directory, environment):
    try:
        done = subprocess.run(["sh", "-ec", command], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    except subprocess.TimeoutExpired:
        raise Broken(f"{command}: not done after 120 s") from None
    if done.returncode:
        raise Broken(f"{command}: {done.stdout.decode(errors='replace')[-800:]}")


def build_all(programs, directory, jobs):
    """{program: its file, or the exception}."""
    os.makedirs(directory, exist_ok=True)

    def one(program):
        try:
            return build(program, directory)
        except (Missing, Broken) as problem:
            return problem
    programs = list(dict.fromkeys(programs))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return dict(zip(programs, pool.map(one, programs)))
