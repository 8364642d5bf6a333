# SPDX-License-Identifier: MIT
"""The snippets as they stand in scripts/ci and the README, executed."""
import glob
import os
import re
import stat
import xml.etree.ElementTree as xml

from imitating.runner import (GITHUB, GITLAB, JENKINS, Job, Step, alive, github_commands, github_error, gone, read, yaml)
from trouble.stage import Failed, Skip
from trouble.suite import case


def snippet(t, name):
    return read(os.path.join(t.options.scripts, "ci", name))


def steps_of(t, name):
    """Of a GitHub snippet: those that run something."""
    return [step for step in yaml().safe_load(snippet(t, name)) if "run" in step]


def expanded(text, **values):
    """Expressions as GitHub expands them, which it does before a shell sees anything."""
    for expression in re.findall(r"\$\{\{(.*?)\}\}", text):
        if expression.strip() not in values:
            raise Failed(f"what is {expression}?")
        text = text.replace("${{" + expression + "}}", values[expression.strip()])
    return text


def environment(step, **values):
    if "${{" in step["run"]:
        raise Failed(f"an expression in a script is an injection: {step['run']}")
    return {name: expanded(str(value), **values) for name, value in step.get("env", {}).items()}


def check_files(job, count=1):
    """Of each live report JSON, text, JUnit file and a snapshot that is nobody else's."""
    names = [name for name in job.reports() if name.startswith("wedge-ci-")]
    if len(names) != 4 * count or {name.partition(".")[2] for name in names} != {"json", "txt", "wedge", "xml"}:
        raise Failed(f"files: {names}")
    for name in names:
        mode = stat.S_IMODE(os.stat(os.path.join(job.dir, "wedge-report", name)).st_mode)
        if name.endswith(".wedge") and mode != 0o600:
            raise Failed(f"{name}: mode {mode:o}")


def junit(job, kind="hang"):
    """Errors of that type, over all JUnit files."""
    found = []
    for path in glob.glob(os.path.join(job.dir, "wedge-report", "*-junit.xml")):
        found += [error for error in xml.parse(path).getroot().findall(".//error") if error.get("type") == kind]
    return found


def verdict_last(step, word="STUCK-IPC"):
    lines = step.log.rstrip("\n").split("\n")
    at = [number for number, line in enumerate(lines) if line.startswith(word)]
    if not at or len(lines) - at[-1] > 12 or any(not line.startswith("  ") for line in lines[at[-1] + 1:]):
        raise Failed(f"the verdict is not the last:\n{step.log}")


@case(limit=90)
def github_post_step(t):
    """The test step is cancelled by GitHub's sequence, its tree survives; the step behind it explains and cleans up."""
    job = Job(t, "github")
    hook, = steps_of(t, "github-post-step.yml")
    if hook["if"] != "always()" or not hook["timeout-minutes"]:
        raise Failed(str(hook))
    bystander, kept = job.bystander(), job.bystander(WEDGE_KEEP="1", RUNNER_TRACKING_ID=job.env["RUNNER_TRACKING_ID"])
    hung = job.hang()
    job.cancel(hung, GITHUB)
    alive(hung.test, hung.server)
    step = job.run(hook["run"], env=environment(hook, **{"job.status == 'cancelled'": "true"})).exits(0)
    title, message = github_error(step)
    if title != "hung: stuck-ipc not-consuming" or f"hung.py[{hung.server}] does not read tcp" not in message:
        raise Failed(f"{title!r} {message!r}")
    signature = re.search(r", (w1:[0-9a-f]{8})$", message)
    if not signature or step.outputs["signature"] != signature[1]:
        raise Failed(f"{message} {step.outputs}")
    if (step.outputs["class"], step.outputs["cause"]) != ("stuck-ipc", "not-consuming") or \
            not os.path.isfile(os.path.join(job.dir, step.outputs["report"])):
        raise Failed(str(step.outputs))
    if not step.summary.startswith("### hung: stuck-ipc not-consuming (likely)\n\n<table>\n") or \
            f"hung.py[{hung.test}] -tcp-&gt; hung.py[{hung.server}]" not in step.summary:
        raise Failed(step.summary)
    step.says("outlived the step; looked at before clean-up", "wedge-ci: cleaned ", "STUCK-IPC  not-consuming  (likely)",
              "1 kept (WEDGE_KEEP=1)")
    groups = [name for _, name, _, _ in github_commands(step.log)[0] if "group" in name]
    if groups != ["group", "endgroup"]:
        raise Failed(f"{groups}")
    check_files(job)
    if len(junit(job)) != 1:
        raise Failed("no JUnit error")
    gone(hung.test, hung.server)
    alive(bystander, kept)


@case(limit=90)
def github_shell(t):
    """wedgerun as the step's shell: cancelled, it leaves a report; the next step shows that, once, and ends who is left."""
    job = Job(t, "github")
    tests, hook = steps_of(t, "github-shell.yml")
    hung = job.hang(tests["run"], shell=tests["shell"])
    job.cancel(hung, GITHUB)
    if len([name for name in job.reports() if name.endswith(".wedge")]) != 1:
        raise Failed(f"reports: {job.reports()}")
    step = job.run(hook["run"]).exits(0)
    gone(hung.test, hung.server)
    title, message = github_error(step)
    if "stuck-ipc" not in title or f"[{hung.server}]" not in message:
        raise Failed(f"{title} {message}")
    if step.summary.count("### ") != 1 or not step.outputs["report"].endswith("-1.json"):
        raise Failed(f"{step.summary} {step.outputs}")
    again = job.run(hook["run"]).exits(0).says("nothing outlived the step")
    if again.summary or again.log.count("\n") != 1 or again.outputs["class"]:
        raise Failed(again.log)


@case(limit=60)
def github_action(t):
    """action.yml: its scripts hold no expression, its inputs stay words, its outputs are those of the script."""
    action = yaml().safe_load(read(os.path.join(os.path.dirname(t.options.scripts), "action.yml")))
    inputs = {name: each["default"] for name, each in action["inputs"].items()}
    job = Job(t, "github", GITHUB_ACTION_PATH=os.path.dirname(t.options.scripts))
    evil = "a $(touch pwned) `touch pwned`; touch pwned\""
    hung = job.hang()
    job.cancel(hung, GITLAB)
    for given, present in (({"report-dir": evil, "grace": "1"}, True), ({"report-dir": evil, "marker": evil}, False)):
        values = {f"inputs.{name}": value for name, value in {**inputs, **given}.items()}
        values["inputs.overdue == 'true' || job.status == 'cancelled'"] = "false"
        tools, report = [step for step in action["runs"]["steps"] if "run" in step]
        for each in (tools, report):
            if each["shell"] != "bash":
                raise Failed(each["shell"])
        # bash: --noprofile --norc -eo pipefail
        shell = "bash --noprofile --norc -eo pipefail {0}"
        job.run(tools["run"], shell=shell, env=environment(tools, **values)).exits(0)
        step = job.run(report["run"], shell=shell, env=environment(report, **values)).exits(0)
        if present:
            github_error(step)
            gone(hung.test, hung.server)
            for name, output in action["outputs"].items():
                if output["value"] != "${{ steps.report.outputs.%s }}" % name or name not in step.outputs:
                    raise Failed(f"{name}: {output} {step.outputs}")
            if not step.outputs["report"].startswith(evil):
                raise Failed(str(step.outputs))
    if os.listdir(job.dir) != [evil] or "pwned" in os.listdir(job.dir):
        raise Failed(str(os.listdir(job.dir)))


@case(quick=True)
def action_expressions(t):
    """No expression stands in a script, in the action and the snippets: who names a branch would run it."""
    paths = glob.glob(os.path.join(t.options.scripts, "ci", "*.yml")) + [os.path.join(os.path.dirname(t.options.scripts), "action.yml")]
    count = 0
    for path in paths:
        inside = None
        for line in read(path).split("\n"):
            indent = len(line) - len(line.lstrip())
            if inside is not None and line.strip() and indent <= inside:
                inside = None
            if re.match(r" *(- )?run:", line):
                inside = indent
                count += 1
            if inside is not None and "${{" in line:
                raise Failed(f"{path}: {line}")
    if count < 6:
        raise Failed(f"only {count} scripts")


@case(limit=60)
def gitlab(t):
    """script: is ended by TERM and KILL; after_script: folds the details and ends with the verdict."""
    job = Job(t, "gitlab")
    test = yaml().safe_load(snippet(t, "gitlab.yml"))["test"]
    if test["artifacts"]["reports"]["junit"] != "wedge-report/*-junit.xml" or test["artifacts"]["paths"] != ["wedge-report/"]:
        raise Failed(str(test["artifacts"]))
    hung = job.hang("\n".join(test["script"]))
    job.cancel(hung, GITLAB)
    step = job.run("\n".join(test["after_script"])).exits(0)
    verdict_last(step)
    begins = re.findall(r"\x1b\[0Ksection_start:(\d+):(\w+)\[collapsed=true\]\r\x1b\[0K[^\n\r\x1b]+\n", step.log)
    ends = re.findall(r"\x1b\[0Ksection_end:(\d+):(\w+)\r\x1b\[0K\n", step.log)
    if [name for _, name in begins] != [name for _, name in ends] or len(begins) != 1:
        raise Failed(f"{begins} {ends}\n{step.log}")
    check_files(job)
    if len(junit(job)) != 1:
        raise Failed("no JUnit error")
    gone(hung.test, hung.server)


@case(limit=60)
def jenkins(t):
    """The sh steps of the Jenkinsfile: aborted by TERM, the report is wedgerun's; the one of post shows it, verdict last."""
    job = Job(t, "jenkins")
    test, hook = re.findall(r"sh '([^']*)'", snippet(t, "Jenkinsfile"))
    hung = job.hang("exec " + test)
    job.cancel(hung, JENKINS)
    step = job.run(hook).exits(0)
    verdict_last(step)
    if not junit(job, "cancelled"):
        raise Failed(f"no JUnit error: {job.reports()}")
    gone(hung.test, hung.server)


@case(limit=60)
def plain_shell(t):
    """shell.sh as any CI system would run it; the status is that of the tests."""
    job = Job(t, "plain", LIMIT="3")
    hung = job.hang("sh " + os.path.join(t.options.scripts, "ci", "shell.sh"))
    step = job.finish(hung).exits(124)
    step.says("STUCK-IPC  not-consuming  (likely)", f"port {hung.port} free again")
    check_files(job)
    gone(hung.test, hung.server)


@case(quick=True)
def readme(t):
    """The README shows these files, line by line."""
    shown = re.findall(r"\n```\w*\n(.*?)```\n", read(os.path.join(os.path.dirname(t.options.scripts), "README.md")), re.S)
    for path in glob.glob(os.path.join(t.options.scripts, "ci", "*")):
        name = os.path.basename(path)
        if name != "install" and read(path) not in shown:
            raise Failed(f"the README does not show scripts/ci/{name} as it is")


@case(limit=60)
def github_real_pytest(t):
    """The pytest of the demo, hung for real."""
    job = Job(t, "github", FEED_READY=os.path.join(t.dir, "feed"))
    python = job.env["PYTHON"]
    demo = os.path.join(os.path.dirname(t.options.scripts), "tests", "demo", "test_feed.py")
    if job.run(f"{python} -c 'import pytest'").status:
        raise Skip("no pytest")
    process = job.begin(f"{python} -m pytest -q -p no:cacheprovider {demo}; echo done",
                        env={"PYTHONDONTWRITEBYTECODE": "1"})
    job.await_file(job.env["FEED_READY"])
    job.cancel(process, ((9, 5),))
    step = job.run("wedge-ci").exits(0)
    title, message = github_error(step)
    if title != "hung: stuck-ipc not-consuming" or "feedd.py[" not in message or "held up: pytest[" not in message:
        raise Failed(f"{title} {message}")
    if not isinstance(step, Step) or "2 processes" not in step.log:
        raise Failed(step.log)
