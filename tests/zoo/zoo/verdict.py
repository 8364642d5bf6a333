# SPDX-License-Identifier: MIT
"""Compares a report with what its scenario says: an empty list of complaints is right."""
from .scenario import WEDGES, CERTAIN

SCHEMA = "wedgetools.report/1"


def exit_status(finding):
    """As the design's section 4 has it."""
    if finding["class"] in WEDGES:
        return 1 if finding["certainty"] in CERTAIN else 3
    return 3 if finding["class"] == "unknown" else 0


def _among(role_names, stage):
    return {stage.pid(name) for name in role_names}


def culprit_pid(finding):
    return finding["culprit"]["pid"] if finding.get("culprit") else None


def _culprit_right(finding, pids):
    """The named one; in a circle every member is a culprit."""
    members = {culprit_pid(finding)} | {member["pid"] for member in finding.get("cycle") or []}
    return bool(members & pids)


def _check_expected(report, expect, stage):
    verdict = report["verdict"]
    if verdict["class"] not in expect.classes:
        yield f"class {verdict['class']}, not {' or '.join(sorted(expect.classes))}"
    elif expect.causes and verdict["cause"] not in expect.causes:
        yield f"cause {verdict['cause']}, not {' or '.join(sorted(expect.causes))}"
    if verdict["certainty"] not in expect.certainty:
        yield f"{verdict['certainty']}, not {' or '.join(sorted(expect.certainty))}"
    if expect.culprits and not _culprit_right(verdict, _among(expect.culprits, stage)):
        yield f"culprit {culprit_pid(verdict)}, not {' or '.join(expect.culprits)}"
    missing = _among(expect.victims, stage) - {victim["pid"] for victim in verdict["victims"]}
    if missing:
        yield f"no victims: {', '.join(name for name in expect.victims if stage.pid(name) in missing)}"
    for wanted, role in expect.also:
        if not any(finding["class"] == wanted and _culprit_right(finding, {stage.pid(role)})
                   for finding in report["findings"]):
            yield f"no finding {wanted} of {role}"
    if expect.gap and not report["gaps"]:
        yield "no gap named"


def _check_healthy(report):
    for finding in report["findings"]:
        if finding["class"] in WEDGES and finding["certainty"] in CERTAIN:
            yield f"FALSE ALARM {finding['certainty']} {finding['class']} {finding['cause']}"


def _check_itself(report, status):
    """What is right of any report."""
    if report.get("schema") != SCHEMA:
        yield f"schema {report.get('schema')}"
    if report["findings"] and report["verdict"] != report["findings"][0]:
        yield "the verdict is not the first finding"
    if status != exit_status(report["verdict"]):
        yield f"exit status {status} with {report['verdict']['certainty']} {report['verdict']['class']}"
    said = [(gap["probe"], gap["error"], gap["meaning"]) for gap in report["gaps"]]
    for gap in sorted({gap for gap in said if said.count(gap) > 1}):
        yield f"gap named twice: {gap[0]} {gap[1]}"


def complaints(report, status, expect, stage):
    found = list(_check_itself(report, status))
    found += _check_expected(report, expect, stage)
    if expect.healthy:
        found += _check_healthy(report)
    return found
