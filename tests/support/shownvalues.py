"""Values as a line of text, for records: of a structure the fields that are set, in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from sealock.model.absent import UNSET
from sealock.model.location import Place


def fields_of(value: Struct) -> tuple[FieldInfo, ...]:
    """The fields of a structure."""
    return _fields(type(value))


@cache
def _fields(structure: type[Struct]) -> tuple[FieldInfo, ...]:
    """Asked once: msgspec evaluates the annotations each time, which costs milliseconds."""
    return fields(structure)


def set_fields(value: Struct, without: frozenset[str] = frozenset()) -> Iterator[tuple[str, Any]]:
    """The fields that differ from their default, but for those that are not wanted."""
    for field in fields_of(value):
        part = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
        if field.name not in without and part is not UNSET and part != default:
            yield field.name, part


def show(value: Any, place: Callable[[Place], str] = repr, without: frozenset[str] = frozenset()) -> str:
    """A value with all that it holds; sets in the order of their texts."""

    def inner(each: Any) -> str:
        return show(each, place, without)

    match value:
        case Place():
            return place(value)
        case Struct():
            return f"{type(value).__name__}({', '.join(f'{name}={inner(part)}' for name, part in set_fields(value, without))})"
        case tuple() | list():
            return f"[{', '.join(map(inner, value))}]"
        case frozenset() | set():
            return f"{{{', '.join(sorted(map(inner, value)))}}}"
        case dict():
            return f"{{{', '.join(f'{key}: {inner(each)}' for key, each in value.items())}}}"
    return repr(value)
