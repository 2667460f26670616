"""JUnit's XML: a suite for each target, a case for each rule and subject.

A case fails for a finding, is an error for an input that could not be read, and is skipped where the rule
was skipped or all its findings are suppressed. An evaluated target without findings has one case that passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.finding import Finding
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport
from sealock.text import clip, line, sentence, visible

CaseOutcome: TypeAlias = Literal["passed", "failure", "error", "skipped"]

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


class _Case(Struct, frozen=True):
    name: str
    outcome: CaseOutcome
    kind: str = ""
    message: str = ""
    text: str = ""


def render(report: Report) -> str:
    """Render as JUnit XML. There are no times in it, so that the same report is the same text."""
    suites = [(target.target, tuple(_cases(target))) for target in report.targets]
    every = tuple(case for _, cases in suites for case in cases)
    rows = ['<?xml version="1.0" encoding="UTF-8"?>']
    counts = f'tests="{len(every)}" failures="{_count(every, "failure")}" errors="{_count(every, "error")}"'
    rows.append(f'<testsuites name="sealock" {counts}>')
    for name, cases in suites:
        rows += _suite(name, cases)
    rows.append("</testsuites>")
    return "\n".join(rows) + "\n"


def _count(cases: tuple[_Case, ...], outcome: CaseOutcome) -> int:
    return sum(case.outcome == outcome for case in cases)


def _suite(name: str, cases: tuple[_Case, ...]) -> Iterator[str]:
    counts = f'tests="{len(cases)}" failures="{_count(cases, "failure")}" errors="{_count(cases, "error")}"'
    name = _attribute(name or "-")
    yield f'  <testsuite name="{name}" {counts} skipped="{_count(cases, "skipped")}" time="0">'
    for case in cases:
        head = f'    <testcase classname="{name}" name="{_attribute(case.name)}" time="0"'
        if case.outcome == "passed":
            yield f"{head}/>"
            continue
        attributes = f'type="{_attribute(case.kind)}" message="{_attribute(case.message)}"'
        yield f"{head}>"
        yield f"      <{case.outcome} {attributes}>{_escaped(case.text)}</{case.outcome}>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _cases(target: TargetReport) -> Iterator[_Case]:
    for error in target.errors:
        where = _place(error.location)
        yield _Case(f"read {where}", "error", "error", line(error.message), f"{where}: {line(error.message)}")
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in target.findings:
        groups.setdefault((finding.rule, finding.subject), []).append(finding)
    for group in groups.values():
        yield _group(group)
    skipped: dict[tuple[str, str], list[str]] = {}
    for check in target.skipped:
        skipped.setdefault((check.rule, check.subject), []).append(check.reason)
    for (rule, subject), reasons in skipped.items():
        words = "; ".join(line(reason) for reason in dict.fromkeys(reasons))
        name = f"{rule} ({subject})" if rule else f"not evaluated ({subject})"
        yield _Case(name, "skipped", "skipped", clip(words, 2000))
    if target.evaluated and not target.errors and not any(finding.suppressed is None for finding in target.findings):
        yield _Case("nothing found", "passed")


def _group(group: list[Finding]) -> _Case:
    """One rule's findings on one subject."""
    counted = [finding for finding in group if finding.suppressed is None]
    worst = max(counted or group, key=lambda finding: finding.severity)
    name = f"{worst.rule} {worst.title} ({worst.subject})"
    if not counted:
        reasons = dict.fromkeys(line(finding.suppressed.reason) for finding in group if finding.suppressed)
        return _Case(name, "skipped", "suppressed", f"suppressed: {clip('; '.join(reasons), 2000)}")
    text = "\n".join(_details(finding) for finding in counted)
    return _Case(name, "failure", worst.severity.word, line(worst.message), f"\n{text}\n")


def _details(finding: Finding) -> str:
    rows = [f"{_place(finding.location)}: {sentence(line(finding.message))}"]
    if finding.remedy.text:
        rows.append(f"Fix: {sentence(line(finding.remedy.text))}")
    rows += [f"See: {line(reference.label)} {line(reference.url)}".rstrip() for reference in finding.references]
    return "\n".join(rows)


def _place(location: Location) -> str:
    name = line(location.file)
    return f"{name}:{location.line}:{location.column}" if location.line else name


def _escaped(text: str) -> str:
    return visible(text, "\n").translate(_ENTITIES).replace("&#10;", "\n")


def _attribute(text: str) -> str:
    return line(text).translate(_ENTITIES)
