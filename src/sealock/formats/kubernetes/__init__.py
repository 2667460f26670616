"""Kubernetes manifests, as far as they name images: pods and whatever holds a pod's template, custom kinds too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from sealock.formats import yamltree
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlFault, YamlNode, target

_LISTS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})
_VERSION: Final = re.compile(r"(?:^|[{,])[ \t]*[\"']?apiVersion[\"']?[ \t]*:", re.MULTILINE)
_KIND: Final = re.compile(r"(?:^|[{,])[ \t]*[\"']?kind[\"']?[ \t]*:", re.MULTILINE)


class ImageField(Struct, frozen=True):
    """An image that a manifest names: the scalar, the kind of the document, and the container's name or ""."""

    scalar: Scalar
    kind: str
    container: str


def is_manifest(text: str) -> bool:
    """Whether a text may be one: each has an apiVersion and a kind."""
    return _VERSION.search(text) is not None and _KIND.search(text) is not None


def find_images(text: str) -> tuple[tuple[ImageField, ...], tuple[YamlFault, ...]]:
    """Find the image fields of every document, each scalar once, and what is wrong with the text."""
    tree = yamltree.parse(text)
    found: dict[int, ImageField] = {}
    for document in tree.documents:
        if isinstance(document, Mapping) and _text(document, "apiVersion") and (kind := _text(document, "kind")):
            for scalar, container in _fields(document):
                found.setdefault(scalar.start, ImageField(scalar, kind, container))
    return tuple(found[start] for start in sorted(found)), tree.flaws


def _text(mapping: Mapping, key: str) -> str:
    held = mapping.get(key)
    node = target(held) if held is not None else None
    return node.text if isinstance(node, Scalar) else ""


def _fields(root: YamlNode) -> Iterator[tuple[Scalar, str]]:
    """The image of every container below a node, and of every volume that is an image."""
    waiting: list[YamlNode] = [root]
    seen: set[int] = set()
    while waiting:
        node = target(waiting.pop())
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Sequence):
            waiting += node.items
        elif isinstance(node, Mapping):
            for key, held in node.entries:
                name = target(key)
                if isinstance(name, Scalar) and name.text in _LISTS:
                    yield from _each(held, ("image",))
                elif isinstance(name, Scalar) and name.text == "volumes":
                    yield from _each(held, ("image", "reference"))
                waiting.append(held)


def _each(yaml_node: YamlNode, path: tuple[str, ...]) -> Iterator[tuple[Scalar, str]]:
    items = target(yaml_node)
    for item in items.items if isinstance(items, Sequence) else ():
        node: YamlNode | None = target(item)
        container = _text(node, "name") if isinstance(node, Mapping) else ""
        for key in path:
            inner = node.get(key) if isinstance(node, Mapping) else None
            node = target(inner) if inner is not None else None
        if isinstance(node, Scalar) and isinstance(node.value, str) and node.text:
            yield node, container
