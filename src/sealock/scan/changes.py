"""Makes the changes of findings in a document's text: of several at once, or of one, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.textedits import apply_edits
from sealock.model.change import Edit, FieldChange, On, OnBuild
from sealock.model.document import Document, Subject
from sealock.model.finding import Finding


def edits_text(finding: Finding) -> bool:
    """Whether a finding's fix changes the text itself."""
    return any(isinstance(change, Edit) for change in finding.remedy.changes)


def edits_only(finding: Finding) -> bool:
    """Whether a finding's fix changes the text itself, and no field."""
    return all(isinstance(change, Edit) for change in finding.remedy.changes)


def build_changes(finding: Finding) -> list[OnBuild]:
    """The changes of how services are built that fix a finding."""
    return [change for change in finding.remedy.changes if isinstance(change, OnBuild)]


def field_changes(finding: Finding) -> Iterator[tuple[str, FieldChange]]:
    """The changes of fields that fix a finding, each with the name of its subject."""
    for change in finding.remedy.changes:
        match change:
            case On(subject=name, change=inner):
                yield name, inner
            case Edit() | OnBuild():
                pass
            case _:
                yield finding.subject, change


def can_hold(document: Document, finding: Finding) -> bool:
    """Whether the text can hold a finding's changes, whatever these do to others."""
    try:
        _edits_of(document, [finding], check=False)
    except FormatError:
        return False
    return True


def change_together(document: Document, findings: Iterable[Finding]) -> str:
    """The text with the changes of several findings, of fields, builds or the text; FormatError unless each goes."""
    return _applied(document.source.text, _edits_of(document, list(findings), check=True))


def change_for(document: Document, finding: Finding, read: Callable[[str], Document]) -> str:
    """The text with a finding's changes: at once, else its edits, then field by field: one may make room for another.

    FormatError where one cannot be made; `read` reads a new text.
    """
    if (document.kind in formats.TOGETHER or build_changes(finding)) and not edits_text(finding):
        try:
            return change_together(document, [finding])
        except FormatError:
            if build_changes(finding):
                raise
    written = [change for change in finding.remedy.changes if isinstance(change, Edit)]
    text = _applied(document.source.text, written)
    for name, change in field_changes(finding):
        if text != document.source.text:
            document = read(text)
        text = _applied(text, formats.edits(document, _subject(document, name), change))
    return text


def _edits_of(document: Document, findings: list[Finding], *, check: bool) -> tuple[Edit, ...]:
    if builds := [change for finding in findings for change in build_changes(finding)]:
        return formats.build_edits(document, builds)
    if all(map(edits_only, findings)):
        return tuple(change for finding in findings for change in finding.remedy.changes if isinstance(change, Edit))
    named = {subject.name: subject for subject in document.subjects}
    changes: list[tuple[Subject, FieldChange | On]] = []
    for finding in findings:
        changes += ((named.get(name) or _subject(document, name), change) for name, change in field_changes(finding))
    return formats.edits_together(document, changes, check=check)


def _subject(document: Document, name: str) -> Subject:
    subject = next((subject for subject in document.subjects if subject.name == name), None)
    if subject is None:
        msg = f"there is no {name} in this file"
        raise FormatError(msg)
    return subject


def _applied(text: str, edits: Sequence[Edit]) -> str:
    if any(edit.place.file for edit in edits):
        msg = "the words to change stand in another file"
        raise FormatError(msg)
    return apply_edits(text, edits)
