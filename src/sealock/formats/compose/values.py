"""Single values: strings, booleans, numbers, sizes, durations.

Each reader raises ValueError with a message where the value is of another kind.
"""

from __future__ import annotations

import re
from typing import Final

from sealock.formats.compose.tree import ComposeValue

_SIZES: Final = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50}
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def text(value: ComposeValue) -> str:
    """A string, or a number or boolean as a string."""
    if value.is_list or value.is_mapping:
        msg = "must be a string"
        raise ValueError(msg)
    return value.written if value.unset else value.text


def boolean(value: ComposeValue) -> bool:
    """A boolean; as strings, Compose also accepts yes, on, y and their opposites."""
    if isinstance(value.data, bool):
        return value.data
    word = value.string.lower()
    if word in {"true", "yes", "on", "y", "1", "t"}:
        return True
    if word in {"false", "no", "off", "n", "0", "f"}:
        return False
    msg = f"must be true or false, not {value.text or 'empty'}"
    raise ValueError(msg)


def integer(value: ComposeValue) -> int:
    """A whole number, also as a string."""
    match value.data:
        case bool():
            pass
        case int() as whole:
            return whole
        case float() as whole if whole == whole // 1 and abs(whole) < 1e18:
            return int(whole)
        case str() as digits if re.fullmatch(r"[+-]?[0-9]{1,18}", digits):
            return int(digits)
        case _:
            pass
    msg = f"must be a whole number, not {value.text[:40] or 'empty'}"
    raise ValueError(msg)


def number(value: ComposeValue) -> float:
    """A number, also as a string."""
    match value.data:
        case bool():
            pass
        case int() | float() as plain if abs(plain) < 1e18:  # which NaN is not
            return float(plain)
        case str() as digits if re.fullmatch(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})", digits):
            return float(digits)
        case _:
            pass
    msg = f"must be a number, not {value.text[:40] or 'empty'}"
    raise ValueError(msg)


def size(value: ComposeValue) -> int:
    """Bytes: a number, or a string like 512m, 1.5gb, 1 GiB; some fields take -1 for unlimited."""
    if isinstance(value.data, int | float) and not isinstance(value.data, bool) and abs(value.data) < 1e18:
        return int(value.data)
    match = re.fullmatch(r"([0-9]{1,18}(?:\.[0-9]{0,18})?) ?(|b|[kmgtp]|[kmgtp]i?b)", value.string.lower())
    if match is None:
        msg = f"must be a size such as 512m, not {value.text[:40] or 'empty'}"
        raise ValueError(msg)
    return int(float(match[1]) * 2 ** _SIZES[match[2][:1]])


def duration(value: ComposeValue) -> float:
    """Seconds of a duration like 1m30s."""
    word = value.text
    if word == "0":
        return 0.0
    parts = re.findall(r"([0-9]{1,18}(?:\.[0-9]{0,18})?)(ns|us|µs|μs|ms|s|m|h)", word)
    if not parts or "".join(amount + unit for amount, unit in parts) != word.lstrip("+"):
        msg = f"must be a duration such as 1m30s, not {word[:40] or 'empty'}"
        raise ValueError(msg)
    return round(sum(float(amount) * _UNITS[unit] for amount, unit in parts), 9)


def seconds_as_text(seconds: float) -> str:
    """Write a duration: 1m30s, 500ms."""
    if seconds != int(seconds):
        return f"{round(seconds * 1000)}ms"
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return "".join(f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (left, "s")) if amount) or "0s"


def size_as_text(amount: int) -> str | int:
    """Write bytes: 512m; -1 stays a number."""
    for unit, shift in (("g", 30), ("m", 20), ("k", 10)):
        if amount > 0 and amount % 2**shift == 0:
            return f"{amount // 2**shift}{unit}"
    return f"{amount}b" if amount > 0 else amount


def capability(value: ComposeValue) -> str:
    """A capability's name without CAP_, in upper case."""
    return text(value).upper().removeprefix("CAP_")


def known(value: ComposeValue | None, default: str = "") -> str:
    """A string, else the default."""
    return default if value is None or value.data is None else text(value)


def split(spec: str, *, drives: bool = False) -> list[str]:
    """Split at colons, but not within ${…} and [..], and with `drives` not after a drive letter (C:)."""
    parts, start, depth = [], 0, 0
    for at, character in enumerate(spec):
        opens = character == "[" or (character == "{" and spec[at - 1 : at] == "$")
        depth += opens - (character in "]}" and depth > 0)
        if character == ":" and not depth and not (drives and at - start == 1 and spec[start].isalpha()):
            parts.append(spec[start:at])
            start = at + 1
    return [*parts, spec[start:]]
