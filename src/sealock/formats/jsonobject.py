"""Decoded JSON whose members are read one by one: a wrong type costs only that member, and needs no place.

Where a wrong type may fail the whole object, decode into a msgspec struct instead; where it needs a place,
read with `sealock.formats.jsonreader`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from sealock.model.absent import UNKNOWN, UNSET, Maybe

_T = TypeVar("_T")


def _decode(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None


def decode_object(text: str) -> JsonObject:
    """Decode a JSON object; without members where the text is not one."""
    return JsonObject(_decode(text))


def decode_objects(text: str) -> list[JsonObject]:
    """Decode a JSON list of objects; empty where the text is not one."""
    value = _decode(text)
    return [JsonObject(element) for element in (value if isinstance(value, list) else ())]


class JsonObject:
    """An object's members by name; any other value has none.

    A member that is missing or of a wrong type is UNKNOWN for the `maybe_` methods, and empty for the others.
    """

    def __init__(self, value: object) -> None:
        self.members: dict[str, Any] = value if isinstance(value, dict) else {}

    def __bool__(self) -> bool:
        """Whether it has any members."""
        return bool(self.members)

    def _typed(self, name: str, kind: type[_T]) -> _T | None:
        """The member, None unless it is of exactly this type: true is not the number 1."""
        value = self.members.get(name)
        return value if isinstance(value, kind) and type(value) is kind else None

    def child(self, name: str) -> JsonObject:
        """A member that is an object."""
        return JsonObject(self.members.get(name))

    def elements(self, name: str) -> list[Any]:
        """A list of anything."""
        return self._typed(name, list) or []

    def numbered(self, name: str) -> Iterator[tuple[int, JsonObject]]:
        """The objects of a list with their indexes."""
        for index, element in enumerate(self.elements(name)):
            if isinstance(element, dict):
                yield index, JsonObject(element)

    def objects(self, name: str) -> Iterator[JsonObject]:
        """The objects of a list."""
        return (element for _, element in self.numbered(name))

    def text(self, name: str) -> str:
        """A string."""
        return self._typed(name, str) or ""

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of only strings."""
        values = self.elements(name)
        return tuple(values) if all(isinstance(value, str) for value in values) else ()

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """The strings of an object, by name."""
        return tuple((key, value) for key, value in self.child(name).members.items() if isinstance(value, str))

    def maybe_text(self, name: str) -> Maybe[str]:
        """A string; an empty one is UNSET."""
        value = self._typed(name, str)
        return UNKNOWN if value is None else value or UNSET

    def maybe_bool(self, name: str) -> Maybe[bool]:
        """True or false."""
        value = self._typed(name, bool)
        return UNKNOWN if value is None else value

    def maybe_int(self, name: str) -> Maybe[int]:
        """A whole number."""
        value = self._typed(name, int)
        return UNKNOWN if value is None else value

    def maybe_texts(self, name: str) -> Maybe[tuple[str, ...]]:
        """A list of only strings; null and an empty list are UNSET."""
        if self.members.get(name, False) in (None, []):
            return UNSET
        return self.texts(name) or UNKNOWN
