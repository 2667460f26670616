"""A compose file's values with their places, variables substituted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from sealock.formats import yamltree
from sealock.formats.compose.interpolation import Room
from sealock.formats.yamltree import Plain, Scalar, Sequence, YamlNode, target
from sealock.model.location import Place
from sealock.patterns import compile_lazily

ReportFault: TypeAlias = Callable[[str, Place], None]
Path: TypeAlias = tuple[str | int, ...]
NOWHERE: Final = Place()
_TEMPLATE: Final = compile_lazily(
    r"\{\{-?[ \t]*(?!(?:end|else|break|continue)\b)[A-Za-z_][\w.\[\]'\"]*[ \t]*(?:\|[^{}\n]*)?-?\}\}"
)
"""A variable of Jinja, which Ansible and others fill in; templates of Go (`{{.Name}}`) are for the engine."""


class ComposeValue:
    """A scalar, list or mapping, with the place of its text and of its key.

    `unset` are its variables without a value, those of templates too, as they are written, and `written` is a string
    with these left in;
    `tag` is "reset", "override" or "". Values are shared between trees and never change.
    """

    __slots__ = ("data", "key", "place", "tag", "unset", "written")

    def __init__(  # noqa: PLR0913, PLR0917  one value, with all its properties
        self,
        data: Plain | list[ComposeValue] | dict[str, ComposeValue],
        place: Place = NOWHERE,
        key: Place = NOWHERE,
        unset: tuple[str, ...] = (),
        written: str = "",
        tag: str = "",
    ) -> None:
        self.data = data
        self.place = place
        self.key = key
        self.unset = unset
        self.written = written or (data if isinstance(data, str) else "")
        self.tag = tag

    def with_data(self, data: Plain | list[ComposeValue] | dict[str, ComposeValue]) -> ComposeValue:
        """A value with other data in the same place."""
        return ComposeValue(data, self.place, self.key, self.unset, tag=self.tag)

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping, an empty one too."""
        return isinstance(self.data, dict)

    @property
    def is_list(self) -> bool:
        """Whether it is a list, an empty one too."""
        return isinstance(self.data, list)

    @property
    def mapping(self) -> dict[str, ComposeValue]:
        """The entries of a mapping; none for any other value."""
        return self.data if isinstance(self.data, dict) else {}

    @property
    def items(self) -> list[ComposeValue]:
        """The items of a list; none for any other value."""
        return self.data if isinstance(self.data, list) else []

    @property
    def string(self) -> str:
        """A string; "" for any other value."""
        return self.data if isinstance(self.data, str) else ""

    @property
    def text(self) -> str:
        """A scalar as Compose formats it."""
        return as_text(self.data)

    def at(self, *path: str) -> ComposeValue | None:
        """The value at the end of these keys."""
        value: ComposeValue | None = self
        for key in path:
            value = value.mapping.get(key) if value else None
        return value

    def plain(self) -> object:
        """The bare data."""
        if self.is_mapping:
            return {key: value.plain() for key, value in self.mapping.items()}
        return [value.plain() for value in self.items] if self.is_list else self.data

    def all_unset(self) -> Iterator[str]:
        """The unset variables of this value and of those in it."""
        yield from self.unset
        for value in (*self.mapping.values(), *self.items):
            yield from value.all_unset()

    def whole(self) -> Place:
        """The place of the key and value together; of either, where the other has none or is elsewhere."""
        if self.key.start < 0 or self.key.file != self.place.file or self.place.start < self.key.start:
            return self.place if self.place.start >= 0 else self.key
        return Place(self.key.start, max(self.key.end, self.place.end), "", self.key.file)


def as_text(data: object) -> str:
    """Format a scalar as Go does: true, 1.5, 1e+21."""
    match data:
        case None | list() | dict():
            return ""
        case bool():
            return "true" if data else "false"
        case float():
            if not math.isfinite(data):
                return {"inf": "+Inf", "-inf": "-Inf"}.get(str(data), "NaN")
            return str(int(data)) if data == int(data) and abs(data) < 1e21 else repr(data)
        case _:
            return str(data)


def build(
    node: YamlNode | None, file: str, variables: Mapping[str, str], report: ReportFault, room: Room
) -> ComposeValue:
    """Turn a document into values: aliases resolved, `<<` merged, variables substituted."""
    if node is None:
        return ComposeValue(None)
    return _Builder(file, variables, report, room).value(node)


class _Builder:
    """Turns nodes into values. yamltree's limit on depth bounds the recursion."""

    def __init__(self, file: str, variables: Mapping[str, str], report: ReportFault, room: Room) -> None:
        self.room = room
        self.file = file
        self.variables = variables
        self.report = report
        self.aliased: dict[int, ComposeValue] = {}

    def place(self, node: YamlNode) -> Place:
        return Place(node.start, node.end, "", self.file)

    def value(self, node: YamlNode, key: Place = NOWHERE) -> ComposeValue:
        if isinstance(node, yamltree.Alias):
            value = self.aliased.get(id(node.target))
            if value is None:
                value = self.aliased[id(node.target)] = self.value(node.target)
            # The alias is the place of the whole; the elements keep the places of their text.
            return ComposeValue(value.data, self.place(node), key, value.unset, value.written, value.tag)
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
        if not isinstance(data, str) or ("$" not in data and "{{" not in data):
            return ComposeValue(data, place, key, tag=tag)
        filled = self.room.fill(data, self.variables)
        if filled.wrong:
            self.report(filled.wrong, place)
        unset = (*filled.unset, *_TEMPLATE.findall(data)) if "{{" in data else filled.unset
        return ComposeValue(filled.value, place, key, unset, filled.written, tag)

    def entries(self, node: yamltree.Mapping) -> dict[str, ComposeValue]:
        entries: dict[str, ComposeValue] = {}
        merged: list[YamlNode] = []
        for key, node_value in node.entries:
            name = target(key)
            if not isinstance(name, Scalar):
                self.report("a key must be a string, not a list or mapping", self.place(key))
                continue
            if name.text == "<<" and not name.style:
                merged.append(node_value)
                continue
            if not isinstance(name.value, str):
                self.report(f"the key {name.text or 'null'} is not a string; put it in quotes", self.place(key))
            entries[name.text] = self.value(node_value, self.place(key))
        for other in merged:
            for inherited, value in self.merged(other):
                entries.setdefault(inherited, value)
        return entries

    def merged(self, node: YamlNode) -> Iterator[tuple[str, ComposeValue]]:
        """The entries that `<<` merges; of several mappings, the first with a key wins."""
        value = self.value(node)
        for item in value.items if value.is_list else [value]:
            if item.is_mapping:
                yield from item.mapping.items()
            else:
                self.report("<< needs a mapping or a list of mappings", self.place(node))
