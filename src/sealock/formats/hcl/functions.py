"""The functions of HCL that a text decides by itself; any other, such as `timestamp()`, is unresolved."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from sealock.formats.hcl.expressions import LONGEST, HclValue, Unresolved, is_too_large
from sealock.model.location import Place
from sealock.patterns import compile_lazily

Arguments = list[Any]
_LONGEST_PATTERN: Final = 200
_MOST_STEPS: Final = 20_000
_REPEATED: Final = compile_lazily(r"[*+?}]")
_SLOW: Final = compile_lazily(r"\)[*+{]|\\[0-9]|\|.*\|")
"""Patterns that may take long: a repeated group, one that a later place refers to, and many alternatives."""


def _texts(values: Arguments) -> list[str]:
    """Values of a list as texts; ValueError where one is none."""
    if any(not isinstance(value, str | int | float) for value in values):
        msg = "no text"
        raise ValueError(msg)
    return [_text(value) for value in values]


def _text(value: Any) -> str:  # noqa: ANN401  any value of the language
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_length(length: int) -> None:
    """Refuse what would be made too long, before it is made."""
    if length > LONGEST:
        msg = "too long"
        raise ValueError(msg)


def _format(pattern: str, *values: Any) -> str:  # noqa: ANN401  any value of the language
    if pattern.replace("%s", "").replace("%d", "").replace("%v", "").count("%"):
        msg = "another verb"
        raise ValueError(msg)
    texts = _texts(list(values))
    _check_length(sum(map(len, texts)))
    return pattern.replace("%d", "%s").replace("%v", "%s") % tuple(texts)


def _join(sign: str, *lists: Arguments) -> str:
    texts = _texts([item for items in lists for item in items])
    _check_length(sum(map(len, texts)) + len(sign) * len(texts))
    return sign.join(texts)


def _replace(text: str, old: str, new: str) -> str:
    _check_length(text.count(old) * len(new))
    return text.replace(old, new)


def _at(items: object, index: int) -> Any:  # noqa: ANN401  any value of the language
    """An element; ValueError for an index that a list does not have."""
    if not isinstance(items, list) or not 0 <= _number(index) < len(items):
        msg = "there is none"
        raise ValueError(msg)
    return items[index]


def _slice(items: object, start: int, end: int) -> list[Any]:
    """The elements from one index up to another; ValueError for one that a list does not have."""
    if not isinstance(items, list) or not 0 <= _number(start) <= _number(end) <= len(items):
        msg = "there are none"
        raise ValueError(msg)
    return items[start:end]


def _flat(items: list[Any]) -> list[Any]:
    """The elements of a list and of the lists in it, however deep."""
    flat: list[Any] = []
    pending = items[::-1]
    while pending:
        item = pending.pop()
        if isinstance(item, list):
            pending += reversed(item)
        else:
            flat.append(item)
    return flat


def _formats(pattern: str, *values: Any) -> list[str]:  # noqa: ANN401  any value of the language
    """The texts that a pattern makes of each element; a value that is no list goes into all."""
    lengths = {len(value) for value in values if isinstance(value, list)}
    if len(lengths) != 1:
        msg = "no lists of one length"
        raise ValueError(msg)
    return [
        _format(pattern, *(value[index] if isinstance(value, list) else value for value in values))
        for index in range(*lengths)
    ]


def _matches(pattern: str, text: str) -> list[Any]:
    """What a pattern finds in a text: a text, or the list of its groups. Only where that takes little time."""
    loops = len(_REPEATED.findall(pattern)) + (not pattern.startswith("^"))
    if len(pattern) > _LONGEST_PATTERN or _SLOW.search(pattern) or len(text) ** min(loops, 20) > _MOST_STEPS:
        msg = "takes too long"
        raise ValueError(msg)
    try:
        compiled = re.compile(pattern, re.ASCII)
    except re.error as error:
        raise ValueError(str(error)) from error
    if compiled.groupindex:
        return [match.groupdict("") for match in compiled.finditer(text)]
    return [list(match.groups("")) if compiled.groups else match[0] for match in compiled.finditer(text)]


def _of_numbers(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A function that takes only numbers: Python also multiplies texts and lists."""

    def calculate(left: float, right: float) -> int | float:
        result: int | float = function(_number(left), _number(right))
        return result

    return calculate


def _number(value: Any) -> int | float:  # noqa: ANN401  any value of the language
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = "no number"
        raise TypeError(msg)
    return value


_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": lambda text: re.sub(r"\b\w", lambda first: first[0].upper(), text),
    "trimspace": str.strip,
    "trimprefix": str.removeprefix,
    "trimsuffix": str.removesuffix,
    "trim": str.strip,
    "chomp": lambda text: text.rstrip("\r\n"),
    "replace": _replace,
    "join": _join,
    "split": lambda sign, text: text.split(sign) if sign else list(text),
    "concat": lambda *lists: [item for items in lists for item in items],
    "length": len,
    "format": _format,
    "equal": lambda left, right: left == right,
    "notequal": lambda left, right: left != right,
    "and": lambda left, right: left and right,
    "or": lambda left, right: left or right,
    "not": lambda value: not value,
    "add": _of_numbers(operator.add),
    "subtract": _of_numbers(operator.sub),
    "multiply": _of_numbers(operator.mul),
    "coalesce": lambda *values: next(value for value in values if value is not None),
    "contains": lambda items, value: value in items,
    "compact": lambda items: [item for item in items if item != ""],
    "distinct": lambda items: list(dict.fromkeys(items)),
    "reverselist": lambda items: items[::-1],
    "lookup": lambda table, key, *default: table[key] if key in table else default[0],
    "keys": sorted,
    "element": lambda items, index: items[index % len(items)],
    "tostring": lambda value: _texts([value])[0],
    "strlen": len,
    "index": _at,
    "flatten": _flat,
    "formatlist": _formats,
    "max": lambda *values: max(map(_number, values)),
    "merge": lambda *tables: {key: value for table in tables for key, value in table.items()},
    "min": lambda *values: min(map(_number, values)),
    "regexall": _matches,
    "slice": _slice,
    "sort": lambda items: sorted(map(str, items)),
    "values": lambda table: [table[key] for key in sorted(table)],
}


def call(name: str, arguments: list[HclValue]) -> HclValue | None:
    """The value of a call; None where the text does not decide it."""
    function = _FUNCTIONS.get(name)
    place = arguments[0].place if arguments else Place()
    if function is None or any(_is_open(argument) for argument in arguments):
        return None
    try:
        plain = function(*(argument.plain for argument in arguments))
    except (TypeError, ValueError, LookupError, AttributeError, StopIteration, ZeroDivisionError):
        return None
    return made(plain, place)


def made(plain: Any, place: Place) -> HclValue | None:  # noqa: ANN401  as JSON has it
    """A value with one place; None for one that is too long or large."""
    if is_too_large(plain) or (isinstance(plain, list | dict) and len(plain) > LONGEST):
        return None
    if isinstance(plain, list):
        items = [made(item, place) for item in plain]
        return HclValue([item for item in items if item is not None], place)
    if isinstance(plain, dict):
        entries = {name: made(item, place) for name, item in plain.items()}
        return HclValue({name: item for name, item in entries.items() if item is not None}, place)
    return HclValue(plain, place)


def _is_open(value: HclValue) -> bool:
    if isinstance(value.data, list):
        return any(map(_is_open, value.data))
    if isinstance(value.data, dict):
        return any(map(_is_open, value.data.values()))
    return isinstance(value.data, Unresolved)
