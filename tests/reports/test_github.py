"""Annotations for GitHub: within its limits, the worst first."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from reports.samples import broken, finding, plain
from reports.test_formats import SKIPPING, only
from sealock.model.finding import Severity
from sealock.model.location import Location
from sealock.reports import render


def test_github_annotates_the_gravest_first() -> None:
    rows = render("github", plain()).splitlines()
    assert [row.split(" ")[0] for row in rows[:-1]] == ["::error"] * 4 + ["::warning"] * 2 + ["::notice"] * 4
    assert rows[0] == (
        "::error file=compose.yaml,line=4,endLine=4,col=5,endColumn=21,title=C001 Container runs privileged (critical)"
        "::Service web: holds every capability and device of the host.%0AGrant only what it needs."
    )
    assert not any("C060" in row for row in rows)
    assert rows[-1] == "8 findings in 2 targets: 3 critical, 1 high, 2 medium, 1 low, 1 info."


@pytest.mark.parametrize(
    ("severity", "fail_on", "command"),
    [
        (Severity.CRITICAL, Severity.CRITICAL, "error"),
        (Severity.HIGH, Severity.CRITICAL, "warning"),
        (Severity.HIGH, Severity.HIGH, "error"),
        (Severity.MEDIUM, Severity.HIGH, "warning"),
        (Severity.LOW, Severity.HIGH, "notice"),
        (Severity.INFO, Severity.HIGH, "notice"),
        (Severity.INFO, Severity.INFO, "error"),
    ],
)
def test_github_gets_an_error_for_what_fails_the_run(severity: Severity, fail_on: Severity, command: str) -> None:
    report = replace(only(finding(severity=severity)), fail_on=fail_on)
    assert render("github", report).startswith(f"::{command} ")


def test_github_gets_ten_annotations_of_a_level_and_the_count_of_the_others() -> None:
    numbers = {Severity.HIGH: 12, Severity.MEDIUM: 11, Severity.LOW: 10}
    findings = [finding(severity=severity) for severity, number in numbers.items() for _ in range(number)]
    rows = render("github", replace(only(finding(), *findings), notes=("a note",))).splitlines()
    assert [row.split(" ")[0] for row in rows[:30]] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"] * 10
    assert "(critical)" in rows[0]
    assert rows[30] == "34 findings in 1 target: 1 critical, 12 high, 11 medium, 10 low."
    assert rows[31].startswith("Not annotated: 3 more errors, 1 more warning, 1 more notice. GitHub shows 10 of each")
    assert len(rows) == 32


def test_github_shows_what_was_not_read_and_not_evaluated_before_the_findings() -> None:
    many = replace(only(*[finding(severity=Severity.LOW)] * 20))
    rows = render("github", replace(many, targets=(*many.targets, *broken().targets, *SKIPPING.targets))).splitlines()
    assert [row.partition("title=")[2].partition("::")[0] for row in rows[:3]] == [
        "sealock could not read this",
        "sealock could not read this",
        "sealock did not evaluate this",
    ]


@pytest.mark.parametrize(
    ("location", "properties"),
    [
        (Location("a,b:c%d", 3, 2, 3, 4), "file=a%2Cb%3Ac%25d,line=3,endLine=3,col=2,endColumn=4,"),
        (Location("./a", 3, 2, 5, 1), "file=a,line=3,endLine=5,"),
        (Location("a"), "file=a,"),
    ],
)
def test_github_properties_are_escaped_and_columns_given_on_one_line_only(location: Location, properties: str) -> None:
    assert render("github", only(finding(location=location))).startswith(f"::error {properties}title=C001 ")
