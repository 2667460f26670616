"""Kubernetes manifests: the containers of pods and of everything with a pod template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealock.formats.kubernetes.reader import comments, read

if TYPE_CHECKING:
    from sealock.model.change import Change, Edit
    from sealock.model.document import Document, Subject

__all__ = ["comments", "edits", "read"]


def edits(document: Document, subject: Subject, change: Change) -> tuple[Edit, ...]:
    """Return the edits for a change of a container; FormatError where the manifest cannot express it."""
    from sealock.formats.kubernetes import editor  # noqa: PLC0415  most runs change nothing

    return editor.edits(document, subject, change)
