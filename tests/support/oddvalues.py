"""Documents in which one value has another type: every place, every odd value."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

ODD: Final[tuple[Any, ...]] = (True, 0, 1.5, "", [], {}, [1], {"a": 1}, ["x"], [[]], [{}])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values within a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from places(inner, (*path, key))


def with_odd_values(document: dict[str, Any], *more: Any) -> Iterator[Any]:
    """The document again and again, each time with an odd value in one place; `more` are further odd values."""
    for path in places(document):
        for odd in (*ODD, *more):
            yield replaced(document, path, odd)


def replaced(document: dict[str, Any], path: tuple[Any, ...], odd: Any) -> dict[str, Any]:
    """The document with an odd value in this place."""
    changed = copy.deepcopy(document)
    holder: Any = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = odd
    return changed


def toml(value: Any) -> str:
    """A value as TOML writes it inline."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)
