"""Markdown for a step summary or a comment on a pull request: the counts, what to do first, and the findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sealock.model.finding import Finding, Severity
from sealock.model.report import Report
from sealock.reports.grouped import FIX_TAGS, place
from sealock.reports.markdowntext import fit_comment, inline
from sealock.reports.priorities import (
    EXAMPLES,
    counted_targets,
    critical_unfixed,
    fix_of,
    skipped_checks,
    steps,
    unevaluated,
    unexamined,
    unfixed,
)
from sealock.text import clip, count, line, sentence

_ROWS: Final = 100
"""Findings of one severity that are listed."""
_STEPS: Final = 3
_OPEN: Final = Severity.HIGH
"""From this severity on a table is shown at once; the others are folded."""


def render(report: Report) -> str:
    """Render as Markdown. Suppressed findings are left out."""
    return fit_comment(_parts(report))


def _parts(report: Report) -> Iterator[str]:
    counts = ", ".join(f"{number} {severity.word}" for severity, number in report.by_severity.items() if number)
    sign = {0: "✅", 1: "❌", 2: "⚠️"}[report.status]
    yield f"### {sign} sealock: {counted_targets(report)}\n"
    if counts:
        yield f"\n{counts}\n"
    if words := critical_unfixed(report.findings()):
        yield f"\n{inline(words)}\n"
    errors = [error for target in report.targets for error in target.errors]
    if errors:
        yield f"\n**Not everything could be read ({count(len(errors), 'error')}):**\n\n"
        yield from (f"- {_code(place(error.location))} {inline(sentence(line(error.message)))}\n" for error in errors)
    findings = list(report.findings())
    ranked = [step for step in steps(findings) if not unfixed(step)][:_STEPS]
    if len(findings) > _STEPS and ranked:
        yield "\n**What to do first**\n\n"
        for number, step in enumerate(ranked, 1):
            where = _code(place(step.findings[0].location))
            more = f" and {len(step.findings) - 1} more" if len(step.findings) > 1 else ""
            yield f"{number}. {where}{more}: {inline(sentence(line(step.remedy, 200)))}\n"
    for examples in (False, True):
        for severity in report.by_severity:
            of_severity = (finding for finding in findings if finding.severity == severity)
            yield from _table(severity, [finding for finding in of_severity if finding.example == examples])
    for reason, targets in unevaluated(report).items():
        names = ", ".join(_code(line(name, 200)) for name in targets[:_ROWS])
        yield f"\nSkipped: {inline(line(reason, 300))}: {names}\n"
    if words := skipped_checks(report):
        yield f"\n{inline(sentence(words))}\n"
    if words := unexamined(report):
        yield f"\n{words}.\n"
    for note in report.notes:
        yield f"\nNote: {inline(sentence(line(note)))}\n"


def _table(severity: Severity, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    folded = severity < _OPEN
    title = f"{len(findings)} {severity.word}{f' in {EXAMPLES}' if findings[0].example else ''}"
    yield f"\n<details><summary>{title}</summary>\n\n" if folded else f"\n#### {title}\n\n"
    yield "| where | rule | what |\n|---|---|---|\n"
    yield from map(_row, findings[:_ROWS])
    if len(findings) > _ROWS:
        yield f"\nand {len(findings) - _ROWS} more\n"
    if folded:
        yield "\n</details>\n"


def _row(finding: Finding) -> str:
    tag = f" {FIX_TAGS[fix_of(finding)]}".rstrip()
    what = f"{line(finding.title, 200)}: {line(finding.message, 300)}{tag}"
    return f"| {_code(place(finding.location))} | {inline(line(finding.rule, 40))} | {inline(what)} |\n"


def _code(text: str) -> str:
    """Text in backquotes within a table, where neither a backquote nor a bar can be escaped."""
    return "`" + clip(text, 300).replace("`", "'").replace("|", "¦") + "`"
