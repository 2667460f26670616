"""Puts odd values into each place of a text, one at a time, and describes what its reader makes of each.

The readers of `support.sweptreaders` have their texts in `tests/vectors/texts/NAME.txt`, and `tests/vectors/swept/NAME.txt`
records what differs from the text as it stands: each guard of a reader against null, zero, an empty list or a word where
a number belongs shows there. A reader may pass over what is odd, and must not pass over what follows: an odd item is also
put before those of each list and table, and an unchanged copy of its item of a list behind an odd value. Of texts in
lines, a record of its own has what differs where a line is gone, doubled or earlier. `./dev records` writes the records.
"""

from __future__ import annotations

import difflib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache, reduce
from operator import getitem
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import yaml
from msgspec import NODEFAULT, Struct

from support.shownvalues import fields_of
from support.wordchanges import ODD_WORD, change_words

VECTORS: Final = Path(__file__).parent.parent / "vectors"
RECORDS: Final = VECTORS / "swept"
ABSENT: Final = object()
ODD: Final[tuple[Any, ...]] = (ABSENT, None, True, 0, -1, "", "odd", [], ["odd", "odd"], {"odd": None})
FIRST: Final[tuple[Any, ...]] = (None, 0, "odd", {"odd": None})
_BEFORE: Final[tuple[Any, ...]] = (None, "odd")
_MOST_LINES, _MOST_BRIEF, _MOST_LETTERS = 4, 2, 140

Reader = Callable[[str], list[str]]
"""Lines that say what a text holds, or why it is refused."""


def texts_of(name: str) -> list[str]:
    """The texts of a group."""
    return (VECTORS / "texts" / f"{name}.txt").read_text(encoding="utf-8").split("\n=====\n")


def sweep_values(
    text: str, read: Reader, earlier: list[str], odds: tuple[Any, ...] = ODD, firsts: tuple[Any, ...] = FIRST
) -> Iterator[str]:
    """What differs where each value of a YAML text is another, or is not there; not of what `earlier` texts have too.

    `firsts` stand before the items of each list and table.
    """
    whole = yaml.safe_load(text)
    before = read(json.dumps(whole))
    seen = {place for each in earlier for place in _places_of(each)}
    for path, _ in [place for place in (((), ""), *_paths(whole)) if place not in seen]:
        outcomes: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for label, changed in _variants(whole, path, odds, firsts):
            if json.dumps(changed) != json.dumps(whole):
                outcomes[difference(before, read(json.dumps(changed)))].append(label)
        yield from _show(".".join(map(str, path)), outcomes)


def sweep_words(text: str, read: Reader, earlier: list[str]) -> Iterator[str]:
    """What differs where a word or sign of a text is not there, or a number another; of words that no `earlier` text has.

    The changed options of a run line also stand before the ones that are unchanged.
    """
    before = read(text)
    seen = {word for each in earlier for word in each.split()}
    outcomes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for change in change_words(f"{text.rstrip()}\n"):
        if change.word not in seen and change.new != ODD_WORD:
            outcomes[difference(before, read(change.text), _MOST_BRIEF)].append(change.name)
            if change.both.startswith("docker") and not change.new:
                outcomes[difference(before, read(change.both), _MOST_BRIEF)].append(f"{change.name} before")
    yield from _show("", outcomes)


def sweep_lines(text: str, read: Reader, earlier: list[str]) -> Iterator[str]:
    """What differs where a line is not there, stands twice, or stands before the line above it.

    Not of lines that stand behind the same line in an `earlier` text.
    """
    before = read(text)
    seen = {pair for each in earlier for pair in _pairs(each.splitlines())}
    outcomes: dict[tuple[str, ...], list[str]] = defaultdict(list)
    lines = text.splitlines()
    for at, pair in enumerate(_pairs(lines)):
        if pair not in seen:
            above, here, below = lines[:at], lines[at : at + 1], lines[at + 1 :]
            changed = {"gone": [*above, *below], "twice": [*above, *here, *here, *below]}
            if above:
                changed["first"] = [*above[:-1], *here, *above[-1:], *below]
            for label, variant in changed.items():
                outcomes[difference(before, read("\n".join(variant)), _MOST_BRIEF, with_sum=True)].append(
                    f"{at + 1} {label}"
                )
    yield from _show("", outcomes)


def _pairs(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Each line with the one above it."""
    yield from zip(["", *lines], lines, strict=False)


def _variants(
    whole: Any, path: tuple[str | int, ...], odds: tuple[Any, ...], firsts: tuple[Any, ...]
) -> Iterator[tuple[str, Any]]:
    """A text with odd values at a path, each with its name, and with odd items before those that stand there."""
    value = reduce(getitem, path, whole)
    if path:
        for odd in odds:
            yield "absent" if odd is ABSENT else json.dumps(odd), _replace(whole, path, odd)
    for odd in firsts if value and isinstance(value, (dict, list)) else ():
        more = {"odd": odd, **value} if isinstance(value, dict) else [odd, *value]
        yield f"first {json.dumps(odd)}", _replace(whole, path, more) if path else more
    outer = next((at for at, key in enumerate(path) if isinstance(key, int)), len(path))
    for odd in _BEFORE if outer < len(path) - 1 else ():
        items = reduce(getitem, path[:outer], whole)
        changed = _replace(items, path[outer:], odd)
        changed.append(items[path[outer]])
        yield f"{json.dumps(odd)}, then a copy", _replace(whole, path[:outer], changed) if outer else changed


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The path of each value within a value, and the value as JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*path, key), json.dumps(inner)
        yield from _paths(inner, (*path, key))


@cache
def _places_of(text: str) -> frozenset[tuple[tuple[str | int, ...], str]]:
    """The paths and values of a YAML text."""
    return frozenset(_paths(yaml.safe_load(text)))


def _replace(whole: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = deepcopy(whole)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    if value is ABSENT:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return changed


def difference(
    before: list[str], after: list[str], most: int = _MOST_LINES, *, with_sum: bool = False
) -> tuple[str, ...]:
    """The lines that are gone and new, shortened; `with_sum` adds one by which a change of what is not shown is seen."""
    lines = difflib.unified_diff(before, after, "", "", lineterm="", n=0)
    changed = sorted((line for line in lines if not line.startswith(("---", "+++", "@@"))), key=lambda line: line[0])
    shown = [line if len(line) <= _MOST_LETTERS else f"{line[:_MOST_LETTERS]}… {len(line)}" for line in changed]
    more = len(shown) - most
    rest = f" ({crc32(repr(changed).encode()):08x})" if with_sum else ""
    return tuple(shown) if more <= 0 else (*shown[:most], f"… {more} more{rest}")


def _show(place: str, outcomes: dict[tuple[str, ...], list[str]]) -> Iterator[str]:
    for lines, labels in outcomes.items():
        yield f"{place}: {', '.join(labels)}{'' if lines else ' — the same'}"
        yield from (f"  {line}" for line in lines)


def rows(value: Any, path: str = "it") -> Iterator[str]:
    """A value as lines, one for each field that is set and for each item."""
    match value:
        case Struct():
            yield f"{path}: {type(value).__name__}"
            for field in fields_of(value):
                inner = getattr(value, field.name)
                default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
                if inner != default:
                    yield from rows(inner, f"{path}.{field.name}")
        case dict() if value:
            for key, inner in value.items():
                yield from rows(inner, f"{path}.{key}")
        case list() | tuple() if value:
            for index, inner in enumerate(value):
                yield from rows(inner, f"{path}.{index}")
        case frozenset() | set():
            yield f"{path}: {sorted(map(repr, value))}"
        case _:
            yield f"{path}: {value!r}"
