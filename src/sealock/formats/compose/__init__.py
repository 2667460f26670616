"""The Compose format: services as `docker compose config` resolves them, with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.formats.compose.reader import comments, read, read_many

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.model.change import Change, Edit, FieldChange, On
    from sealock.model.document import Document, Subject

__all__ = ["comments", "edits", "edits_together", "read", "read_many"]


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Return the edits for a change of a service; FormatError where the document's own text cannot express it."""
    from sealock.formats.compose import editor  # noqa: PLC0415  most runs change nothing

    return editor.edits(document, subject, change)


def edits_together(
    document: Document, changes: Iterable[tuple[Subject, FieldChange | On]], *, check: bool = True
) -> tuple[Edit, ...]:
    """Return the edits for several changes of the document's services; see `formats.edits_together`."""
    from sealock.formats.compose import editor  # noqa: PLC0415  as above

    return editor.edits_together(document, changes, check=check)
