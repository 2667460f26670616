"""Canonical JSON as Notary signs it, and a strict reader that leaves no room for parser differentials."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any, Final, NoReturn, TypeAlias

from sealock.patterns import compile_lazily
from sealock.trust.refusal import MetadataRefusedError

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"
_DIGITS: Final = 18
_LARGEST: Final = 1 << 53
"""Go reads what is signed as floating-point numbers, so that larger ones become others."""
_TIME: Final = compile_lazily(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_ESCAPED: Final = compile_lazily(r'["\\]')


def encode(value: Json) -> bytes:
    """Write canonical JSON: keys sorted, no space, only quotes and backslashes escaped, integers, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if "\\" not in text:
        return text.encode("utf-8")
    # The library also escapes control characters, which Notary does not.
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode("utf-8")


def _write(value: Json, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(_quoted(value))
    elif value is None or isinstance(value, bool):
        parts.append({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, int):
        parts.append(str(value))
    elif isinstance(value, list):
        parts.append("[")
        for index, item in enumerate(value):
            if index:
                parts.append(",")
            _write(item, parts)
        parts.append("]")
    else:
        parts.append("{")
        # Go sorts by bytes; code points sort alike in UTF-8.
        for index, key in enumerate(sorted(value)):
            parts.append(f"{',' if index else ''}{_quoted(key)}:")
            _write(value[key], parts)
        parts.append("}")


def _quoted(text: str) -> str:
    return f'"{_ESCAPED.sub(lambda match: chr(92) + match[0], text)}"'


def decode(raw: bytes, what: str) -> Json:
    """Read JSON strictly; MetadataRefusedError, about `what`, for duplicate keys, non-integer numbers and the like."""

    def refuse(why: str) -> NoReturn:
        raise MetadataRefusedError(check="malformed", why=f"{what} {why}")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            seen: set[str] = set()
            twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # it adds
            refuse(f"has the key {twice[:80]!r} twice")
        return table

    def integer(digits: str) -> int:
        if len(digits) > _DIGITS or digits.startswith("-0") or abs(int(digits)) > _LARGEST:
            refuse("has a number out of range")
        return int(digits)

    try:
        text = raw.decode("utf-8")
        value: Json = json.loads(
            text,
            object_pairs_hook=once,
            parse_int=integer,
            parse_float=lambda _: refuse("has a number that is not an integer"),
            parse_constant=lambda name: refuse(f"has the number {name}"),
        )
    except UnicodeDecodeError:
        refuse("is not UTF-8")
    except json.JSONDecodeError as error:
        refuse(f"is not JSON: {error.msg} at character {error.pos}")
    except RecursionError:
        refuse("is nested too deeply")
    try:
        # JSON can escape lone surrogates, which UTF-8 cannot encode.
        encode(value)
    except UnicodeEncodeError:
        refuse("has text that is not Unicode")
    except RecursionError:
        refuse("is nested too deeply")
    return value


def moment_of(text: str) -> datetime:
    """Parse a time of RFC 3339, in UTC, truncated to microseconds; ValueError or OverflowError for any other text."""
    if not _TIME.fullmatch(text):
        msg = "it is not a time of RFC 3339"
        raise ValueError(msg)
    return datetime.fromisoformat(text).astimezone(UTC)


def spelled(moment: datetime) -> str:
    """Format a time in UTC as Go does: RFC 3339 without trailing zeros in the fraction."""
    whole = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{moment.microsecond:06}".rstrip("0")
    return f"{whole}{f'.{fraction}' if fraction else ''}Z"
