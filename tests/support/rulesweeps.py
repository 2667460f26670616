"""Changes the vectors of rules in one place at a time, and describes what a rule then reports more or less.

A word or sign is dropped or another, a number is one more or less, a value is of another kind. The changed line, option
or item also stands before the one that is unchanged: what a rule leaves alone must not hide what follows.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import reduce
from operator import getitem
from typing import Any, Final

from support.wordchanges import PIECE, Change, change_words, other_words

_Path = tuple[str | int, ...]

Reports = Callable[[str], Counter[str] | None]
"""What a rule reports about a text; None where the text is no document."""

_ODD: Final[tuple[Any, ...]] = (None, True, 0, "odd", [], {"odd": None})


def sweep(text: str, reports: Reports) -> Iterator[str]:
    """Where a rule reports something else about a changed text, and where both together have more findings or fewer."""
    own = reports(text) or Counter()
    outcomes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for change in {change.text: change for change in _changes(text)}.values():
        alone = reports(change.text)
        if alone is None:
            continue
        if alone not in (own, _renamed(own, change)):
            outcomes[_difference(own, alone)].append(change.name)
        together = reports(change.both) if change.both else None
        if together is not None and together.total() != own.total() + alone.total():
            outcomes[(f"both: {together.total()} instead of {own.total()} + {alone.total()}",)].append(change.name)
    for lines, names in outcomes.items():
        yield ", ".join(names)
        yield from (f"  {line}" for line in lines)


def _renamed(messages: Counter[str], change: Change) -> Counter[str]:
    renamed: Counter[str] = Counter()
    for message, count in messages.items():
        renamed[message.replace(change.old, change.new) if change.old else message] += count
    return renamed


def _difference(before: Counter[str], after: Counter[str]) -> tuple[str, ...]:
    gone = (f"- {message}" for message in sorted((before - after).elements()))
    new = (f"+ {message}" for message in sorted((after - before).elements()))
    return (*gone, *new)


def _changes(text: str) -> Iterator[Change]:
    return _values(json.loads(text)) if text.startswith("{") else change_words(f"{text.rstrip()}\n")


def _values(whole: Any) -> Iterator[Change]:
    """A value of a JSON document is another."""
    for path in _paths(whole):
        value = reduce(getitem, path, whole)
        for odd in _odd(value, path[-1]):
            name = f"{'.'.join(map(str, path))} {json.dumps(odd)}"
            words = (value, odd) if isinstance(value, str) and isinstance(odd, str) else ()
            yield Change(name, json.dumps(_put(whole, path, odd)), _with_copy(whole, path, odd), *words)


def _odd(value: Any, key: str | int) -> Iterator[Any]:
    yield from (odd for odd in _ODD if odd != value)
    match value:
        case bool():
            yield not value
        case int():
            yield from (value - 1, value + 1)
            yield from (value ^ 1 << bit for bit in range(12) if key == "mode")
        case str():
            for piece in PIECE.finditer(value):
                yield from (f"{value[: piece.start()]}{other}{value[piece.end() :]}" for other in other_words(piece[0]))


def _with_copy(whole: Any, path: _Path, odd: Any) -> str:
    """The document with the changed item of a list before the unchanged, or ""."""
    outer = next((at for at, key in enumerate(path[:-1]) if isinstance(key, int)), None)
    if outer is None:
        return ""
    items = reduce(getitem, path[:outer], whole)
    return json.dumps(_put(whole, path[:outer], [_put(items[path[outer]], path[outer + 1 :], odd), *items]))


def _paths(value: Any, path: _Path = ()) -> Iterator[_Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key)
        yield from _paths(inner, (*path, key))


def _put(whole: Any, path: _Path, value: Any) -> Any:
    changed = deepcopy(whole)
    reduce(getitem, path[:-1], changed)[path[-1]] = value
    return changed
