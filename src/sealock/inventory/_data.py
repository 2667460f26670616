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


def listed(value: object, name: str) -> list[object]:
    """The list of this name in a document; an empty one where the document has none."""
    if value is None or isinstance(value, list):
        return value or []
    message = f"has {name} that is not a list"
    raise BrokenFileError(message)


def keyed(value: object, name: str) -> Table:
    """The mapping of this name in a document; an empty one where the document has none."""
    if value is None or isinstance(value, dict):
        return value or {}
    message = f"has {name} that is not a mapping"
    raise BrokenFileError(message)


def entries(values: object, kind: type[T], name: str) -> Iterator[T]:
    """The members of the list of this name; BrokenFileError behind them where one has another shape."""
    broken = 0
    for value in listed(values, name):
        try:
            yield msgspec.convert(value, kind)
        except msgspec.ValidationError:
            broken += 1
    if broken:
        message = f"has {name} of which {broken} cannot be read"
        raise BrokenFileError(message)


def named_entries(value: object, kind: type[T], name: str) -> Iterator[tuple[str, T]]:
    """The members of the mapping of this name; BrokenFileError behind them where one has another shape."""
    broken = 0
    for key, member in keyed(value, name).items():
        try:
            record = msgspec.convert(member, kind)
        except msgspec.ValidationError:
            broken += 1
            continue
        if own := word(key):
            yield own, record
        else:
            broken += 1
    if broken:
        message = f"has {name} of which {broken} cannot be read"
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


def word(value: object) -> str:
    """The value, if it could be a name, a version or a licence; else ""."""
    if not isinstance(value, str) or len(value) > LONGEST_WORD:
        return ""
    value = value.strip()
    return value if value.isprintable() else ""


def words(value: object) -> tuple[str, ...]:
    """The texts of a list, or a single text."""
    return tuple(filter(None, map(word, rows(value) or [value])))
