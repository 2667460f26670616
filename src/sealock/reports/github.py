"""Workflow commands that GitHub Actions turns into annotations on the lines at fault, most severe first.

GitHub shows ten errors, ten warnings and ten notices of a step, so the order matters.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

from sealock.model.finding import Finding, Severity
from sealock.model.location import Location
from sealock.model.report import Report
from sealock.reports.priorities import skip_reasons, unevaluated, unexamined
from sealock.text import clip, count, line, list_first, sentence, visible

WorkflowCommand: TypeAlias = Literal["error", "warning", "notice"]

_COMMANDS: Final[dict[Severity, WorkflowCommand]] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}


def render(report: Report) -> str:
    """Render as workflow commands, one a line. Suppressed findings are left out."""
    return "".join(f"{command}\n" for command in _commands(report))


def _commands(report: Report) -> Iterator[str]:
    for target in report.targets:
        for error in target.errors:
            yield _command("error", error.location, "sealock could not read this", line(error.message))
    for finding in sorted(report.findings(), key=_pressing):
        title = f"{line(finding.rule, 40)} {line(finding.title, 200)} ({finding.severity.word})"
        yield _command(_COMMANDS[finding.severity], finding.location, title, _message(finding))
    if report.skipped:
        reasons = [f"{len(entries)} × {line(reason, 300)}" for reason, entries in skip_reasons(report).items()]
        title = f"sealock skipped {count(report.skipped, 'check')}"
        yield _command("notice", Location(""), title, clip("\n".join(reasons), 2000))
    for reason, targets in unevaluated(report).items():
        first = Location(targets[0]) if len(targets) == 1 else Location("")
        yield _command("notice", first, "sealock did not evaluate this", f"{line(reason)}: {list_first(targets, 40)}")
    if words := unexamined(report):
        yield _command("notice", Location(""), "sealock", f"{words}.")
    for note in report.notes:
        yield _command("notice", Location(""), "sealock", line(note))


def _pressing(finding: Finding) -> tuple[int, int, float]:
    """By severity; exploited and likely exploited vulnerabilities first."""
    flaw = finding.vulnerability
    likely = flaw.epss.score if flaw and flaw.epss else 0.0
    return -finding.severity, 0 if flaw and flaw.exploited else 1, -likely


def _message(finding: Finding) -> str:
    parts = (f"{line(finding.subject, 200)}: {line(finding.message)}", line(finding.remedy.text))
    return "\n".join(sentence(part) for part in parts if part)


def _command(command: WorkflowCommand, location: Location, title: str, message: str) -> str:
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
    properties["title"] = title
    words = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{command} {words}::{_data(message) or '-'}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
