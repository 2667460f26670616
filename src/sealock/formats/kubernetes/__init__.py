"""Kubernetes manifests: the containers of pods and of everything with a pod template."""

from __future__ import annotations

from sealock.formats.files import NOTHING, FileWindow
from sealock.formats.kubernetes.reader import ManifestDocument, comments, read, read_resources
from sealock.model.location import Source

__all__ = ["comments", "read", "read_many", "read_resources"]


def read_many(sources: tuple[Source, ...], files: FileWindow = NOTHING) -> ManifestDocument:
    """Read rendered manifests, the first source; the others are the files that they were rendered from."""
    from sealock.formats.kubernetes.origins import trace  # noqa: PLC0415  seldom needed

    return trace(read(sources[0], files), sources[1:])
