"""The report noun: what counts, in which order, and which exit status it comes to."""

from __future__ import annotations

import pytest

from reports.samples import broken, clean, finding, plain
from sealock.model.finding import Finding, InputError, Severity, Suppression
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport

EXCUSED = Suppression("compose.yaml:3", "known", "")
PROBLEM = InputError("cannot be read", Location("x"))


@pytest.mark.parametrize(
    ("findings", "errors", "fail_on", "status"),
    [
        pytest.param((), (), Severity.HIGH, 0, id="nothing found"),
        pytest.param((finding(severity=Severity.MEDIUM),), (), Severity.HIGH, 0, id="below the bar"),
        pytest.param((finding(severity=Severity.HIGH),), (), Severity.HIGH, 1, id="at the bar"),
        pytest.param((finding(severity=Severity.CRITICAL),), (), Severity.HIGH, 1, id="above the bar"),
        pytest.param((finding(severity=Severity.INFO),), (), Severity.INFO, 1, id="the lowest bar"),
        pytest.param((finding(suppressed=EXCUSED),), (), Severity.INFO, 0, id="set aside"),
        pytest.param((), (PROBLEM,), Severity.CRITICAL, 2, id="a problem alone"),
        pytest.param((finding(),), (PROBLEM,), Severity.INFO, 2, id="a problem beside a finding"),
    ],
)
def test_the_exit_status(
    findings: tuple[Finding, ...], errors: tuple[InputError, ...], fail_on: Severity, status: int
) -> None:
    report = Report("1", (clean().targets[0], TargetReport("x", "compose", findings, (), errors)), fail_on)
    assert report.status == status


def test_findings_stand_in_the_order_of_file_and_place_and_the_gravest_first_at_one_place() -> None:
    places = [("b", 1, 1), ("a", 10, 1), ("a", 2, 9), ("a", 2, 1), ("a", 0, 0)]
    findings = [finding("C002", location=Location(*place)) for place in places]
    findings += [
        finding("C001", Severity.LOW, location=Location("a", 2, 1)),
        finding("C009", location=Location("a", 2, 1)),
    ]
    ordered = TargetReport("x", "compose", tuple(findings)).findings
    assert [(one.location.file, one.location.line, one.location.column, one.rule) for one in ordered] == [
        ("a", 0, 0, "C002"),
        ("a", 2, 1, "C002"),
        ("a", 2, 1, "C009"),
        ("a", 2, 1, "C001"),
        ("a", 2, 9, "C002"),
        ("a", 10, 1, "C002"),
        ("b", 1, 1, "C002"),
    ]


def test_what_is_set_aside_is_counted_apart() -> None:
    report = plain()
    assert report.suppressed == 1
    assert list(report.by_severity.items()) == [
        (Severity.CRITICAL, 3),
        (Severity.HIGH, 1),
        (Severity.MEDIUM, 2),
        (Severity.LOW, 1),
        (Severity.INFO, 1),
    ]
    assert sum(1 for _ in report.findings()) == 8
    assert report.skipped == 39
    assert broken().errors == 2
