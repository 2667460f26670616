"""The image fields of Kubernetes manifests: pods, pod templates, and the same fields in custom resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.formats import yamltree
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlFault, YamlNode, target

_CONTAINER_LISTS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})


class ImageField(Struct, frozen=True):
    """An image in a manifest: the scalar, the kind of the document, and the container's name or ""."""

    scalar: Scalar
    kind: str
    container: str


def find_images(text: str) -> tuple[tuple[ImageField, ...], tuple[YamlFault, ...]]:
    """Find the image fields of every document, each scalar once, and the flaws of the text."""
    tree = yamltree.parse(text)
    fields: dict[int, ImageField] = {}
    for document in tree.documents:
        if isinstance(document, Mapping) and _text(document, "apiVersion") and (kind := _text(document, "kind")):
            for scalar, container in _find_fields(document):
                fields.setdefault(scalar.start, ImageField(scalar, kind, container))
    return tuple(fields[start] for start in sorted(fields)), tree.flaws


def _text(mapping: Mapping, key: str) -> str:
    value = mapping.get(key)
    node = target(value) if value is not None else None
    return node.text if isinstance(node, Scalar) else ""


def _find_fields(root: YamlNode) -> Iterator[tuple[Scalar, str]]:
    """The image of every container and image volume below a node, with the container's name."""
    pending: list[YamlNode] = [root]
    visited: set[int] = set()
    while pending:
        node = target(pending.pop())
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, Sequence):
            pending += node.items
        elif isinstance(node, Mapping):
            for key, value in node.entries:
                name = target(key)
                if isinstance(name, Scalar) and name.text in _CONTAINER_LISTS:
                    yield from _list_images(value, ("image",))
                elif isinstance(name, Scalar) and name.text == "volumes":
                    yield from _list_images(value, ("image", "reference"))
                pending.append(value)


def _list_images(container_list: YamlNode, path: tuple[str, ...]) -> Iterator[tuple[Scalar, str]]:
    sequence = target(container_list)
    for item in sequence.items if isinstance(sequence, Sequence) else ():
        node: YamlNode | None = target(item)
        container = _text(node, "name") if isinstance(node, Mapping) else ""
        for key in path:
            inner = node.get(key) if isinstance(node, Mapping) else None
            node = target(inner) if inner is not None else None
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.text:
            yield node, container
