"""Changes a service in its own text."""

from __future__ import annotations

from sealock.errors import FormatError
from sealock.model.change import Change, Edit
from sealock.model.document import Document, Subject


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change of a service in the document's own text."""
    msg = f"a compose file has no words for {change!r} of {subject.name} in {document.source.name}"
    raise FormatError(msg)
