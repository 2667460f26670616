"""The functions of HCL that a text decides by itself; any other, such as `timestamp()`, is unresolved."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final

from sealock.formats.hcl.expressions import LONGEST, HclValue, Unresolved, is_too_large
from sealock.model.location import Place

Arguments = list[Any]


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
}


def call(name: str, arguments: list[HclValue]) -> HclValue | None:
    """The value of a call; None where the text does not decide it."""
    function = _FUNCTIONS.get(name)
    place = arguments[0].place if arguments else Place()
    if function is None or any(_is_open(argument) for argument in arguments):
        return None
    try:
        plain = function(*(argument.plain for argument in arguments))
    except (TypeError, ValueError, IndexError, AttributeError, StopIteration, ZeroDivisionError):
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
