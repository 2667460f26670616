"""A compose file's values, variables put in, each with the place that it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from sealock.formats import yamltree
from sealock.formats.compose.interpolation import fill
from sealock.formats.yamltree import Plain, Scalar, Sequence, YamlNode, target
from sealock.model.location import Place

ReportFault: TypeAlias = Callable[[str, Place], None]
Path: TypeAlias = tuple[str | int, ...]
NOWHERE: Final = Place()


class ComposeValue:
    """A scalar, list or mapping, with the place of its text and of its key.

    `shown` is a string with its unset variables as they are written, and `words` are those; `tag` is "reset",
    "override" or "".
    Values are shared between trees and never changed once they are built.
    """

    __slots__ = ("data", "key", "place", "shown", "tag", "words")

    def __init__(  # noqa: PLR0913, PLR0917  one value, all that is known of it
        self,
        data: Plain | list[ComposeValue] | dict[str, ComposeValue],
        place: Place = NOWHERE,
        key: Place = NOWHERE,
        words: tuple[str, ...] = (),
        shown: str = "",
        tag: str = "",
    ) -> None:
        self.data = data
        self.place = place
        self.key = key
        self.words = words
        self.shown = shown or (data if isinstance(data, str) else "")
        self.tag = tag

    def keyed(self, key: Place) -> ComposeValue:
        """The same value under another key."""
        return ComposeValue(self.data, self.place, key, self.words, self.shown, self.tag)

    def with_data(self, data: Plain | list[ComposeValue] | dict[str, ComposeValue]) -> ComposeValue:
        """Other data in the same place."""
        return ComposeValue(data, self.place, self.key, self.words, data if isinstance(data, str) else "", self.tag)

    @property
    def mapping(self) -> dict[str, ComposeValue]:
        """The entries; none where this is no mapping."""
        return self.data if isinstance(self.data, dict) else {}

    @property
    def items(self) -> list[ComposeValue]:
        """The items; none where this is no list."""
        return self.data if isinstance(self.data, list) else []

    @property
    def text(self) -> str:
        """A scalar as Compose turns it into text."""
        return as_text(self.data)

    def at(self, *path: str) -> ComposeValue | None:
        """The value at the end of these keys."""
        here: ComposeValue | None = self
        for key in path:
            here = here.mapping.get(key) if here else None
        return here

    def plain(self) -> object:
        """The bare data."""
        if isinstance(self.data, dict):
            return {key: value.plain() for key, value in self.data.items()}
        if isinstance(self.data, list):
            return [value.plain() for value in self.data]
        return self.data

    def all_words(self) -> Iterator[str]:
        """The unset variables in it and below it."""
        yield from self.words
        for value in self.mapping.values() if isinstance(self.data, dict) else self.items:
            yield from value.all_words()

    def whole(self) -> Place:
        """Where a reader looks: key and value where they share a line or the value is a scalar, else the key."""
        if self.key.start < 0 or self.key.file != self.place.file or self.place.start < self.key.start:
            return self.place if self.place.start >= 0 else self.key
        return Place(self.key.start, max(self.key.end, self.place.end), "", self.key.file)


def as_text(data: object) -> str:
    """Write a scalar as Go does: true, 1.5, 1e+21."""
    if isinstance(data, str):
        return data
    if data is None or isinstance(data, list | dict):
        return ""
    if isinstance(data, bool):
        return "true" if data else "false"
    if isinstance(data, float):
        if data != data or data in {float("inf"), float("-inf")}:  # noqa: PLR0124  only NaN differs from itself
            return {"inf": "+Inf", "-inf": "-Inf"}.get(str(data), "NaN")
        if data == int(data) and abs(data) < 1e21:
            return str(int(data))
        return repr(data)
    return str(data)


def build(node: YamlNode | None, file: str, variables: Mapping[str, str], report: ReportFault) -> ComposeValue:
    """Turn a document into values: aliases followed, `<<` merged, variables put in."""
    if node is None:
        return ComposeValue(None)
    return _Builder(file, variables, report).value(node)


class _Builder:
    """Turns nodes into values. Recursion is bounded by the depth that yamltree allows."""

    def __init__(self, file: str, variables: Mapping[str, str], report: ReportFault) -> None:
        self.file = file
        self.variables = variables
        self.report = report
        self.aliased: dict[int, ComposeValue] = {}

    def place(self, node: YamlNode) -> Place:
        return Place(node.start, node.end, "", self.file)

    def value(self, node: YamlNode, key: Place = NOWHERE) -> ComposeValue:
        if isinstance(node, yamltree.Alias):
            held = self.aliased.get(id(node.target))
            if held is None:
                held = self.aliased[id(node.target)] = self.value(node.target)
            # The alias stands for the whole; the elements keep the places where their text is.
            return ComposeValue(held.data, self.place(node), key, held.words, held.shown, held.tag)
        tag = node.tag[1:] if node.tag in {"!reset", "!override"} else ""
        if isinstance(node, Scalar):
            return self.scalar(node, key, tag)
        if isinstance(node, Sequence):
            items = [self.value(item) for item in node.items]
            return ComposeValue([item for item in items if item.tag != "reset"], self.place(node), key, tag=tag)
        return ComposeValue(self.entries(node), self.place(node), key, tag=tag)

    def scalar(self, node: Scalar, key: Place, tag: str) -> ComposeValue:
        data = node.value
        place = self.place(node)
        if not isinstance(data, str) or "$" not in data:
            return ComposeValue(data, place, key, tag=tag)
        filled = fill(data, self.variables)
        if filled.wrong:
            self.report(filled.wrong, place)
        return ComposeValue(filled.value, place, key, filled.words, filled.shown, tag)

    def entries(self, node: yamltree.Mapping) -> dict[str, ComposeValue]:
        found: dict[str, ComposeValue] = {}
        merged: list[YamlNode] = []
        for key, node_value in node.entries:
            named = target(key)
            if not isinstance(named, Scalar):
                self.report("a key is to be a word, not a list or mapping", self.place(key))
                continue
            if named.text == "<<" and not named.style:
                merged.append(node_value)
                continue
            if not isinstance(named.value, str):
                self.report(f"the key {named.text or 'null'} is no string; put it in quotes", self.place(key))
            found[named.text] = self.value(node_value, self.place(key))
        for other in merged:
            for name, value in self.merged(other):
                found.setdefault(name, value)
        return found

    def merged(self, node: YamlNode) -> Iterator[tuple[str, ComposeValue]]:
        """The entries that `<<` brings in; of several mappings the first to have a key gives it."""
        held = self.value(node)
        for item in held.items if isinstance(held.data, list) else [held]:
            if isinstance(item.data, dict):
                yield from item.data.items()
            else:
                self.report("<< merges a mapping or a list of mappings", self.place(node))
