"""A manifest's values with their places, merge keys and aliases resolved."""

from __future__ import annotations

import re
from typing import Final

from msgspec.structs import force_setattr

from sealock.formats import yamltree
from sealock.formats.yamltree import Mapping, Plain, Scalar, Sequence, YamlNode, YamlTree, target
from sealock.model.location import Place
from sealock.patterns import compile_lazily

_HALVES: Final = compile_lazily(
    r"\\\\|\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_WHOLE: Final = compile_lazily(r"([\U00010000-\U0010ffff])\0")
_VARIABLE: Final = compile_lazily(
    r"\$\{\{?[A-Za-z_][^{}\n]{0,100}\}?\}|\$\([A-Za-z_][^()\n]{0,100}\)|\{\{[^{}\n]{1,100}\}\}"
)
"""What another program fills in: parameters of OpenShift, Tekton and Argo, and variables of envsubst and Flux."""
_OLD_BOOLEANS: Final = {"y": True, "yes": True, "on": True, "n": False, "no": False, "off": False}
"""kubectl reads YAML 1.1, in which these words are booleans too."""


def parse(text: str) -> YamlTree:
    """Parse manifests in YAML or JSON, within the bounds of `yamltree`."""
    if not is_json(text) or "\\ud" not in text.lower():
        return yamltree.parse(text)
    # JSON escapes a character in two halves, and YAML in one piece. The length stays the same, and so do places.
    tree = yamltree.parse(_HALVES.sub(_whole, text))
    for scalar in yamltree.scalars(tree):
        if "\0" in scalar.text:
            force_setattr(scalar, "text", _WHOLE.sub(r"\1", scalar.text))
    return tree


def is_json(text: str) -> bool:
    """Whether a text is JSON, or YAML that starts as JSON does."""
    return text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["}


def _whole(match: re.Match[str]) -> str:
    """Two halves as one character, as long by a NUL after it; for one half the character that replaces it."""
    if match[0] == "\\\\":
        return match[0]
    if match[1] is None:
        return "\\ufffd"
    return f"\\U{0x10000 + ((int(match[1], 16) - 0xD800) << 10) + int(match[2], 16) - 0xDC00:08x}\\0"


class ManifestValue:
    """A scalar, list or mapping with its place; an entry's place starts at its key.

    `shared` is whether other values have the same text, through an alias or a merge key.
    """

    __slots__ = ("_entries", "_items", "node", "place", "shared")

    def __init__(self, node: YamlNode, place: Place, *, shared: bool = False) -> None:
        self.node = target(node)
        self.place = place
        self.shared = shared or self.node is not node
        self._entries: dict[str, ManifestValue] | None = None
        self._items: tuple[ManifestValue, ...] | None = None

    @property
    def data(self) -> Plain:
        """The value of a scalar, None of a collection."""
        return self.node.value if isinstance(self.node, Scalar) else None

    @property
    def entries(self) -> dict[str, ManifestValue]:
        """The entries of a mapping, those that it merges too; none of any other value."""
        if self._entries is None:
            self._entries = self._merged(self.node, shared=self.shared)
        return self._entries

    def _merged(self, node: YamlNode, *, shared: bool) -> dict[str, ManifestValue]:
        if not isinstance(node, Mapping):
            return {}
        merged: dict[str, ManifestValue] = {}
        beneath = node.get("<<")
        if beneath is not None:
            sources = target(beneath)
            # The first of several wins.
            for source in reversed(sources.items if isinstance(sources, Sequence) else (sources,)):
                merged |= self._merged(target(source), shared=True)
        for key, value in node.entries:
            name = target(key)
            if isinstance(name, Scalar) and name.text != "<<":
                pointer = f"{self.place.pointer}/{name.text.replace('~', '~0').replace('/', '~1')}"
                merged[name.text] = ManifestValue(value, Place(key.start, value.end, pointer), shared=shared)
        return merged

    @property
    def items(self) -> tuple[ManifestValue, ...]:
        """The items of a list; none of any other value."""
        if self._items is None:
            items = self.node.items if isinstance(self.node, Sequence) else ()
            self._items = tuple(
                ManifestValue(item, Place(item.start, item.end, f"{self.place.pointer}/{index}"), shared=self.shared)
                for index, item in enumerate(items)
            )
        return self._items

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping, an empty one too."""
        return isinstance(self.node, Mapping)

    @property
    def is_list(self) -> bool:
        """Whether it is a list, an empty one too."""
        return isinstance(self.node, Sequence)

    def at(self, *path: str) -> ManifestValue | None:
        """The value at the end of these keys; None where there is none, or it is null."""
        value = self
        for key in path:
            inner = value.entries.get(key)
            if inner is None or (isinstance(inner.node, Scalar) and inner.node.value is None):
                return None
            value = inner
        return value

    def word(self, *path: str) -> str:
        """The text of the scalar at the end of these keys, "" for none."""
        value = self.at(*path)
        return value.node.text if value is not None and isinstance(value.node, Scalar) else ""


def text(value: ManifestValue) -> str:
    """A string; a number or boolean, which the cluster refuses, as it is written. ValueError for a collection."""
    if not isinstance(value.node, Scalar):
        msg = "must be a string"
        raise ValueError(msg)  # noqa: TRY004  the reader reports it as it does any wrong value
    return value.node.text


def variable_of(value: ManifestValue) -> str:
    """The first variable in a value, which another program fills in before the cluster reads it; "" for none."""
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner.node, Scalar) and (match := _VARIABLE.search(inner.node.text)) is not None:
            return match.group()
        pending += (*reversed(inner.entries.values()), *reversed(inner.items))
    return ""


def boolean(value: ManifestValue) -> bool:
    """A boolean; ValueError for anything else."""
    if isinstance(value.data, bool):
        return value.data
    if isinstance(value.node, Scalar) and not value.node.style and value.node.text.lower() in _OLD_BOOLEANS:
        return _OLD_BOOLEANS[value.node.text.lower()]
    msg = "must be true or false"
    raise ValueError(msg)


def integer(value: ManifestValue) -> int:
    """A whole number; ValueError for anything else."""
    if isinstance(value.data, int) and not isinstance(value.data, bool):
        return value.data
    msg = "must be a whole number"
    raise ValueError(msg)


def texts(value: ManifestValue) -> tuple[str, ...]:
    """A list of strings; ValueError for anything else."""
    if not value.is_list:
        msg = "must be a list"
        raise ValueError(msg)
    return tuple(text(item) for item in value.items)
