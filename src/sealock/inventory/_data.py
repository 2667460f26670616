"""Decodes JSON and TOML within bounds, and takes fields from values of any shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Final, TypeAlias, TypeVar

import msgspec

from sealock.inventory.analyzer import BrokenFileError
from sealock.text import format_size

Table: TypeAlias = dict[str, object]
T = TypeVar("T")

LONGEST_WORD: Final = 512
"""Maximum characters of a name, a version or a licence."""
VALUES: Final = 1_000_000
"""Maximum values in a JSON document: each becomes an object in memory."""
LONGEST_TOML: Final = 8 << 20
DOTS: Final = 50_000_000
"""The sum of the squares of each line's dots: tomllib takes quadratic time on dotted keys."""
BOM: Final = b"\xef\xbb\xbf"


def decode_json(data: bytes, kind: type[T]) -> T:
    """Decode JSON of this shape. Structs decode only their own fields, so the rest takes no memory."""
    if data.count(b",") > VALUES:
        message = "holds too many values"
        raise BrokenFileError(message)
    try:
        return msgspec.json.decode(data.removeprefix(BOM), type=kind)
    except msgspec.ValidationError as error:
        message = f"is not shaped as expected: {error}"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"is not valid JSON: {error}"
    except RecursionError:
        message = "is JSON that is nested too deeply"
    raise BrokenFileError(message)


def decode_toml(data: bytes) -> Table:
    """Decode a TOML document."""
    if len(data) >= LONGEST_TOML:
        message = f"is larger than {format_size(LONGEST_TOML)}"
        raise BrokenFileError(message)
    if sum(line.count(b".") ** 2 for line in data.splitlines()) > DOTS:
        message = "has dotted keys that are too long"
        raise BrokenFileError(message)
    import tomllib  # noqa: PLC0415  takes 3 ms, and few images have such files

    try:
        return tomllib.loads(data.removeprefix(BOM).decode())
    except (ValueError, OverflowError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        message = f"is not valid TOML: {error}"
    except RecursionError:
        message = "is TOML that is nested too deeply"
    raise BrokenFileError(message)


def table(value: object) -> Table:
    """The value, if it is a mapping; else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[object]:
    """The value, if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def records(values: object, kind: type[T]) -> Iterator[T]:
    """The members of a list that have this shape: a broken one costs only itself."""
    for value in rows(values):
        with suppress(msgspec.ValidationError):
            yield msgspec.convert(value, kind)


def named_records(value: object, kind: type[T]) -> Iterator[tuple[str, T]]:
    """The members of a mapping that have a name and this shape."""
    for key, member in table(value).items():
        for record in records([member], kind):
            if name := word(key):
                yield name, record


def word(value: object) -> str:
    """The value, if it could be a name, a version or a licence; else ""."""
    if not isinstance(value, str) or len(value) > LONGEST_WORD:
        return ""
    value = value.strip()
    return value if value.isprintable() else ""


def words(value: object) -> tuple[str, ...]:
    """The texts of a list, or a single text."""
    return tuple(filter(None, map(word, rows(value) or [value])))
