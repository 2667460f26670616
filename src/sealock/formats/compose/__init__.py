"""The Compose format: services as `docker compose config` resolves them, each with the places that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.formats.compose.reader import read, read_many

if TYPE_CHECKING:
    from sealock.model.change import Change, Edit
    from sealock.model.document import Document, Subject

__all__ = ["edits", "read", "read_many"]


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Spell a change of a service in the document's own text; FormatError where that cannot be done soundly."""
    from sealock.formats.compose.editor import edits as spell  # noqa: PLC0415  most runs change nothing

    return spell(document, subject, change)
