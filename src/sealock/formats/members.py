"""Picks typed members out of JSON that was decoded; what is missing or of a wrong type is UNKNOWN."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sealock.model.absent import UNKNOWN, UNSET, Maybe


def decode(text: str) -> object:
    """Decode JSON, None where it is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return None


class JsonMembers:
    """An object's members by name; one of anything else has none."""

    def __init__(self, held: object) -> None:
        self.held: dict[str, Any] = held if isinstance(held, dict) else {}

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.held)

    def within(self, name: str) -> JsonMembers:
        """The members of an object within."""
        return JsonMembers(self.held.get(name))

    def each(self, name: str) -> Iterator[JsonMembers]:
        """The objects of a list within."""
        held = self.held.get(name)
        for one in held if isinstance(held, list) else ():
            if isinstance(one, dict):
                yield JsonMembers(one)

    def text(self, name: str) -> Maybe[str]:
        """A text; an empty one is UNSET."""
        held = self.held.get(name)
        return (held or UNSET) if isinstance(held, str) else UNKNOWN

    def plain(self, name: str) -> str:
        """A text, "" where there is none."""
        held = self.held.get(name)
        return held if isinstance(held, str) else ""

    def truth(self, name: str) -> Maybe[bool]:
        """True or false."""
        held = self.held.get(name)
        return held if isinstance(held, bool) else UNKNOWN

    def whole(self, name: str) -> Maybe[int]:
        """A whole number."""
        held = self.held.get(name)
        return held if isinstance(held, int) and not isinstance(held, bool) else UNKNOWN

    def texts(self, name: str) -> Maybe[tuple[str, ...]]:
        """A list of texts; null and an empty one are UNSET."""
        if name not in self.held:
            return UNKNOWN
        held = self.held[name]
        if held is None:
            return UNSET
        if not isinstance(held, list) or not all(isinstance(one, str) for one in held):
            return UNKNOWN
        return tuple(held) or UNSET

    def pairs(self, name: str) -> tuple[tuple[str, str], ...]:
        """An object of texts, () where there is none."""
        held = self.held.get(name)
        items = held.items() if isinstance(held, dict) else ()
        return tuple((key, value) for key, value in items if isinstance(value, str))
