"""Reads keys of YAML and JSON that stand for options as the words of a run line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct

from sealock.formats.kubernetes.manifest import ManifestValue
from sealock.formats.optionkeys.table import KeyWord, OptionKey
from sealock.formats.yamltree import Scalar
from sealock.model.location import Place
from sealock.patterns import compile_lazily

_WORD: Final = compile_lazily(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_QUOTED: Final = compile_lazily(r"""\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'""")


class TreeEntry(Struct, frozen=True):
    """Where the value of a key stands: the mapping that holds it, and the value itself.

    `text` is whether the value is a text of several words.
    """

    parent: ManifestValue
    key: str
    value: ManifestValue
    text: bool = False


class TreeFault(Struct, frozen=True):
    """A value of a wrong type, and its place."""

    message: str
    place: Place


class TreeWords:
    """The words of one container, which a mapping describes. `open_` finds what another program fills in."""

    def __init__(self, source: str, parent: ManifestValue, table: Sequence[OptionKey], open_: re.Pattern[str]) -> None:
        self.source, self.parent, self.table, self.open = source, parent, table, open_
        self.faults: list[TreeFault] = []
        self.command: list[KeyWord] = []

    def options(self) -> Iterator[KeyWord]:
        """The options, in the order of the table."""
        for row in self.table:
            *path, key = row.key.split(".")
            parent = self.parent.at(*path) if path else self.parent
            value = parent.at(key) if parent is not None else None
            if parent is None or value is None:
                continue
            entry = TreeEntry(parent, key, value)
            words = self.row(row, entry)
            if row.shape == "command":
                self.command += words
            else:
                yield from words

    def row(self, row: OptionKey, entry: TreeEntry) -> Iterator[KeyWord]:
        """The words of a key; a wrong type is a fault."""
        value = entry.value
        if row.shape in {"flag", "switch"}:
            if isinstance(value.data, bool):
                if value.data or row.shape == "flag":
                    yield self.word(row, entry, "true" if value.data else "false", value.place)
            else:
                self.fault(value, "must be true or false")
        elif row.shape == "text":
            yield from self.scalar(row, entry, value, 0)
        elif row.shape == "pairs" and value.is_mapping:
            for item, (name, inner) in enumerate(value.entries.items()):
                shown = inner.at("value") if inner.is_mapping else inner
                node = shown.node if shown is not None else None
                text = f"{name}={node.text}" if isinstance(node, Scalar) and node.value is not None else name
                yield self.word(row, entry, text, inner.place, item)
        elif value.is_list:
            for item, inner in enumerate(value.items):
                yield from self.scalar(row, entry, inner, item)
        elif isinstance(value.node, Scalar) and row.shape in {"arguments", "command"}:
            yield from self.text(row, entry, value)
        elif isinstance(value.node, Scalar) and row.shape == "list":
            yield from self.scalar(row, entry, value, 0)
        else:
            self.fault(value, "must be a list")

    def scalar(self, row: OptionKey, entry: TreeEntry, value: ManifestValue, item: int) -> Iterator[KeyWord]:
        """The word of one scalar; of a mapping its entries, as the options of a mount are written."""
        if isinstance(value.node, Scalar):
            place = scalar_place(self.source, value.node, value.place.pointer)
            yield self.word(row, entry, self.own_text(row, value), place, item)
        elif value.is_mapping and row.option == "mount":
            yield self.word(row, entry, self.mount_text(value), value.place, item)
        else:
            self.fault(value, "must be a text")

    def mount_text(self, value: ManifestValue) -> str:
        """The text of a mount that a mapping describes."""
        return ",".join(f"{key}={value.word(key)}" for key in value.entries)

    def own_text(self, row: OptionKey, value: ManifestValue) -> str:
        """The text of a scalar."""
        del row
        return value.node.text if isinstance(value.node, Scalar) else ""

    def text(self, row: OptionKey, entry: TreeEntry, value: ManifestValue) -> Iterator[KeyWord]:
        """The words of a text, each at its place."""
        node = value.node
        assert isinstance(node, Scalar)  # noqa: S101  the caller looked
        entry = TreeEntry(entry.parent, entry.key, entry.value, text=True)
        for item, (text, place) in enumerate(self.split(node)):
            yield self.word(row, entry, text, place, item)

    def split(self, node: Scalar) -> Iterator[tuple[str, Place]]:
        """Split a text into words, each with its place; one that is written with escapes has that of the whole text."""
        at = node.start
        for match in _WORD.finditer(node.text):
            text = _QUOTED.sub(
                lambda quoted: next((part for part in quoted.groups() if part is not None), ""), match[0]
            )
            found = self.source.find(match[0], at, node.end)
            if found >= 0:
                at = found + len(match[0])
            yield text, Place(found, at) if found >= 0 else Place(node.start, node.end)

    def word(self, row: OptionKey, entry: TreeEntry, text: str, place: Place, item: int = 0) -> KeyWord:
        """The word for a value."""
        return KeyWord(row.option_word(text), place, self.open.search(text) is None, row=row, holder=entry, item=item)

    def fault(self, value: ManifestValue, message: str) -> None:
        """Report a wrong type."""
        self.faults.append(TreeFault(f"{value.place.pointer or '/'} {message}", value.place))


def scalar_place(source: str, node: Scalar, pointer: str) -> Place:
    """The place of a scalar with its quotes, and without its anchor and tag where it is written as it is."""
    quotes = node.style in {"'", '"'}
    start = node.end - quotes - len(node.text)
    plain = start >= node.start and source[start : node.end - quotes] == node.text
    return Place(start - quotes if plain else node.start, node.end, pointer)


def image_word(source: str, value: ManifestValue, open_: re.Pattern[str], prefix: str = "") -> KeyWord | None:
    """The word of an image that a scalar names, after a prefix such as docker://."""
    node = value.node
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.text:
        return None
    text = node.text.removeprefix(prefix)
    row = OptionKey("image", value=f"{prefix}{{}}")
    return KeyWord(text, scalar_place(source, node, value.place.pointer), open_.search(text) is None, row=row)
