"""Records what each format of a report shows of each field: one field of a noun is another, and what then differs.

Of each kind of structure within a report or an inventory, each field is changed once where it is set and once where it is
not, to what its type allows. `tests/vectors/reports/NAME.txt` has for each format the first line that changes, how many do,
and a sum of them; `tests/test_records.py` compares.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints
from zlib import crc32

from msgspec import Struct
from msgspec.structs import replace

from reports.inventories import inventory
from reports.samples import broken, plain, vulnerable
from sealock import __version__
from sealock.model.location import Source
from sealock.model.report import Report
from sealock.reports import MODULES, render
from sealock.reports.sbom import render as render_sbom
from support.shownvalues import fields_of

RECORDS: Final = Path(__file__).parent.parent / "vectors" / "reports"
_ODD_TEXTS: Final = ("", "odd", "<b>|`a`\n\x1b[31m\u202e")
_MOST_LETTERS: Final = 72
_MOST_LITERALS: Final = 3

Renderer = Callable[[Any], str]
_Path = tuple[str | int, ...]


def _report() -> Report:
    parts = (plain(), vulnerable(), broken())
    return replace(parts[0], targets=tuple(target for part in parts for target in part.targets))


_NOUNS: Final[dict[str, tuple[Callable[[], Struct], dict[str, Renderer]]]] = {
    "report": (_report, {form: partial(render, form) for form in MODULES}
        | {"terminal, all": partial(render, "terminal", width=60, unicode=False, show_suppressed=True, verbose=True, every=True)}),
    "inventory": (inventory, {form: partial(render_sbom, form) for form in ("table", "cyclonedx", "spdx", "json")}),
}  # fmt: skip
NAMES: Final = tuple(_NOUNS)


def record(name: str) -> str:
    """The record of a noun."""
    making, renderers = _NOUNS[name]
    noun = making()
    before = {form: _lines(renderer, noun) for form, renderer in renderers.items()}
    lines: list[str] = []
    seen: set[tuple[str, str, bool]] = set()
    for path, title, value, odds in _fields(noun):
        key = (type(value).__name__, title, bool(value))
        if key in seen:
            continue
        seen.add(key)
        for odd in odds:
            after = _put(noun, path, odd)
            lines.append(f"{'.'.join(map(str, path))}: {title} {_brief(odd)}")
            rows = ((form, _change(before[form], _lines(renderer, after))) for form, renderer in renderers.items())
            lines += [f"  {form}: {row}" for form, row in rows if row]
    return "\n".join([*lines, ""])


def _lines(renderer: Renderer, noun: Struct) -> list[str]:
    return renderer(noun).replace(__version__, "VERSION").splitlines()


def _change(before: list[str], after: list[str]) -> str:
    """The first new line, or else the first that is gone; how many change, and a sum of them."""
    changed = [line for line in difflib.unified_diff(before, after, n=0, lineterm="") if line[:2] != "@@"][2:]
    if not changed:
        return ""
    first = next((line for line in changed if line[0] == "+"), changed[0])
    return f"{ascii(first)[1:-1][:_MOST_LETTERS]} ({len(changed)} {crc32(repr(changed).encode()):08x})"


def _fields(value: Any, path: _Path = ()) -> Iterator[tuple[_Path, str, Any, tuple[Any, ...]]]:
    """Each field within a value: where, its name, what it holds, and what its type allows besides."""
    if isinstance(value, Source):
        return
    if isinstance(value, Struct):
        hints = _hints(type(value))
        for field in fields_of(value):
            held = getattr(value, field.name)
            odds = tuple(odd for odd in _odds(hints[field.name], held) if odd != held)
            yield (*path, field.name), f"{type(value).__name__}.{field.name}", held, odds
            yield from _fields(held, (*path, field.name))
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _fields(inner, (*path, index))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _odds(hint: Any, held: Any) -> Iterator[Any]:
    kinds = (hint, *get_args(hint))
    literals = [word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]
    if type(None) in kinds and held is not None:
        yield None
    if literals:
        yield from [word for word in literals if word != held][:_MOST_LITERALS]
        return
    match held:
        case bool():
            yield not held
        case Enum():
            yield from type(held)
        case int() | float():
            yield from (0, 1, held + 1, 1_000_000)
        case str():
            yield from _ODD_TEXTS
        case tuple() if held:
            yield from ((), (*held, held[0]), held[1:])


def _put(value: Any, path: _Path, odd: Any) -> Any:
    if not path:
        return odd
    first, *rest = path
    if isinstance(first, int):
        return (*value[:first], _put(value[first], tuple(rest), odd), *value[first + 1 :])
    return replace(value, **{first: _put(getattr(value, first), tuple(rest), odd)})


def _brief(value: Any) -> str:
    return f"{len(value)} items" if isinstance(value, tuple | Mapping) else ascii(value)


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.txt").write_text(record(record_name), encoding="utf-8")
