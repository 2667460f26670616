"""Reads and edits Dockerfiles as BuildKit does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.formats.dockerfile.reader import comments, read

if TYPE_CHECKING:
    from sealock.model.change import Change, Edit
    from sealock.model.document import Document, Subject

__all__ = ["comments", "edits", "read"]


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Express a change as edits of the Dockerfile; FormatError if no instruction can express it."""
    from sealock.formats.dockerfile.editor import edits as spell  # noqa: PLC0415  most runs change nothing

    return spell(document, subject, change)
