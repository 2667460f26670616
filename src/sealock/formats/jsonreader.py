"""Reads the fields of JSON with their places: a wrong type costs only its field, and is noted with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from sealock.formats.jsontree import JsonNode
from sealock.model.absent import UNKNOWN, UNSET, Absent, AnyValue, Maybe
from sealock.model.location import At, Place

_LARGEST: Final = 1 << 63
_EXPECTED: Final[dict[type, str]] = {str: "a string", bool: "true or false", list: "a list", dict: "an object"}


class JsonReader:
    """Reads fields of a noun from members of JSON objects.

    A missing member and null are UNSET, a wrong type is UNKNOWN. `where` holds the place of each field that was read,
    `wrong` each message with the node that it is about, and `unresolved` the pointer of the first wrong part of a field
    that was read without this part.
    """

    def __init__(self) -> None:
        self.where: dict[At, Place] = {}
        self.wrong: list[tuple[str, JsonNode]] = []
        self.unresolved: dict[str, str] = {}

    def misread(self, message: str, node: JsonNode, *fields: str) -> None:
        """Note what is wrong with a value, and which fields are incomplete for it."""
        self.wrong.append((f"{node.pointer or '/'} {message}", node))
        for field in fields:
            self.unresolved[field] = node.pointer

    def is_a(self, kind: type, node: JsonNode, *fields: str) -> bool:
        """Whether a value is of this type; noted as wrong otherwise."""
        if isinstance(node.value, kind):
            return True
        self.misread(f"should be {_EXPECTED[kind]}", node, *fields)
        return False

    def member(self, parent: JsonNode, name: str) -> JsonNode | None:
        """A member that is not null."""
        node = parent.get(name)
        return None if node is None or node.value is None else node

    def elements(self, parent: JsonNode, name: str) -> Iterator[JsonNode]:
        """The elements of a list that is part of a field; nothing for any other value."""
        node = parent.get(name)
        return node.elements() if node is not None else iter(())

    def items(self, parent: JsonNode, name: str) -> Iterator[tuple[str, JsonNode]]:
        """The members of an object that is part of a field; nothing for any other value."""
        node = parent.get(name)
        return node.items() if node is not None else iter(())

    def typed(self, parent: JsonNode, name: str, kind: type, field: str = "") -> Maybe[JsonNode]:
        """A member of this type, noting its place as the field's."""
        node = self.member(parent, name)
        if node is None:
            return UNSET
        if not self.is_a(kind, node):
            return UNKNOWN
        if field:
            self.where[field,] = node.place
        return node

    def text(self, parent: JsonNode, name: str) -> str:
        """A string that is part of a field, "" where there is none."""
        node = self.typed(parent, name, str)
        return "" if isinstance(node, Absent) else node.value

    def texts(self, parent: JsonNode, name: str) -> list[JsonNode]:
        """The strings of a list that is part of a field."""
        listed = self.strings(parent, name)
        return listed[1] if listed else []

    def number(self, parent: JsonNode, name: str, *fields: str) -> int | float | None:
        """A number that is part of these fields, None where there is none."""
        node = self.member(parent, name)
        if node is None:
            return None
        number = node.value
        if isinstance(number, bool) or not isinstance(number, int | float) or abs(number) > _LARGEST:
            self.misread("should be a number", node, *fields)
            return None
        return number

    def strings(self, parent: JsonNode, name: str, *fields: str) -> tuple[JsonNode, list[JsonNode]] | None:
        """A list and its strings; Docker once allowed one string for a list. None where it is neither."""
        node = self.member(parent, name)
        if node is None:
            return None
        if not isinstance(node.value, list | str):
            self.misread("should be a list of strings", node, *fields)
            return None
        nodes = [node] if isinstance(node.value, str) else node.value
        return node, [element for element in nodes if self.is_a(str, element, *fields)]

    def maybe_text(self, parent: JsonNode, name: str, field: str) -> Maybe[str]:
        """A string; an empty one is UNSET."""
        node = self.typed(parent, name, str, field)
        return node if isinstance(node, Absent) else node.value or UNSET

    def maybe_bool(self, parent: JsonNode, name: str, field: str = "", *, default: bool | None = False) -> Maybe[bool]:
        """True or false; the engine's default is UNSET."""
        node = self.typed(parent, name, bool, field)
        return node if isinstance(node, Absent) else UNSET if node.value is default else node.value

    def maybe_int(self, parent: JsonNode, name: str, field: str, defaults: tuple[Any, ...]) -> Maybe[int]:
        """A whole number; the engine's defaults are UNSET."""
        node, number = self.member(parent, name), self.number(parent, name)
        if node is None:
            return UNSET
        if number is None:
            return UNKNOWN
        self.where[field,] = node.place
        return UNSET if number in defaults else int(number)

    def maybe_texts(
        self, parent: JsonNode, name: str, field: str, make: Callable[[str], Any] = str
    ) -> Maybe[tuple[Any, ...]]:
        """A list of strings, each made into an element."""
        listed = self.strings(parent, name, field)
        if listed is None or not listed[1]:
            return UNKNOWN if field in self.unresolved else UNSET
        self.where[field,] = listed[0].place
        for index, node in enumerate(listed[1]):
            self.where[field, index] = node.place
        return tuple(make(node.value) for node in listed[1])

    def keys(self, parent: JsonNode, name: str, field: str, make: Callable[[str], Any]) -> Maybe[tuple[Any, ...]]:
        """The keys of an object, each made into an element."""
        node = self.typed(parent, name, dict, field)
        if isinstance(node, Absent):
            return node
        for index, (_, value) in enumerate(node.items()):
            self.where[field, index] = value.place
        return tuple(make(key) for key, _ in node.items()) or UNSET

    def pairs(self, parent: JsonNode, name: str, field: str, make: Callable[[str, str], Any]) -> Maybe[tuple[Any, ...]]:
        """The strings of an object with their keys, each made into an element."""
        node = self.typed(parent, name, dict, field)
        if isinstance(node, Absent):
            return node
        elements: list[Any] = []
        for key, value in node.items():
            if self.is_a(str, value, field):
                self.where[field, len(elements)] = value.place
                elements.append(make(key, value.value))
        return tuple(elements) or UNSET

    def objects(
        self, parent: JsonNode, name: str, field: str, make: Callable[[JsonNode], Any]
    ) -> Maybe[tuple[Any, ...]]:
        """A list of objects, each made into an element, or left out where `make` returns None."""
        node = self.typed(parent, name, list, field)
        if isinstance(node, Absent):
            return node
        elements: list[Any] = []
        for entry in node.elements():
            if self.is_a(dict, entry, field) and (element := make(entry)) is not None:
                self.where[field, len(elements)] = entry.place
                elements.append(element)
        return tuple(elements) or UNSET

    def compound(self, field: str, read: Callable[[], AnyValue]) -> AnyValue:
        """Read a field of many parts: with a wrong part it is unresolved, and UNKNOWN where no other part is left."""
        before = len(self.wrong)
        value = read()
        if len(self.wrong) > before:
            self.unresolved.setdefault(field, self.wrong[-1][1].pointer)
            return UNKNOWN if value is UNSET else value
        return value
