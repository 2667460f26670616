"""JUnit's XML: a suite for each target, a case for each finding.

A finding fails its case where it fails the run (`fail_on`); below that its case passes with the text as output,
because CI servers count a skipped case as one that was not run. A suppressed finding and a skipped check are
skipped, an input that could not be read is an error. An evaluated target without findings has one case that passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.finding import Finding, Severity
from sealock.model.location import Location
from sealock.model.report import Report, TargetReport
from sealock.reports.priorities import example_mark
from sealock.text import clip, line, sentence, visible

CaseOutcome: TypeAlias = Literal["passed", "failure", "error", "skipped"]

_MARK: Final = 8
"""Characters of the fingerprint by which equal names differ."""
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


class _Case(Struct, frozen=True):
    name: str
    outcome: CaseOutcome
    kind: str = ""
    message: str = ""
    text: str = ""


def render(report: Report) -> str:
    """Render as JUnit XML. There are no times in it, so that the same report is the same text."""
    names: Counter[tuple[str, str]] = Counter()
    suites = [
        (target.target, tuple(_unique(target.target, _cases(target, report.fail_on), names)))
        for target in report.targets
    ]
    every = tuple(case for _, cases in suites for case in cases)
    rows = ['<?xml version="1.0" encoding="UTF-8"?>']
    counts = f'tests="{len(every)}" failures="{_count(every, "failure")}" errors="{_count(every, "error")}"'
    rows.append(f'<testsuites name="sealock" {counts}>')
    for name, cases in suites:
        rows += _suite(name, cases)
    rows.append("</testsuites>")
    return "\n".join(rows) + "\n"


def _unique(suite: str, cases: Iterable[_Case], names: Counter[tuple[str, str]]) -> Iterator[_Case]:
    """Number the cases of a suite that have the same name; a target that is named twice has one suite."""
    for case in cases:
        names[suite, case.name] += 1
        number = names[suite, case.name]
        yield replace(case, name=f"{case.name} #{number}") if number > 1 else case


def _count(cases: tuple[_Case, ...], outcome: CaseOutcome) -> int:
    return sum(case.outcome == outcome for case in cases)


def _suite(name: str, cases: tuple[_Case, ...]) -> Iterator[str]:
    counts = f'tests="{len(cases)}" failures="{_count(cases, "failure")}" errors="{_count(cases, "error")}"'
    name = _attribute(name or "-")
    yield f'  <testsuite name="{name}" {counts} skipped="{_count(cases, "skipped")}" time="0">'
    for case in cases:
        head = f'    <testcase classname="{name}" name="{_attribute(case.name)}" time="0"'
        if case.outcome == "passed":
            output = f"<system-out>{_escaped(case.text)}</system-out>"
            yield f"{head}>{output}</testcase>" if case.text else f"{head}/>"
            continue
        attributes = f'type="{_attribute(case.kind)}" message="{_attribute(case.message)}"'
        yield f"{head}>"
        yield f"      <{case.outcome} {attributes}>{_escaped(case.text)}</{case.outcome}>"
        yield "    </testcase>"
    yield "  </testsuite>"


def _cases(target: TargetReport, fail_on: Severity) -> Iterator[_Case]:
    for error in target.errors:
        where = _place(error.location)
        yield _Case(f"read {where}", "error", "error", line(error.message), f"{where}: {line(error.message)}")
    yield from (_case(finding, fail_on) for finding in target.findings)
    skipped: dict[tuple[str, str], list[str]] = {}
    for check in target.skipped:
        skipped.setdefault((check.rule, check.subject), []).append(check.reason)
    for (rule, subject), reasons in skipped.items():
        words = "; ".join(line(reason) for reason in dict.fromkeys(reasons))
        name = f"{rule} ({subject})" if rule else f"not evaluated ({subject})"
        yield _Case(name, "skipped", "skipped", clip(words, 2000))
    if target.evaluated and not target.errors and not any(finding.suppressed is None for finding in target.findings):
        yield _Case("nothing found", "passed")


def _case(finding: Finding, fail_on: Severity) -> _Case:
    """One finding. Its name has no line, which edits elsewhere move, but the fingerprint, which stays."""
    mark = finding.fingerprint[:_MARK]
    name = f"{line(finding.rule, 40)} {line(finding.title, 200)} ({line(finding.subject, 200)}) {mark}"
    if finding.suppressed:
        return _Case(name, "skipped", "suppressed", f"suppressed: {clip(line(finding.suppressed.reason), 2000)}")
    outcome: CaseOutcome = "failure" if finding.severity >= fail_on else "passed"
    return _Case(
        name, outcome, finding.severity.word, line(finding.message) + example_mark(finding), f"\n{_details(finding)}\n"
    )


def _details(finding: Finding) -> str:
    rows = [
        f"{_place(finding.location)}: {finding.severity.word}{example_mark(finding)}: {sentence(line(finding.message))}"
    ]
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
