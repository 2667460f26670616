"""Workflow commands that GitHub Actions turns into annotations on the lines at fault, most severe first.

GitHub shows ten errors, ten warnings and ten notices of a step: what comes after these is counted in the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.finding import Finding, Severity
from sealock.model.location import Location
from sealock.model.report import Report
from sealock.reports.priorities import counted_targets, skip_reasons, unevaluated, unexamined
from sealock.text import clip, count, line, list_first, sentence, visible

WorkflowCommand: TypeAlias = Literal["error", "warning", "notice"]

_SHOWN: Final = 10
"""Annotations of one level that GitHub shows of a step."""


class Annotation(Struct, frozen=True):
    """A remark on a place, for a CI system to show there."""

    command: WorkflowCommand
    location: Location
    title: str
    message: str


def render(report: Report) -> str:
    """Render as workflow commands, one a line, then the counts for people. Suppressed findings are left out."""
    return "".join(f"{row}\n" for row in _rows(report))


def _rows(report: Report) -> Iterator[str]:
    seen: Counter[WorkflowCommand] = Counter()
    for annotation in annotate(report):
        seen[annotation.command] += 1
        if seen[annotation.command] <= _SHOWN:
            yield _command(annotation)
    # These lines hold no text from outside: GitHub finds old-style commands anywhere in a line.
    counts = ", ".join(f"{number} {severity.word}" for severity, number in report.by_severity.items() if number)
    errors = f", {count(report.errors, 'error')}" if report.errors else ""
    yield f"{counted_targets(report)}{f': {counts}' if counts else ''}{errors}."
    if left := [count(number - _SHOWN, f"more {command}") for command, number in seen.items() if number > _SHOWN]:
        yield f"Not annotated: {', '.join(left)}. GitHub shows {_SHOWN} of each in a step; see the job's summary."


def annotate(report: Report) -> Iterator[Annotation]:
    """All that is to be annotated, in the order in which it should be shown."""
    for target in report.targets:
        for error in target.errors:
            yield Annotation("error", error.location, "sealock could not read this", line(error.message))
    for reason, targets in unevaluated(report).items():
        first = Location(targets[0]) if len(targets) == 1 else Location("")
        words = f"{line(reason)}: {list_first(targets, 40)}"
        yield Annotation("notice", first, "sealock did not evaluate this", words)
    for finding in sorted(report.findings(), key=_pressing):
        level = f"({finding.severity.word}{', example' if finding.example else ''})"
        title = f"{line(finding.rule, 40)} {line(finding.title, 200)} {level}"
        yield Annotation(_level(finding, report.fail_on), finding.location, title, _message(finding))
    if report.skipped:
        reasons = [f"{len(entries)} × {line(reason, 300)}" for reason, entries in skip_reasons(report).items()]
        title = f"sealock skipped {count(report.skipped, 'check')}"
        yield Annotation("notice", Location(""), title, clip("\n".join(reasons), 2000))
    if words := unexamined(report):
        yield Annotation("notice", Location(""), "sealock", f"{words}.")
    for note in report.notes:
        yield Annotation("notice", Location(""), "sealock", line(note))


def _level(finding: Finding, fail_on: Severity) -> WorkflowCommand:
    """An error for what fails the run."""
    if finding.severity >= fail_on:
        return "error"
    return "warning" if finding.severity >= Severity.MEDIUM else "notice"


def _pressing(finding: Finding) -> tuple[bool, int, int, float]:
    """By severity; exploited and likely exploited vulnerabilities first, and examples last."""
    flaw = finding.vulnerability
    likely = flaw.epss.score if flaw and flaw.epss else 0.0
    return finding.example, -finding.severity, 0 if flaw and flaw.exploited else 1, -likely


def _message(finding: Finding) -> str:
    parts = (f"{line(finding.subject, 200)}: {line(finding.message)}", line(finding.remedy.text))
    return "\n".join(sentence(part) for part in parts if part)


def _command(annotation: Annotation) -> str:
    location = annotation.location
    properties: dict[str, str] = {}
    if location.file:
        properties["file"] = visible(location.file.removeprefix("./"))
    if location.line:
        properties["line"] = str(location.line)
        properties["endLine"] = str(max(location.end_line, location.line))
        # Columns are taken only where the stretch ends on the line that it starts on.
        if location.column and location.end_line == location.line:
            properties["col"] = str(location.column)
            properties["endColumn"] = str(max(location.end_column, location.column))
    properties["title"] = annotation.title
    words = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{annotation.command} {words}::{_data(annotation.message) or '-'}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
