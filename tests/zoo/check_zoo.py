#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The zoo's own checks, without a single process: rows are well formed, wrong reports are seen."""
import copy
import importlib
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))

from zoo import verdict  # noqa: E402
from zoo.scenario import ANY_CERTAINTY, CERTAIN, USER, VIEWERS, WEDGES, WELL, YAMA, healthy, idle, wedged  # noqa: E402

SCENARIOS = [scenario for file in sorted((HERE / "scenarios").glob("*.py"))
             for scenario in importlib.import_module(f"scenarios.{file.stem}").SCENARIOS]


class Stage:
    """Roles only."""

    def __init__(self, **roles):
        self.roles = roles

    def pid(self, role):
        return self.roles[role]


def finding(kind="stuck-ipc", cause="not-consuming", certainty="likely", culprit=20, victims=(10,), cycle=()):
    return {"class": kind, "cause": cause, "certainty": certainty,
            "culprit": {"pid": culprit} if culprit else None,
            "cycle": [{"pid": pid} for pid in cycle] or None, "victims": [{"pid": pid} for pid in victims]}


def report(*findings, gaps=()):
    return {"schema": "wedgetools.report/1", "verdict": findings[0], "findings": list(findings), "gaps": list(gaps)}


class Rows(unittest.TestCase):
    def test_enough(self):
        self.assertGreaterEqual(sum(scenario.kind == "wedged" for scenario in SCENARIOS), 34)
        self.assertGreaterEqual(sum(scenario.kind == "healthy" for scenario in SCENARIOS), 11)

    def test_names_are_unique(self):
        names = [scenario.name for scenario in SCENARIOS]
        self.assertEqual(len(names), len(set(names)))

    def test_rows(self):
        for scenario in SCENARIOS:
            with self.subTest(scenario.name):
                expect = scenario.expect
                self.assertTrue(expect.classes)
                self.assertLessEqual(expect.classes, WEDGES | WELL | {"unknown"})
                self.assertLessEqual(expect.certainty, ANY_CERTAINTY)
                self.assertTrue(scenario.truth, "every scenario is verified by other means")
                self.assertLessEqual(set(scenario.viewers), set(VIEWERS))
                self.assertFalse(scenario.root and len(scenario.viewers) > 1, "root's processes are closed to others")
                if not expect.healthy:
                    self.assertTrue(expect.culprits)

    def test_every_viewer_looks(self):
        for viewer in VIEWERS:
            self.assertGreaterEqual(sum(viewer in scenario.viewers for scenario in SCENARIOS), 15)


class Verdicts(unittest.TestCase):
    stage = Stage(client=10, server=20, other=30)
    expect = wedged("stuck-ipc", "not-consuming", "server", victims="client")

    def complaints(self, given, status, expect=None):
        return verdict.complaints(given, status, expect or self.expect, self.stage)

    def test_right(self):
        self.assertEqual(self.complaints(report(finding()), 1), [])

    def test_wrong(self):
        for given, status, word in (
                (report(finding("deadlock")), 1, "class deadlock"),
                (report(finding(cause="no-reply")), 1, "cause no-reply"),
                (report(finding(certainty="unsure")), 3, "unsure"),
                (report(finding(culprit=10)), 1, "culprit 10"),
                (report(finding(culprit=None)), 1, "culprit None"),
                (report(finding(victims=(30,))), 1, "no victims: client"),
                (report(finding()), 0, "exit status 0"),
                (report(finding()), 3, "exit status 3"),
                ({**report(finding()), "schema": "other/1"}, 1, "schema"),
                ({**report(finding()), "findings": [finding(culprit=30)]}, 1, "not the first finding")):
            with self.subTest(word):
                self.assertTrue(any(word in told for told in self.complaints(given, status)),
                                self.complaints(given, status))

    def test_circle_has_many_culprits(self):
        expect = wedged("deadlock", culprit="server")
        self.assertEqual(self.complaints(report(finding("deadlock", culprit=10, cycle=(10, 20))), 1, expect), [])

    def test_further_findings(self):
        expect = wedged("stuck-ipc", "", "server", also=(("stopped", "other"),))
        self.assertEqual(self.complaints(report(finding(), finding("stopped", culprit=30)), 1, expect), [])
        self.assertTrue(self.complaints(report(finding(), finding("stopped", culprit=10)), 1, expect))
        self.assertTrue(self.complaints(report(finding()), 1, expect))

    def test_false_alarms(self):
        expect = healthy(unsure="idle-wedge")
        self.assertEqual(self.complaints(report(finding("idle", "at-rest", "likely")), 0, expect), [])
        self.assertEqual(self.complaints(report(finding("idle-wedge", certainty="unsure")), 3, expect), [])
        self.assertTrue(self.complaints(report(finding("idle-wedge")), 1, expect))
        hidden = report(finding("idle", "at-rest", "likely"), finding("deadlock", certainty="proved"))
        self.assertTrue(any("FALSE ALARM" in told for told in self.complaints(hidden, 0, expect)))
        self.assertTrue(self.complaints(report(finding("unknown", certainty="unsure")), 3, idle()))

    def test_gaps(self):
        gap = {"probe": "state", "error": "denied", "meaning": "no system calls"}
        self.assertEqual(self.complaints(report(finding(), gaps=(gap,)), 1), [])
        told = self.complaints(report(finding(), gaps=(gap, copy.copy(gap))), 1)
        self.assertEqual(told, ["gap named twice: state denied"])
        self.assertTrue(self.complaints(report(finding()), 1, wedged("stuck-ipc", "", "server", gap=True)))

    def test_viewers(self):
        row = next(scenario for scenario in SCENARIOS if scenario.name == "unix-both-receiving")
        self.assertIn("unsure", row.expected_of(YAMA).certainty)
        self.assertEqual(row.expected_of(USER).certainty, CERTAIN)
        self.assertEqual(row.expected_of(YAMA).classes, row.expect.classes)


if __name__ == "__main__":
    unittest.main()
