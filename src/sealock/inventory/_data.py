"""Bytes of JSON and TOML as plain values, within bounds; and looks into values that may be of any shape."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias, TypeVar

import msgspec

from sealock.inventory.analyzer import BrokenFileError
from sealock.text import format_size

Table: TypeAlias = dict[str, object]
T = TypeVar("T")

LONGEST_WORD: Final = 512
"""Characters of a name, a version or a licence; what is longer is none."""
VALUES: Final = 1_000_000
"""Values in a JSON document: each of them, be it but a digit and a comma, becomes an object."""
LONGEST_TOML: Final = 8 << 20
DOTS: Final = 50_000_000
"""The sum of the squares of each line's dots: tomllib takes quadratic time on dotted keys."""
BOM: Final = b"\xef\xbb\xbf"


def decoded(data: bytes, kind: type[T]) -> T:
    """JSON of this shape. Structs read but the fields that they name, so the rest costs neither time nor memory."""
    if data.count(b",") > VALUES:
        message = "holds too many values"
        raise BrokenFileError(message)
    try:
        return msgspec.json.decode(data.removeprefix(BOM), type=kind)
    except msgspec.ValidationError as error:
        message = f"is not shaped as expected: {error}"
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"is no valid JSON: {error}"
    except RecursionError:
        message = "is JSON that is nested too deeply"
    raise BrokenFileError(message)


def toml(data: bytes) -> Table:
    """A TOML document."""
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
        message = f"is no valid TOML: {error}"
    except RecursionError:
        message = "is TOML that is nested too deeply"
    raise BrokenFileError(message)


def table(value: object) -> Table:
    """The value, if it is a mapping; else an empty one."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[object]:
    """The value, if it is a list; else an empty one."""
    return value if isinstance(value, list) else []


def tables(value: object) -> Iterable[Table]:
    """Those members of a list that are mappings."""
    return (row for row in rows(value) if isinstance(row, dict))


def word(value: object) -> str:
    """The value, if it is a text that could be a name, a version or a licence; else ""."""
    if not isinstance(value, str) or len(value) > LONGEST_WORD:
        return ""
    value = value.strip()
    return value if value.isprintable() else ""


def words(value: object) -> tuple[str, ...]:
    """The texts of a list, or the one text that stands for a list of one."""
    found = (word(row) for row in (rows(value) or [value]))
    return tuple(one for one in found if one)
