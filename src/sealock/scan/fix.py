"""Mends a text: one finding at a time, each change proven by reading and judging the text anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.edits import apply
from sealock.model.change import Change, Edit, On
from sealock.model.document import Document
from sealock.model.finding import Finding
from sealock.model.location import Source
from sealock.policy.ignores import inline
from sealock.policy.suppressions import suppress
from sealock.scan.run import EvaluatedInput, read, verdict_on

STEPS: Final = 1000
"""Changes to one text at the most: far more than any text has faults."""


class Fixed(Struct, frozen=True):
    """A text after mending: what was mended, and what could not be, with the reason."""

    text: str
    fixed: tuple[Finding, ...] = ()
    failed: tuple[tuple[Finding, str], ...] = ()


def fix(evaluated: EvaluatedInput, *, unsafe: bool, today: date) -> Fixed:
    """Mend what can be: by the safe remedies, or by all. What the policy excuses is left alone.

    No change is believed: after each the text is read again, and where the finding is still there, or a new problem
    came, the change is undone.
    """
    mender = _Mender(evaluated, unsafe=unsafe, today=today)
    for _ in range(STEPS):
        finding = mender.next()
        if finding is None:
            break
        mender.fix(finding)
    return Fixed(mender.text, tuple(mender.fixed), tuple(mender.failed.values()))


class _Mender:
    """A text on its way: the document and the findings are always those of the text as it is now."""

    def __init__(self, evaluated: EvaluatedInput, *, unsafe: bool, today: date) -> None:
        self.evaluated, self.unsafe, self.today = evaluated, unsafe, today
        self.document = evaluated.document
        self.findings = evaluated.result.findings
        self.fixed: list[Finding] = []
        self.failed: dict[str, tuple[Finding, str]] = {}

    @property
    def text(self) -> str:
        return self.document.source.text

    def next(self) -> Finding | None:
        """The next finding that may be mended: the last in the text, so that what is above keeps its place."""
        ignores, _ = inline(self.document.source)
        name, holds = self.evaluated.input.name, self.evaluated.policy
        wanted = [
            finding
            for finding, _ in suppress(self.findings, name, holds, ignores, self.today)
            if finding.suppressed is None
            and finding.remedy.changes
            and (finding.remedy.safe or self.unsafe)
            and finding.fingerprint not in self.failed
        ]
        return max(wanted, key=lambda finding: (finding.location.line, finding.location.column), default=None)

    def fix(self, finding: Finding) -> None:
        """Make a finding's changes, and keep them if they do what they should."""
        one = self.evaluated.input
        try:
            text = self._spell(finding)
        except FormatError as error:
            self._fail(finding, str(error))
            return
        after = self._read(text)
        findings = verdict_on(one, after, self.evaluated.rules).findings
        if len(after.errors) > len(self.document.errors):
            self._fail(finding, f"the change would break the file: {after.errors[-1].message}")
        elif _like(findings, finding) >= _like(self.findings, finding):
            self._fail(finding, "the change did not remove it, and was undone")
        else:
            self.document, self.findings = after, findings
            self.fixed.append(finding)

    def _fail(self, finding: Finding, why: str) -> None:
        self.failed[finding.fingerprint] = (finding, why)

    def _read(self, text: str) -> Document:
        return read(replace(self.evaluated.input, source=Source(self.document.source.name, text)))

    def _spell(self, finding: Finding) -> str:
        """Make a finding's changes: its edits at once, then field by field, since one may make room for another."""
        written = [change for change in finding.remedy.changes if isinstance(change, Edit)]
        text, document = _applied(self.text, written), self.document
        for change in finding.remedy.changes:
            if isinstance(change, Edit):
                continue
            if text != document.source.text:
                document = self._read(text)
            name, inner = (change.subject, change.change) if isinstance(change, On) else (finding.subject, change)
            text = _applied(text, _edits(document, name, inner))
        return text


def _like(findings: tuple[Finding, ...], finding: Finding) -> int:
    return sum(other.rule == finding.rule and other.subject == finding.subject for other in findings)


def _applied(text: str, edits: Sequence[Edit]) -> str:
    if any(edit.place.file for edit in edits):
        msg = "the words to change stand in another file"
        raise FormatError(msg)
    return apply(text, edits)


def _edits(document: Document, name: str, change: Change) -> tuple[Edit, ...]:
    subject = next((subject for subject in document.subjects if subject.name == name), None)
    if subject is None:
        msg = f"there is no {name} in this file"
        raise FormatError(msg)
    return formats.edits(document, subject, change)
