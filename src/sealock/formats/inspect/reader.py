"""Reads the values of the engine's JSON, gathering places and what is of a wrong type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sealock.formats.imageconfig import ConfigReader
from sealock.formats.jsontree import JsonNode
from sealock.model.absent import UNKNOWN, UNSET, Maybe


class EngineReader(ConfigReader):
    """Config is read as an image's is; these are for all that is around it."""

    def truth(self, parent: JsonNode, name: str, field: str, *, default: bool | None = False) -> Maybe[bool]:
        """Read true or false; the engine's default is nothing said."""
        node = self.member(parent, name)
        if node is None:
            return UNSET
        if not isinstance(node.value, bool):
            self.misread("should be true or false", node)
            return UNKNOWN
        self.note(node, field)
        return UNSET if node.value is default else node.value

    def whole(self, parent: JsonNode, name: str, field: str, defaults: tuple[Any, ...]) -> Maybe[int]:
        """Read a whole number; `defaults` are as good as nothing said."""
        node, number = self.member(parent, name), self.number(parent, name)
        if node is None:
            return UNSET
        if number is None:
            return UNKNOWN
        self.where[field,] = node.place
        return UNSET if number in defaults else int(number)

    def pairs(self, parent: JsonNode, name: str, field: str, make: Callable[[str, str], Any]) -> Maybe[tuple[Any, ...]]:
        """Read an object of texts into elements."""
        node = self.member(parent, name)
        if node is None:
            return UNSET
        if not isinstance(node.value, dict):
            self.misread("should be an object", node)
            return UNKNOWN
        self.where[field,] = node.place
        found: list[Any] = []
        for key, value in node.items():
            if isinstance(value.value, str):
                self.where[field, len(found)] = value.place
                found.append(make(key, value.value))
            else:
                self.misread("should be a text", value, field)
        return tuple(found) or UNSET

    def objects(
        self, parent: JsonNode, name: str, field: str, make: Callable[[JsonNode], Any]
    ) -> Maybe[tuple[Any, ...]]:
        """Read a list of objects; what `make` returns None for is left out."""
        node = self.member(parent, name)
        if node is None:
            return UNSET
        if not isinstance(node.value, list):
            self.misread("should be a list", node)
            return UNKNOWN
        self.where[field,] = node.place
        found: list[Any] = []
        for element in node.elements():
            if not isinstance(element.value, dict):
                self.misread("should be an object", element, field)
            elif (made := make(element)) is not None:
                self.where[field, len(found)] = element.place
                found.append(made)
        return tuple(found) or UNSET

    def sound(self, field: str, read: Callable[[EngineReader], Any]) -> Any:  # noqa: ANN401  each field has its type
        """Read a field of many parts; with a wrong one it is not the whole answer, with nothing left none at all."""
        before = len(self.wrong)
        value = read(self)
        if len(self.wrong) > before:
            self.unresolved.setdefault(field, self.wrong[-1][1].pointer)
            return UNKNOWN if value is UNSET else value
        return value

    def texts(self, parent: JsonNode, name: str) -> list[JsonNode]:
        """The texts of a list."""
        found = self.strings(parent, name)
        return found[1] if found else []

    def string(self, parent: JsonNode, name: str) -> str:
        """A text of an object, "" where there is none."""
        node = self.member(parent, name)
        if node is None or isinstance(node.value, str):
            return node.value if node is not None else ""
        self.misread("should be a text", node)
        return ""
