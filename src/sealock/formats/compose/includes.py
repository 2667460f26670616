"""Which files a compose file includes, as far as it names them without variables."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.formats import yamltree
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlNode, target


def included_names(text: str) -> list[str]:
    """The paths below `include`, relative to the file's directory, in the order of the text."""
    if "include" not in text:
        return []
    documents = map(target, yamltree.parse(text).documents)
    names = [
        path.text
        for top in documents
        if isinstance(top, Mapping)
        for item in _items(top.get("include"))
        for path in _items(item.get("path") if isinstance(item, Mapping) else item)
        if isinstance(path, Scalar)
    ]
    return [name for name in names if name and "$" not in name]


def _items(value: YamlNode | None) -> Iterator[YamlNode]:
    """The items of a list, or the one value that stands for a list of one."""
    node = target(value) if value is not None else None
    if isinstance(node, Sequence):
        yield from map(target, node.items)
    elif node is not None:
        yield node
