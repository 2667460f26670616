"""The image fields of manifests: those of containers, and the same fields in custom resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeGuard

from msgspec import Struct

from sealock.formats.kubernetes.manifest import parse
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlFault, YamlNode, target

_CONTAINER_LISTS: Final = frozenset({"containers", "initContainers", "ephemeralContainers"})
_OWN_IMAGES: Final = frozenset({"tekton.dev", "argoproj.io", "monitoring.coreos.com", "sparkoperator.k8s.io"})
"""API groups in which each field `image` with a text is the image of a container."""
_NO_IMAGES: Final = frozenset({
    "annotations", "binaryData", "data", "labels", "matchLabels", "metadata", "nodeSelector", "openAPIV3Schema", "rbd",
    "selector", "status", "stringData",
})  # fmt: skip
"""Keys below which a field `image` is a name, a text or a state, and no image to run."""


class ImageField(Struct, frozen=True):
    """An image in a manifest: the scalar, the kind of the resource, and the container's name or "".

    `known` is false where it is not known whether the resource runs it.
    """

    scalar: Scalar
    kind: str
    container: str
    known: bool = True


def is_resource(document: YamlNode | None) -> TypeGuard[Mapping]:
    """Whether a document of YAML is a resource of Kubernetes: each has an apiVersion and a kind."""
    return isinstance(document, Mapping) and bool(_text(document, "apiVersion") and _text(document, "kind"))


def find_images(text: str) -> tuple[tuple[ImageField, ...], tuple[YamlFault, ...]]:
    """Find the image fields of every document, each scalar once, and the flaws of the text."""
    tree = parse(text)
    fields: dict[int, ImageField] = {}
    for document in tree.documents:
        if is_resource(document):
            for field in _find_fields(document):
                known = fields.get(field.scalar.start)
                if known is None or (field.known and not known.known):
                    fields[field.scalar.start] = field
    return tuple(fields[start] for start in sorted(fields)), tree.flaws


def _text(mapping: Mapping, key: str) -> str:
    value = mapping.get(key)
    node = target(value) if value is not None else None
    return node.text if isinstance(node, Scalar) else ""


def _find_fields(root: YamlNode) -> Iterator[ImageField]:
    """The image of every container and image volume below a node, and other fields that may name an image."""
    pending: list[tuple[YamlNode, str, str]] = [(root, "", "")]
    visited: set[int] = set()
    while pending:
        node, group, kind = pending.pop()
        node = target(node)
        if id(node) in visited:
            continue
        visited.add(id(node))
        if isinstance(node, Sequence):
            pending += ((item, group, kind) for item in node.items)
        elif isinstance(node, Mapping):
            if is_resource(node):
                group, kind = _text(node, "apiVersion").partition("/")[0], _text(node, "kind")
            for key, value in node.entries:
                name = target(key)
                word = name.text if isinstance(name, Scalar) else ""
                if word in _NO_IMAGES:
                    continue
                if word in _CONTAINER_LISTS:
                    yield from _list_images(value, ("image",), kind)
                elif word == "volumes":
                    yield from _list_images(value, ("image", "reference"), kind)
                elif word == "image" and (image := _image(value)) is not None:
                    yield ImageField(image, kind, _text(node, "name"), known=group in _OWN_IMAGES)
                pending.append((value, group, kind))


def _image(node: YamlNode | None) -> Scalar | None:
    value = target(node) if node is not None else None
    return value if isinstance(value, Scalar) and isinstance(value.value, str) and value.text else None


def _list_images(container_list: YamlNode, path: tuple[str, ...], kind: str) -> Iterator[ImageField]:
    sequence = target(container_list)
    for item in sequence.items if isinstance(sequence, Sequence) else ():
        node: YamlNode | None = target(item)
        container = _text(node, "name") if isinstance(node, Mapping) else ""
        for key in path:
            inner = node.get(key) if isinstance(node, Mapping) else None
            node = target(inner) if inner is not None else None
        if (image := _image(node)) is not None:
            yield ImageField(image, kind, container)
