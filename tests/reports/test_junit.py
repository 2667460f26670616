"""JUnit's XML: a case for each finding, and failures as the exit status says."""

from __future__ import annotations

from pathlib import Path

import pytest
import xmlschema
from msgspec.structs import replace

from reports.samples import broken, clean, finding, plain
from reports.test_formats import REPORTS, only
from sealock.model.finding import Severity
from sealock.model.location import Location
from sealock.model.report import Report
from sealock.reports import render

JUNIT = xmlschema.XMLSchema(Path(__file__).parent.parent / "vectors/junit.xsd")


@pytest.mark.parametrize("report", REPORTS)
def test_junit_is_valid_by_its_schema_and_counts_right(report: Report) -> None:
    text = render("junit", report)
    JUNIT.validate(text)
    root = xmlschema.XMLResource(text).root
    for suite in root:
        for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(attribute, "")) == len(suite.findall(f"testcase/{tag}"))
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
    assert int(root.get("tests", "")) == len(root.findall("testsuite/testcase"))


def cases(report: Report) -> dict[str, str]:
    """The outcome of each case; what passes with a text is system-out."""
    root = xmlschema.XMLResource(render("junit", report)).root
    return {case.get("name") or "": case[0].tag if len(case) else "passed" for case in root.iter("testcase")}


def test_junit_fails_what_fails_the_run_and_skips_what_does_not_count() -> None:
    outcomes = cases(plain())
    assert outcomes["C001 Container runs privileged (service web) 00000000"] == "failure"
    assert outcomes["B002 Base image has no digest (final stage) 88888888"] == "system-out"
    assert outcomes["C060 Image has no fixed tag (service worker) 55555555"] == "skipped"
    assert outcomes["C070 (service web)"] == "skipped"
    errors = xmlschema.XMLResource(render("junit", broken())).root.findall("testsuite/testcase/error")
    assert [error.get("message") for error in errors] == [
        "the file ends within a list that starts on line 2",
        "permission denied",
    ]
    assert cases(clean()) == {"nothing found": "passed"}


@pytest.mark.parametrize("severity", Severity)
@pytest.mark.parametrize("fail_on", Severity)
def test_junit_has_as_many_failures_as_findings_that_fail_the_run(severity: Severity, fail_on: Severity) -> None:
    report = replace(only(finding(severity=severity)), fail_on=fail_on)
    assert list(cases(report).values()) == ["failure" if report.status else "system-out"]


def test_junit_keeps_the_text_of_a_finding_that_does_not_fail() -> None:
    text = render("junit", only(finding(severity=Severity.LOW, location=Location("f", 1, 1))))
    output = xmlschema.XMLResource(text).root.findtext("testsuite/testcase/system-out") or ""
    assert output.startswith("\nf:1:1: low: Holds every capability")
    assert "Fix: Grant the one capability" in output


TITLE = "C001 Container runs privileged (service web)"


@pytest.mark.parametrize(
    ("report", "names"),
    [
        pytest.param(
            only(finding(fingerprint="a" * 32), finding(fingerprint="b" * 32)),
            [f"{TITLE} aaaaaaaa", f"{TITLE} bbbbbbbb"],
            id="equal titles differ by fingerprint",
        ),
        pytest.param(
            only(finding(location=Location("f", 1, 1)), finding(location=Location("f", 9, 1))),
            [f"{TITLE} 00000000", f"{TITLE} 00000000 #2"],
            id="equal fingerprints differ by number",
        ),
        pytest.param(
            replace(only(finding()), targets=only(finding()).targets * 2),
            [f"{TITLE} 00000000", f"{TITLE} 00000000 #2"],
            id="a target that is given twice",
        ),
    ],
)
def test_junit_has_a_case_for_each_finding_with_a_name_of_its_own(report: Report, names: list[str]) -> None:
    root = xmlschema.XMLResource(render("junit", report)).root
    assert [case.get("name") for case in root.iter("testcase")] == names


def test_junit_names_a_finding_alike_wherever_its_lines_move() -> None:
    moved = [only(finding(location=Location("f", number, 1))) for number in (3, 300)]
    assert cases(moved[0]).keys() == cases(moved[1]).keys()
