"""Single values: texts, truth values, numbers, sizes, durations.

Each reader raises ValueError with a sentence where the value is not of its kind.
"""

from __future__ import annotations

import re
from typing import Final

from sealock.formats.compose.tree import ComposeValue

_SIZES: Final = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}


_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def text(value: ComposeValue) -> str:
    """A text, or a number or truth value as text."""
    if isinstance(value.data, list | dict):
        msg = "must be a string"
        raise ValueError(msg)  # noqa: TRY004  callers catch one kind of error
    return value.shown if value.words else value.text


def boolean(value: ComposeValue) -> bool:
    """True or false; as text also yes, on, y and their opposites, which Compose takes here."""
    if isinstance(value.data, bool):
        return value.data
    word = value.data.lower() if isinstance(value.data, str) else ""
    if word in {"true", "yes", "on", "y", "1", "t"}:
        return True
    if word in {"false", "no", "off", "n", "0", "f"}:
        return False
    msg = f"must be true or false, not {value.text or 'empty'}"
    raise ValueError(msg)


def integer(value: ComposeValue) -> int:
    """A whole number, also as text."""
    if isinstance(value.data, int) and not isinstance(value.data, bool):
        return value.data
    if isinstance(value.data, float) and value.data == value.data // 1 and abs(value.data) < 1e18:
        return int(value.data)
    if isinstance(value.data, str) and re.fullmatch(r"[+-]?[0-9]{1,18}", value.data):
        return int(value.data)
    msg = f"must be a whole number, not {value.text[:40] or 'empty'}"
    raise ValueError(msg)


def number(value: ComposeValue) -> float:
    """A number, also as text."""
    if isinstance(value.data, int | float) and not isinstance(value.data, bool):
        return float(value.data)
    if isinstance(value.data, str) and re.fullmatch(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})", value.data):
        return float(value.data)
    msg = f"must be a number, not {value.text[:40] or 'empty'}"
    raise ValueError(msg)


def size(value: ComposeValue) -> int:
    """Bytes: a number, or a text such as 512m, 1.5gb, 1 GiB; the number -1 is unlimited where that has a meaning."""
    if isinstance(value.data, int | float) and not isinstance(value.data, bool) and abs(value.data) < 1e18:
        return int(value.data)
    word = value.data if isinstance(value.data, str) else ""
    found = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{0,18})?) ?(|b|[kmgtp]|[kmgtp]i?b)", word.lower())
    if found is None:
        msg = f"must be a size such as 512m, not {value.text[:40] or 'empty'}"
        raise ValueError(msg)
    return int(float(found[1]) * 2 ** _SIZES[found[2][:1]])


def duration(value: ComposeValue) -> float:
    """Seconds of a text such as 1m30s."""
    word = value.text
    if word == "0":
        return 0.0
    parts = re.findall(r"([0-9]{1,18}(?:\.[0-9]{0,18})?)(ns|us|µs|μs|ms|s|m|h)", word)
    if not parts or "".join(amount + unit for amount, unit in parts) != word.lstrip("+"):
        msg = f"must be a duration such as 1m30s, not {word[:40] or 'empty'}"
        raise ValueError(msg)
    return round(sum(float(amount) * _UNITS[unit] for amount, unit in parts), 9)


def seconds_as_text(seconds: float) -> str:
    """Write a duration as people do: 1m30s, 500ms."""
    if seconds != int(seconds):
        return f"{round(seconds * 1000)}ms"
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return "".join(f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if amount) or "0s"


def size_as_text(amount: int) -> str | int:
    """Write bytes as people do: 512m; -1 stays the number that it is."""
    for unit, shift in (("g", 30), ("m", 20), ("k", 10)):
        if amount > 0 and amount % 2**shift == 0:
            return f"{amount // 2**shift}{unit}"
    return f"{amount}b" if amount > 0 else amount


def capability(value: ComposeValue) -> str:
    """A capability's name without CAP_, in upper case."""
    return text(value).upper().removeprefix("CAP_")


def known(value: ComposeValue | None, default: str = "") -> str:
    """A text where there is one, else the default."""
    return default if value is None or value.data is None else text(value)


def split(spec: str, *, drives: bool = False) -> list[str]:
    """Split at colons, but not within ${…} and [..], and with `drives` not behind a single letter (C:)."""
    parts, start, depth = [], 0, 0
    for at, one in enumerate(spec):
        depth += (one == "[" or (one == "{" and spec[at - 1 : at] == "$")) - (one in "]}" and depth > 0)
        if one == ":" and not depth and not (drives and at - start == 1 and spec[start].isalpha()):
            parts.append(spec[start:at])
            start = at + 1
    return [*parts, spec[start:]]
