# SPDX-License-Identifier: MIT
"""What targets call themselves, how many they are, what is kept and what is ended."""
import json
import os
import re
import shutil
import time

from imitating.runner import (GITHUB_FAST, KILL, Job, alive, command_of, github_commands, github_error, gone, read)
from trouble.stage import Failed
from trouble.suite import case

HOSTILE = ("::error title=pwned::x.py", "##[error]pwned.py", "::stop-commands::pwned.py", "<b>&pwned`|`.py",
           "\u3000::warning::pwned.py", "%0A::error::pwned.py")


def hostile_program(t, job, name):
    """hung.py by another name, and with arguments that begin lines of their own."""
    path = os.path.join(t.dir, name)
    shutil.copy(os.path.join(t.options.programs, "hung.py"), path)
    return f"setsid {job.env['PYTHON']} -SE \"$EVIL\" $'\\n::error ::pwned' $'a\\r\\n##[error]pwned' '</pre><script>' &\nwait\n", {"EVIL": path}


def check_log(step):
    """No line that a runner would take for a command, were commands not stopped either; and none that ends early."""
    obeyed, ignored = github_commands(step.log)
    if ignored:
        raise Failed(f"{ignored} lines that look like commands:\n{step.log}")
    for _, name, _, data in obeyed:
        if name not in ("error", "warning", "group", "endgroup") or (name == "group" and "pwned" in data):
            raise Failed(f"{name}: {data}")
    if "\r" in step.log.replace("\r\x1b[0K", ""):
        raise Failed("a raw carriage return")


@case(limit=120)
def hostile_names(t):
    """Processes named like commands, in GitHub's, GitLab's and a plain log: none of them is one."""
    for number, name in enumerate(HOSTILE):
        runner = ("github", "gitlab", "github", "github", "plain", "github")[number]
        marker = {"MY_JOB": f"hostile{os.getpid()}"} if runner == "plain" else {}
        job = Job(t, runner, **marker)
        if os.path.exists(job.ready):
            os.unlink(job.ready)
        script, env = hostile_program(t, job, name)
        hung = job.hang(script, env=env)
        job.cancel(hung, KILL)
        step = job.run("wedge-ci --grace=1" + (" --marker=MY_JOB" if marker else "")).exits(0).says("pwned")
        gone(hung.test, hung.server)
        if runner == "github":
            check_log(step)
            _, message = github_error(step)
            if "pwned" not in message:
                raise Failed(message)
            inside = re.sub(r"</?(table|tr|th|td|code|pre)( align=\"left\")?>", "", step.summary)
            if "<" in inside or "\n::" in step.summary:
                raise Failed(step.summary)
        for line in step.log.split("\n"):
            found = command_of(line)
            if found and ("pwned" in line) and not re.match(r"::error title=hung%3A stuck-ipc not-consuming::", line):
                raise Failed(f"{runner}: {line!r}")
        if runner == "gitlab" and len(re.findall("section_start", step.log)) != 1:
            raise Failed(step.log)
        shutil.rmtree(job.dir)


@case(limit=60)
def wedgerun_quotes(t):
    """The report of wedgerun itself, in the log of the step: no command either; elsewhere than on GitHub it is as ever."""
    for number, name in enumerate(HOSTILE[:2]):
        job = Job(t, "github")
        if os.path.exists(job.ready):
            os.unlink(job.ready)
        script, env = hostile_program(t, job, name)
        hung = job.hang(script, env=env, shell="wedgerun -k 1 -w 0.5 3 bash -e {0}")
        step = job.finish(hung).exits(124).says("pwned", "STUCK-IPC")
        obeyed, ignored = github_commands(step.log)
        if obeyed:
            raise Failed(f"{obeyed}\n{step.log}")
        if not ignored:
            raise Failed(f"the names are not in it:\n{step.log}")
        gone(hung.test, hung.server)
    job = Job(t, "gitlab")
    os.unlink(job.ready)
    hung = job.hang("wedgerun -k 1 -w 0.5 3 make check")
    job.finish(hung).says("STUCK-IPC").lacks("::stop-commands::")


@case(limit=120)
def crowd(t):
    """Hundreds of processes: the summary has an end, all are removed."""
    job = Job(t, "github", CROWD="400")
    hung = job.hang(seconds=40)
    job.cancel(hung, KILL)
    step = job.run("head -c 150000 /dev/zero | tr '\\0' x >>\"$GITHUB_STEP_SUMMARY\"\nwedge-ci --grace=1", limit=90).exits(0)
    github_error(step)
    if not 150000 < len(step.summary) < 200 << 10:
        raise Failed(f"summary of {len(step.summary)} bytes")
    step.says("40", "cleaned  40")
    gone(hung.test, hung.server)


@case(limit=60)
def nothing_left(t):
    """A step that ends well: one line, no file, no summary, not a second lost."""
    for runner in ("github", "gitlab", "jenkins"):
        job = Job(t, runner)
        bystander = job.bystander()
        job.run("true").exits(0)
        step = job.run("wedge-ci").exits(0)
        if step.log != "wedge-ci: nothing outlived the step\n" or step.summary or os.listdir(job.dir):
            raise Failed(f"{step.log} {step.summary} {job.reports()}")
        if step.seconds > 5:
            raise Failed(f"{step.seconds:.1f} s for nothing")
        alive(bystander)


@case(limit=60)
def idle_is_no_error(t):
    """A server that was left behind and waits for clients: no annotation; overdue, it is one."""
    server = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); open('up', 'w'); s.accept()"
    job = Job(t, "github")
    left = job.begin(f"setsid {job.env['PYTHON']} -SEc \"{server}\" &\nwait")
    job.await_file(os.path.join(job.dir, "up"))
    job.cancel(left, KILL)
    step = job.run("wedge-ci --keep --overdue=false").exits(0).says("IDLE", "left alone: 1 process (as --keep says)")
    if [each for each in github_commands(step.log)[0] if each[1] in ("error", "warning")]:
        raise Failed(step.log)
    if step.outputs["class"] != "idle":
        raise Failed(str(step.outputs))
    step = job.run("wedge-ci --overdue --grace=1 --exit-code").exits(1).says("cleaned  1 process; port ")
    github_error(step)


@case(limit=60)
def exit_codes(t):
    """--exit-code: as wedgecheck; without it 0."""
    job = Job(t, "github")
    job.run("wedge-ci --exit-code").exits(0)
    hung = job.hang()
    job.cancel(hung, GITHUB_FAST)
    job.run("wedge-ci --exit-code --keep").exits(1)
    alive(hung.test, hung.server)
    job.run("wedge-ci --grace=1").exits(0)
    gone(hung.test, hung.server)
    for words, complaint in (("--for=x", "--for=x"), ("--nonsense", "--nonsense"), ("--grace=a", "--grace=a"), ("--marker", "missing"),
                             ("--overdue=maybe", "maybe"), ("--report-dir=", "--report-dir")):
        step = job.run(f"wedge-ci {words}").exits(2).says(complaint)
        if step.log.count("\n") != 1:
            raise Failed(step.log)


@case(limit=60)
def reads_along(t):
    """wedge-ci | tee: the reader is neither a leftover nor ended."""
    job = Job(t, "github")
    step = job.run("wedge-ci | tee log").exits(0)
    if step.log != "wedge-ci: nothing outlived the step\n":
        raise Failed(step.log)
    hung = job.hang()
    job.cancel(hung, KILL)
    step = job.run("wedge-ci --grace=1 | tee log; echo ${PIPESTATUS[*]}").exits(0).says("cleaned  ", "\n0 0\n")
    gone(hung.test, hung.server)


@case(limit=60)
def one_hang_is_shown_once(t):
    """wedgerun reported and was killed before it could end the tree: its report, not a second one of the same."""
    job = Job(t, "github")
    hung = job.hang("wedgerun --report-dir=wedge-report --kill-after=60 0 make check", seconds=20)
    end = time.monotonic() + 20
    os.kill(wedgerun_of(hung.pid), 10)  # USR1: report, and go on
    while not any(name.endswith("-1.json") for name in job.reports()):
        if time.monotonic() > end:
            raise Failed(read(hung.log))
        time.sleep(0.05)
    os.kill(wedgerun_of(hung.pid), 9)
    job.cancel(hung, KILL)
    alive(hung.test, hung.server)
    step = job.run("wedge-ci --grace=1").exits(0).says("the same hang as in", "cleaned ")
    github_error(step)
    if step.summary.count("### ") != 1 or step.log.count("STUCK-IPC") != 1:
        raise Failed(f"{step.log}\n{step.summary}")
    if any(name.startswith("wedge-ci-") for name in job.reports()):
        raise Failed(f"{job.reports()}")
    gone(hung.test, hung.server)


def wedgerun_of(pid):
    """The child of that shell."""
    children = [int(word) for word in read(f"/proc/{pid}/task/{pid}/children").split()]
    for child in children:
        if read(f"/proc/{child}/comm") == "wedgerun\n":
            return child
    raise Failed(f"no wedgerun below {pid}: {children}")


@case(limit=60)
def reports_of_an_earlier_job(t):
    """What lay in the directory before this job began is not shown as its own."""
    job = Job(t, "github")
    place = os.path.join(job.dir, "wedge-report")
    os.mkdir(place)
    shutil.copy(os.path.join(os.path.dirname(t.options.scripts), "tests", "cases", "pytest-stuck.wedge"), place)
    event = job.env["GITHUB_EVENT_PATH"]
    os.utime(os.path.join(place, "pytest-stuck.wedge"), (1, 1))
    job.run("wedge-ci").exits(0).lacks("STUCK")
    os.utime(os.path.join(place, "pytest-stuck.wedge"))
    os.utime(event, (1, 1))
    step = job.run("wedge-ci").exits(0).says("STUCK-IPC")
    github_error(step)
    job.run("wedge-ci").exits(0).lacks("STUCK")


@case(limit=60)
def jenkins_build_numbers(t):
    """A build number marks other builds, too: who only carries that is looked at, and not ended."""
    job = Job(t, "jenkins")
    del job.env["JENKINS_NODE_COOKIE"]
    hung = job.hang()
    job.cancel(hung, KILL)
    job.run("wedge-ci").exits(0).says("STUCK-IPC", "left alone: ", "--marker=BUILD_TAG")
    alive(hung.test, hung.server)
    job.run("wedge-ci --marker=BUILD_TAG --grace=1").exits(0).says("cleaned ")
    gone(hung.test, hung.server)


@case(limit=60)
def arguments_are_masked(t):
    """A token on a command line is in no file that may be published."""
    job = Job(t, "github")
    hung = job.hang("HUNG_WORDS='--token=s3cr3t-in-argv --password s3cr3t-too' make check")
    job.cancel(hung, KILL)
    step = job.run("wedge-ci --grace=1").exits(0)
    text = step.log + step.summary
    for name in job.reports():
        text += read(os.path.join(job.dir, "wedge-report", name))
    if "s3cr3t" in text:
        raise Failed("a secret got out")
    json.loads(read(os.path.join(job.dir, step.outputs["report"])))
