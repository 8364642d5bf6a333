# SPDX-License-Identifier: MIT
"""wedge-attribute: whose failure is it?  Repositories of a case's own; where it matters, a wedgerun that does not wait."""
import hashlib
import importlib.machinery
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time

from reaping.left import same
from trouble.stage import Failed, Skip
from trouble.suite import case

IDENTITY = {f"GIT_{who}_{what}": "case@example.invalid" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


def git(place, *words):
    environment = {**os.environ, **IDENTITY, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    result = subprocess.run(["git", "-c", "init.defaultBranch=main", *words], cwd=place, env=environment, capture_output=True,
                            stdin=subprocess.DEVNULL, timeout=30, check=False)
    if result.returncode:
        raise Failed(f"git {words}: {result.stderr.decode()}")
    return result.stdout.decode().strip()


class Repository:
    """test.sh as it is in each commit; its last state is the candidate."""

    def __init__(self, t, *versions, name="repository"):
        if not shutil.which("git"):
            raise Skip("no git")
        self.t, self.root = t, os.path.join(t.dir, name)
        t.files.add(name)
        os.mkdir(self.root)
        git(self.root, "init", "-q")
        for version in versions:
            self.write("test.sh", version)
            git(self.root, "add", "-A")
            git(self.root, "commit", "-q", "-m", "x", "--allow-empty")

    def write(self, name, text):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def run(self, *words, command=("sh", "test.sh"), status=None, wedgerun="fake", env=None, cwd=None, limit="5"):
        options = list(words)
        if wedgerun == "fake":
            options.append("--wedgerun=" + os.path.join(self.t.options.programs, "fake-wedgerun"))
        elif wedgerun:
            options.append("--wedgerun=" + wedgerun)
        temporary = os.path.join(self.t.dir, "tmp")
        os.makedirs(temporary, exist_ok=True)
        self.t.files.add("tmp")
        result = subprocess.run([sys.executable, "-B", os.path.join(self.t.options.scripts, "wedge-attribute"), *options, limit,
                                 *command], cwd=cwd or self.root, capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
                                env={**os.environ, "TMPDIR": temporary, "GIT_CONFIG_GLOBAL": "/dev/null", **(env or {})},
                                check=False)
        result.out, result.err = result.stdout.decode(), result.stderr.decode()
        if status is not None and result.returncode != status:
            raise Failed(f"status {result.returncode}, wanted {status}: {result.out}{result.err}")
        same("left in TMPDIR", os.listdir(temporary), [])
        same("worktrees", len(git(self.root, "worktree", "list").splitlines()), 1)
        return result

    def judge(self, *words, status, **options):
        return json.loads(self.run("--json", *words, status=status, **options).out)

    def state(self):
        """Every byte below it, with times and modes; of .git, what git itself would show."""
        found = []
        for place, names, files in os.walk(self.root):
            if ".git" in names:
                names.remove(".git")
            for name in sorted(files):
                path = os.path.join(place, name)
                seen = os.lstat(path)
                with open(path, "rb") as file:
                    found.append((path, seen.st_mode, seen.st_mtime_ns, hashlib.sha256(file.read()).hexdigest()))
        with open(os.path.join(self.root, ".git", "index"), "rb") as file:
            found.append(("index", hashlib.sha256(file.read()).hexdigest()))
        found.append(git(self.root, "stash", "list"))
        found.append(git(self.root, "for-each-ref"))
        return sorted(map(str, found))


HANGS, OTHER, PASSES, FAILS = "echo hang sig-a\n", "echo hang sig-b\n", "exit 0\n", "exit 3\n"


def module(t):
    loader = importlib.machinery.SourceFileLoader("wedge_attribute", os.path.join(t.options.scripts, "wedge-attribute"))
    found = importlib.util.module_from_spec(importlib.util.spec_from_loader("wedge_attribute", loader))
    sys.modules["wedge_attribute"] = found
    loader.exec_module(found)
    return found


@case(quick=True)
def fisher_by_hand(t):
    """The numbers of the tables: 3/3 against 0/3 is 0.05, 2/3 against 0/3 is 0.20."""
    tool = module(t)
    for arguments, wanted in (((3, 3, 0, 3), 0.05), ((2, 3, 0, 3), 0.2), ((4, 4, 0, 3), 1 / 35), ((0, 5, 0, 5), 1.0),
                              ((5, 5, 5, 5), 1.0), ((10, 20, 0, 20), 0.000218)):
        have = tool.fisher(*arguments)
        if abs(have - wanted) > 1e-5:
            raise Failed(f"{arguments}: {have}, wanted {wanted}")
    same("at a rate of 1", tool.clean_runs_wanted(4, 4, 0.05), 3)
    if tool.clean_runs_wanted(4, 20, 0.05) < 14:
        raise Failed("ceil(ln .05 / ln .8) is 14")
    same("three clean runs allow", round(tool.rate_allowed(3, 0.05), 2), 0.63)
    if tool.fisher(5, 10, 0, tool.clean_runs_wanted(5, 10, 0.05)) > 0.05:
        raise Failed("so many are not enough")
    same("needed", tool.runs_needed(2, 3, 0, 3, 0.05) > 3, True)
    same("never", tool.runs_needed(1, 4, 2, 4, 0.05), None)


@case(quick=True)
def attribute_usage(t):
    """Trouble of the caller is 128, which stops a bisection."""
    script = os.path.join(t.options.scripts, "wedge-attribute")
    for words in ((), ("5",), ("--nonsense", "5", "true"), ("--runs=0", "5", "true"), ("--alpha=2", "5", "true")):
        result = subprocess.run([sys.executable, "-B", script, *words], cwd=os.path.dirname(script), capture_output=True,
                                stdin=subprocess.DEVNULL, timeout=20, check=False)
        if result.returncode != 128 or not result.stderr.startswith(b"wedge-attribute: ") or len(result.stderr.splitlines()) != 1:
            raise Failed(f"{words}: {result}")
    result = subprocess.run([sys.executable, "-B", script, "5", "true"], cwd="/", capture_output=True, timeout=20, check=False)
    same("outside of a tree", result.returncode, 128)
    own = subprocess.run([sys.executable, "-B", script, "--version"], capture_output=True, timeout=20, check=False).stdout
    other = subprocess.run([os.path.join(t.options.tools, "wedgereap"), "--version"], capture_output=True, timeout=20,
                           check=False).stdout
    same("version", own.split(maxsplit=1)[1], other.split(maxsplit=1)[1])


@case(quick=True)
def attribute_manual(t):
    """Each option of --help stands in the manual page, and none stands there that is not offered."""
    script = os.path.join(t.options.scripts, "wedge-attribute")
    said = subprocess.run([sys.executable, "-B", script, "--help"], capture_output=True, timeout=20, check=False).stdout.decode()
    with open(os.path.join(t.options.scripts, "..", "man", "wedge-attribute.1"), encoding="utf-8") as file:
        page = file.read()
    same("options", sorted(set(re.findall(r"^ +(?:-. |-., )?--([a-z-]+)", said, re.M)) | {"help", "version"}),
         sorted(re.findall(r"^\.It (?:Fl . , )?Fl -([a-z-]+)", page, re.M)))
    for status in re.findall(r"^\.It (\d+)", page, re.M):
        if int(status) not in (0, 1, 124, 125, 128, 129):
            raise Failed(f"status {status}")


@case()
def regression(t):
    """Hangs here, never there: REGRESSION, 1."""
    found = Repository(t, PASSES, HANGS).judge("--baseline=HEAD^", status=1)
    same("verdict", (found["verdict"], found["signature"], found["outcome"]), ("REGRESSION", "sig-a", "hang"))
    same("runs", [(side["runs"], side["same"]) for side in found["sides"]], [(4, 4), (3, 0)])


@case()
def pre_existing(t):
    """The same signature in both: PRE-EXISTING, 0."""
    found = Repository(t, HANGS, HANGS + "# changed\n").judge("--baseline=HEAD^", status=0)
    same("verdict", found["verdict"], "PRE-EXISTING")


@case()
def by_exit_status(t):
    """Failures that do not hang are compared by exit status."""
    repository = Repository(t, FAILS, FAILS + "#\n", "exit 4\n")
    found = repository.judge("--baseline=HEAD^^", command=("sh", "-c", "git -C . show HEAD:test.sh >/dev/null; exit 3"), status=0)
    same("verdict", (found["verdict"], found["signature"]), ("PRE-EXISTING", "exit 3"))
    found = repository.judge("--baseline=HEAD^", status=125)
    same("verdict", (found["verdict"], found["signature"]), ("INCONCLUSIVE", "exit 4"))


@case()
def flaky_regression(t):
    """Every other run hangs here: it goes on until that is enough."""
    counter = os.path.join(t.dir, "counter")
    t.files.add("counter")
    flaky = f'n=$(cat {counter} 2>/dev/null || echo 0); echo $((n + 1)) >{counter}; [ $((n % 2)) = 1 ] || echo hang sig-a\n'
    repository = Repository(t, PASSES, flaky)
    found = repository.judge("--baseline=HEAD^", status=1)
    here, there = found["sides"]
    if here["same"] < 4 or here["passed"] < 3 or there["runs"] < 5 or found["p"] > 0.05:
        raise Failed(str(found))


@case()
def inconclusive_says_how_many_more(t):
    """Too few runs: the number that is still needed."""
    repository = Repository(t, PASSES, HANGS)
    result = repository.run("--baseline=HEAD^", "--runs=2", status=125)
    if "INCONCLUSIVE" not in result.out or "more runs a side" not in result.out:
        raise Failed(result.out)
    result = Repository(t, PASSES, PASSES + "#\n", name="clean").run("--baseline=HEAD^", "--runs=3", status=125)
    if "still allows a rate of 63%" not in result.out:
        raise Failed(result.out)


@case(limit=90.0)
def case_41_baseline_does_not_build(t):
    """41: no witness: a skip (125), never good, never bad."""
    repository = Repository(t, "broken\n", HANGS)
    result = repository.run("--baseline=HEAD^", "--prepare=! grep broken test.sh", status=125)
    if "does not build" not in result.err or "PRE-EXISTING" in result.out or "REGRESSION" in result.out:
        raise Failed(result.out + result.err)
    # Built by nobody: it fails in another way each time, and is no witness either.
    found = Repository(t, "exit 2\n", HANGS, name="unbuilt").judge("--baseline=HEAD^", status=125)
    same("verdict", found["verdict"], "INCONCLUSIVE")


@case(limit=90.0)
def case_42_baseline_with_another_signature(t):
    """42: it hangs there, too, but in another place: not pre-existing."""
    found = Repository(t, OTHER, HANGS).judge("--baseline=HEAD^", status=125)
    same("verdict", found["verdict"], "INCONCLUSIVE")
    same("counts", [(side["same"], side["other"]) for side in found["sides"]][1][0], 0)
    # Without a signature, or an unsure one, nobody can tell.
    for before in ("echo hang\n", "echo unsure sig-a\n"):
        name = hashlib.sha256(before.encode()).hexdigest()[:8]
        found = Repository(t, before, HANGS, name=name).judge("--baseline=HEAD^", status=125)
        same("verdict", found["verdict"], "INCONCLUSIVE")
    mixed = 'case $0 in *) [ -e ../once ] && exit 0; : >../once; echo hang sig-b;; esac\n'
    found = Repository(t, mixed, HANGS, name="mixed").judge("--baseline=HEAD^", status=1)
    same("verdict", found["verdict"], "REGRESSION")


@case(limit=90.0)
def case_43_editable_install_pointing_at_the_candidate(t):
    """43: both sides would run the candidate's code: refused; a path of this tree in the command, too."""
    repository = Repository(t, PASSES, HANGS)
    packages = os.path.join(t.dir, "packages")
    t.files.add("packages")
    os.mkdir(packages)
    command = (sys.executable, "-c", "print('hang sig-a')")
    user = {"PYTHONUSERBASE": packages}
    place = subprocess.run([sys.executable, "-c", "import site; print(site.getusersitepackages())"], env={**os.environ, **user},
                           capture_output=True, timeout=20, check=True).stdout.decode().strip()
    os.makedirs(place)
    for name, text in (("__editable__.thing-1.0.pth", repository.root + "/src\n"),
                       ("__editable___thing_finder.py", f"MAPPING = {{'thing': '{repository.root}'}}\n"),
                       ("thing.egg-link", repository.root + "\n../\n")):
        path = os.path.join(place, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        result = repository.run("--baseline=HEAD^", command=command, env=user, status=125)
        if "editable install" not in result.err or path not in result.err:
            raise Failed(f"{name}: {result.err}")
        result = repository.run("--baseline=HEAD^", "--allow-shared", command=command, env=user, status=0)
        if "warning: both sides may run the same code" not in result.err:
            raise Failed(f"{name}: {result.err}")
        os.unlink(path)
    with open(os.path.join(place, "neighbour.pth"), "w", encoding="utf-8") as file:
        file.write(repository.root + "-other/src\n")
    repository.run("--baseline=HEAD^", command=command, env=user, status=0)
    repository.run("--baseline=HEAD^", command=("sh", repository.root + "/test.sh"), status=125)


@case(limit=90.0)
def case_44_dirty_tree_byte_identical_afterwards(t):
    """44: changed, staged, untracked and ignored files, times and index: all as before; no stash, no ref."""
    repository = Repository(t, PASSES, PASSES + "#\n")
    repository.write(".gitignore", "*.o\n")
    git(repository.root, "add", ".gitignore")
    git(repository.root, "commit", "-q", "-m", "ignore")
    repository.write("test.sh", HANGS)
    repository.write("staged", "1\n")
    git(repository.root, "add", "staged")
    repository.write("staged", "2\n")
    repository.write("untracked/file", "x\n")
    repository.write("ignored.o", "y\n")
    time.sleep(0.02)
    before = repository.state()
    for words in ((), ("--isolate",), ("--prepare=true",)):
        found = repository.judge(*words, status=1)
        same("verdict", found["verdict"], "REGRESSION")
        same("baseline", found["sides"][1]["revision"], git(repository.root, "rev-parse", "HEAD"))
        same("state", repository.state(), before)
    # A command that writes into its directory: isolated, it does so elsewhere.
    writing = ("sh", "-c", "echo z >written; rm -f staged; . ./test.sh")
    repository.run("--isolate", command=writing, status=1)
    same("state", repository.state(), before)
    result = repository.run(command=writing, status=1)
    if "the working tree changed meanwhile" not in result.err:
        raise Failed(result.err)


@case(limit=90.0)
def environment_of_the_baseline(t):
    """PYTHONPATH into this tree leads to the baseline's own there; a subdirectory stays the same one."""
    repository = Repository(t, PASSES)
    repository.write("lib/thing.py", "print('fine')\n")
    git(repository.root, "add", "-A")
    git(repository.root, "commit", "-q", "-m", "lib")
    repository.write("lib/thing.py", "print('hang sig-a')\n")
    found = repository.judge(command=(sys.executable, "-B", "-c", "import thing"), status=1, cwd=os.path.join(repository.root, "lib"),
                             env={"PYTHONPATH": os.path.join(repository.root, "lib")})
    same("verdict", found["verdict"], "REGRESSION")


@case()
def git_bisect_run(t):
    """Under git bisect run: finds the first bad commit, skips what does not build."""
    versions = [PASSES, PASSES + "# 1\n", "broken\n", PASSES + "# 3\n", HANGS, HANGS + "# 5\n", HANGS + "# 6\n"]
    repository = Repository(t, *versions)
    bad = git(repository.root, "rev-parse", "HEAD~2")
    git(repository.root, "bisect", "start", "HEAD", "HEAD~6")
    script = os.path.join(t.options.scripts, "wedge-attribute")
    said = git(repository.root, "bisect", "run", sys.executable, "-B", script, "--bisect", "--runs=2", "--signature=sig-a",
               "--prepare=! grep broken test.sh", "--wedgerun=" + os.path.join(t.options.programs, "fake-wedgerun"), "5", "sh",
               "test.sh")
    if f"{bad} is the first bad commit" not in said:
        raise Failed(said)


@case(limit=90.0)
def bisect_statuses(t):
    """124 it hangs, 1 it fails, 0 it does not, 125 it cannot be told, 128 it cannot go on."""
    for text, words, status in ((HANGS, (), 124), (FAILS, (), 1), (PASSES, (), 0), (OTHER, ("--signature=sig-a",), 125),
                                (PASSES, ("--prepare=false",), 125), (PASSES, ("--runs=0",), 128)):
        name = f"r{status}-{len(words)}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"
        Repository(t, text, name=name).run("--bisect", *words, status=status)


@case()
def without_wedgerun(t):
    """No wedgerun in PATH: exit status, and a hang has no signature."""
    path = os.path.join(t.dir, "bin")
    t.files.add("bin")
    os.mkdir(path)
    for name in ("git", "sh", "sleep"):
        os.symlink(shutil.which(name), os.path.join(path, name))
    repository = Repository(t, PASSES, "sleep 30 & sleep 31\n")
    found = repository.judge("--baseline=HEAD^", wedgerun=None, env={"PATH": path}, limit="0.3", status=1)
    same("verdict", (found["verdict"], found["outcome"], found["signature"]), ("REGRESSION", "hang", None))
    found = Repository(t, "sleep 30\n", "sleep 31\n", name="both").judge("--baseline=HEAD^", wedgerun=None, env={"PATH": path},
                                                                       limit="0.3", status=125)
    same("verdict", found["verdict"], "INCONCLUSIVE")
    t.check_nothing_left()


@case()
def with_the_real_wedgerun(t):
    """As it will be used: a hang under wedgerun, and a clean baseline."""
    wedgerun = os.path.join(t.options.tools, "wedgerun")
    if not os.access(wedgerun, os.X_OK):
        raise Skip("no wedgerun here")
    hanging = f"exec {sys.executable} -c 'import os; r, w = os.pipe(); os.read(r, 1)'\n"
    found = Repository(t, PASSES, hanging).judge("--baseline=HEAD^", wedgerun=wedgerun, limit="0.7", status=1)
    same("verdict", (found["verdict"], found["outcome"]), ("REGRESSION", "hang"))
    t.check_nothing_left()
    return f"signature {found['signature']}"


@case()
def interrupted_attribute(t):
    """SIGTERM in the middle: worktrees and what it runs are gone."""
    repository = Repository(t, PASSES, "sleep 30\n")
    temporary = os.path.join(t.dir, "tmp")
    os.mkdir(temporary)
    t.files.add("tmp")
    running = subprocess.Popen([sys.executable, "-B", os.path.join(t.options.scripts, "wedge-attribute"), "--baseline=HEAD^",
                                "--wedgerun=" + os.path.join(t.options.programs, "fake-wedgerun"), "20", "sh", "test.sh"],
                               cwd=repository.root, env={**os.environ, "TMPDIR": temporary}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    t.spared.add(running.pid)
    time.sleep(1.5)
    same("worktrees", len(git(repository.root, "worktree", "list").splitlines()), 2)
    running.terminate()
    same("status", running.wait(30), 128 + 15)
    same("left", os.listdir(temporary), [])
    same("worktrees", len(git(repository.root, "worktree", "list").splitlines()), 1)
