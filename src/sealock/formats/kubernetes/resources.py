"""Walks the resources of manifests, whatever their kind."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.formats.kubernetes.manifest import ManifestValue


def resources(root: ManifestValue) -> Iterator[ManifestValue]:
    """The resources of a document: itself, or the items of a list of them, however deep."""
    pending = [root]
    while pending:
        value = pending.pop()
        kind = value.word("kind")
        items = value.at("items")
        if kind.endswith("List") and items is not None and items.is_list:
            pending += reversed(items.items)
        elif kind:
            yield value
