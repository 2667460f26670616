"""One line for each fault, in the order of targets and places, as compilers print them; then a line of counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.finding import Finding
from sealock.model.report import Report, TargetReport
from sealock.reports.grouped import FIX_TAGS, place
from sealock.reports.priorities import counted_targets, example_mark, fix_of, skipped_checks, unevaluated, unexamined
from sealock.text import count, line, list_first, sentence

_NAMED: Final = 5
"""Most subjects that one line names."""


def render(report: Report) -> str:
    """Render as lines of `file:line:column: severity rule message`. Suppressed findings are left out."""
    return "".join(pieces(report))


def pieces(report: Report) -> Iterator[str]:
    """Yield the lines."""
    for target in report.targets:
        for text in _lines(target):
            yield f"{text}\n"
    yield from _last(report)


def _lines(target: TargetReport) -> Iterator[str]:
    for error in target.errors:
        yield f"{place(error.location)}: error {line(error.message)}"
    alike: dict[str, list[Finding]] = {}
    for finding in target.counted:
        alike.setdefault(_line(finding), []).append(finding)
    for text, findings in alike.items():
        subjects = list(dict.fromkeys(line(finding.subject, 120) for finding in findings))
        if len(subjects) > 1:
            # Services that take a setting from one place share it, and its faults.
            yield _line(findings[0], f" ({list_first(subjects, _NAMED)})")
        else:
            yield from (text for _ in findings)


def _line(finding: Finding, of: str = "") -> str:
    flaw = finding.vulnerability
    what = f"{line(finding.title, 200)}: {line(finding.message)}" if flaw is None else line(finding.title, 200)
    if flaw is not None and flaw.use:
        what += f" ({flaw.use if flaw.use != 'unknown' else 'use unknown'})"
    tag = f"{example_mark(finding)} {FIX_TAGS[fix_of(finding)]}".rstrip()
    rule = line(finding.rule, 40)
    return f"{place(finding.location)}: {finding.severity.word} {rule} {what}{of}{tag}"


def _last(report: Report) -> Iterator[str]:
    """What was skipped, the notes, and the counts."""
    for reason, targets in unevaluated(report).items():
        yield f"skipped: {sentence(line(reason, 300))[:-1]}: {', '.join(line(name, 200) for name in targets)}\n"
    if words := skipped_checks(report):
        yield f"note: {sentence(words)}\n"
    if words := unexamined(report):
        yield f"skipped: {words}\n"
    for note in report.notes:
        yield f"note: {sentence(line(note))}\n"
    counts = ", ".join(f"{number} {severity.word}" for severity, number in report.by_severity.items() if number)
    errors = f", {count(report.errors, 'error')}" if report.errors else ""
    yield f"{counted_targets(report)}{f': {counts}' if counts else ''}{errors}\n"
