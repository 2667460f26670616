"""Kubernetes manifests: the containers of pods and of everything with a pod template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.formats.kubernetes.reader import comments, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealock.model.change import Change, Edit, FieldChange, On
    from sealock.model.document import Document, Subject

__all__ = ["comments", "edits", "edits_together", "read"]


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Return the edits for a change of a container; FormatError where the manifest cannot express it."""
    from sealock.formats.kubernetes import editor  # noqa: PLC0415  most runs change nothing

    return editor.edits(document, subject, change)


def edits_together(
    document: Document, changes: Iterable[tuple[Subject, FieldChange | On]], *, check: bool = True
) -> tuple[Edit, ...]:
    """Return the edits for several changes of the document's containers; see `formats.edits_together`."""
    from sealock.formats.kubernetes import editor  # noqa: PLC0415  as above

    return editor.edits_together(document, changes, check=check)
