"""Makes diagnostics of what a check of a text results in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from lsprotocol.types import CodeDescription, Diagnostic, DiagnosticSeverity, DiagnosticTag, Range

from sealock.editor.positions import Positions
from sealock.editor.results import CheckedText
from sealock.model.finding import Finding, Severity
from sealock.model.location import Location
from sealock.text import count, line, sentence

SOURCE: Final = "sealock"
LIMIT: Final = 1000
"""Findings that a document shows, the most severe first: editors become slow with more."""
_SEVERITIES: Final = {
    Severity.CRITICAL: DiagnosticSeverity.Error,
    Severity.HIGH: DiagnosticSeverity.Error,
    Severity.MEDIUM: DiagnosticSeverity.Warning,
    Severity.LOW: DiagnosticSeverity.Information,
    Severity.INFO: DiagnosticSeverity.Hint,
}
_TAGS: Final = {
    "B140": DiagnosticTag.Deprecated,
    "E006": DiagnosticTag.Deprecated,
    "P008": DiagnosticTag.Deprecated,
    "B121": DiagnosticTag.Unnecessary,
    "B141": DiagnosticTag.Unnecessary,
    "B151": DiagnosticTag.Unnecessary,
    "B163": DiagnosticTag.Unnecessary,
    "B164": DiagnosticTag.Unnecessary,
}
"""Rules on what is deprecated, which editors strike through, and on what may go, which they fade."""


class MarkedFinding(NamedTuple):
    """A diagnostic, and the finding that it shows; None for an error and for what was not evaluated."""

    diagnostic: Diagnostic
    finding: Finding | None = None


def mark(checked: CheckedText, positions: Positions) -> list[MarkedFinding]:
    """What to show in a text: its findings, then errors, then what was not evaluated."""
    findings = sorted(checked.findings, key=lambda finding: -finding.severity)[:LIMIT]
    marks = [MarkedFinding(_shown(finding, positions), finding) for finding in findings]
    top = Location(checked.edited.path)
    remarks = [(error.message, error.location, DiagnosticSeverity.Error) for error in checked.errors]
    remarks += [(reason, top, DiagnosticSeverity.Information) for reason in checked.unevaluated]
    if more := len(checked.findings) - len(findings):
        words = f"{count(more, 'finding')} more, which sealock check shows"
        remarks.append((words, top, DiagnosticSeverity.Information))
    return marks + [_remark(*remark, positions) for remark in remarks]


def _shown(finding: Finding, positions: Positions) -> Diagnostic:
    title = line(finding.title, 200)
    message = title if finding.vulnerability else f"{title}: {line(finding.message)}"
    url = next(_urls(finding), "")
    return Diagnostic(
        range=_range(finding.location, positions),
        message=_with_place(message, finding.location, positions),
        severity=_SEVERITIES[finding.severity],
        code=line(finding.rule, 40),
        code_description=CodeDescription(url) if url else None,
        source=SOURCE,
        tags=[_TAGS[finding.rule]] if finding.rule in _TAGS else None,
    )


def _urls(finding: Finding) -> Iterator[str]:
    for reference in finding.references:
        if reference.url.startswith("https://"):
            yield "".join(reference.url.split())


def _remark(message: str, location: Location, severity: DiagnosticSeverity, positions: Positions) -> MarkedFinding:
    text = _with_place(sentence(line(message)), location, positions)
    return MarkedFinding(Diagnostic(_range(location, positions), text, severity=severity, source=SOURCE))


def _range(location: Location, positions: Positions) -> Range:
    """The place of a location; a place in another file is shown at the first line."""
    own = location.file == positions.source.name
    return positions.located(location if own else Location(location.file))


def _with_place(message: str, location: Location, positions: Positions) -> str:
    """The message, with the place if that is in another file."""
    if location.file in {"", positions.source.name}:
        return message
    place = f"{line(location.file, 200)}:{location.line}" if location.line else line(location.file, 200)
    return f"{place}: {message}"
