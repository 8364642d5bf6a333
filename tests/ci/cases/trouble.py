# SPDX-License-Identifier: MIT
"""A hook with trouble of its own: a clear line, and the job is none the worse."""
import os

from imitating.runner import KILL, Job, alive, github_error, gone
from trouble.stage import Failed
from trouble.suite import case


def script(t, name, text):
    place = os.path.join(t.dir, "fakes")
    os.makedirs(place, exist_ok=True)
    path = os.path.join(place, name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, 0o755)
    return place


@case(quick=True)
def tools_missing(t):
    """Not installed: one line, exit 0."""
    job = Job(t, "github")
    bare = os.path.join(t.dir, "bare")
    os.mkdir(bare)
    for name in ("bash", "dirname", "sed", "od", "timeout", "mktemp", "rm"):
        os.symlink(next(path for path in (f"/usr/bin/{name}", f"/bin/{name}") if os.path.exists(path)), os.path.join(bare, name))
    hook = os.path.join(t.options.scripts, "wedge-ci")
    step = job.run(f"PATH={bare}\n{hook}\n").exits(0).says("wedgecheck wedgereap")
    if step.log.count("\n") != 1:
        raise Failed(step.log)
    job.run(f"PATH={bare}\n{hook} --exit-code\n").exits(2)
    os.unlink(os.path.join(bare, "timeout"))
    job.run(f"PATH={bare}\n{hook}\n").exits(0).says("timeout")


@case(quick=True)
def no_marker(t):
    """Nothing to find processes by: one line, exit 0; an empty marker marks nobody."""
    job = Job(t, "plain")
    job.run("wedge-ci").exits(0).says("no marker of a CI runner is set")
    job = Job(t, "github", RUNNER_TRACKING_ID="")
    job.run("wedge-ci").exits(0).says("no marker of a CI runner is set")
    job.run("wedge-ci --marker=RUNNER_TRACKING_ID").exits(0).says("RUNNER_TRACKING_ID is not set")
    job.run("wedge-ci --marker=X=").exits(0).says("would mark everybody")
    job.run("wedge-ci --marker='a[$(touch pwned)]'").exits(0).says("no name of a variable")
    if os.listdir(job.dir):
        raise Failed(str(os.listdir(job.dir)))


@case(limit=60)
def directory_unusable(t):
    """No place for reports: shown all the same, and cleaned up."""
    for place in ("file", "/proc/nowhere"):
        job = Job(t, "github")
        if os.path.exists(job.ready):
            os.unlink(job.ready)
        open(os.path.join(job.dir, "file"), "w").close()
        hung = job.hang()
        job.cancel(hung, KILL)
        step = job.run(f"wedge-ci --grace=1 --report-dir={place}").exits(0)
        step.says(f"cannot write to {place}: reports are shown, but not kept", "STUCK-IPC", "cleaned ")
        if step.lacks("wedge-ci: report ").outputs["report"]:
            raise Failed(str(step.outputs))
        github_error(step)
        gone(hung.test, hung.server)


@case(limit=60)
def look_hangs(t):
    """wedgecheck hangs, crashes, does not know: the hook ends within its deadline, and cleans up."""
    for body, words in (("trap '' TERM; sleep 100; sleep 100", "looking took longer than 1 s"), ("kill -SEGV $$", "no report: "),
                        ("echo no such thing >&2; exit 2", "no report: no such thing")):
        job = Job(t, "github")
        if os.path.exists(job.ready):
            os.unlink(job.ready)
        fakes = script(t, "wedgecheck", f"#!/bin/bash\n{body}\n")
        hung = job.hang()
        job.cancel(hung, KILL)
        step = job.run(f"PATH={fakes}:$PATH\nwedge-ci --triage=1 --grace=1").exits(0).says(words, "cleaned ")
        if step.seconds > 20:
            raise Failed(f"{step.seconds:.0f} s")
        gone(hung.test, hung.server)
        if step.outputs["class"]:
            raise Failed(str(step.outputs))


@case(limit=60)
def finding_hangs(t):
    """wedgereap hangs: nobody is found, nobody ended."""
    job = Job(t, "github")
    fakes = script(t, "wedgereap", "#!/bin/bash\necho strange >&2; exit 2\n")
    hung = job.hang()
    job.cancel(hung, KILL)
    job.run(f"PATH={fakes}:$PATH\nwedge-ci").exits(0).says("cannot look for the processes of the job: strange")
    alive(hung.test, hung.server)


@case(limit=60)
def files_of_the_runner_unwritable(t):
    """No summary and no outputs can be written: two lines, the rest goes on."""
    job = Job(t, "github")
    hung = job.hang()
    job.cancel(hung, KILL)
    step = job.run("GITHUB_STEP_SUMMARY=/proc/nowhere GITHUB_OUTPUT=/proc/nowhere wedge-ci --grace=1").exits(0)
    step.says("cannot write the step summary", "cannot write the step's outputs", "STUCK-IPC", "cleaned ")
    gone(hung.test, hung.server)


@case(quick=True)
def a_file_that_is_no_snapshot(t):
    """Whatever lies in the report directory: a line about it."""
    job = Job(t, "github")
    os.mkdir(os.path.join(job.dir, "wedge-report"))
    with open(os.path.join(job.dir, "wedge-report", "::error ::x.wedge"), "w") as file:
        file.write("::error ::pwned\n")
    step = job.run("wedge-ci").exits(0).says("cannot read")
    if [line for line in step.log.split("\n") if line.lstrip().startswith("::")]:
        raise Failed(step.log)
