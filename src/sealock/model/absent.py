"""A field is a value, *unset* or *unknown*: three states that must not be confused."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, TypeAlias, TypeVar


class Absent(Enum):
    """Why a field has no value."""

    UNSET = "unset"
    """The source could say and does not: the platform's default applies."""
    UNKNOWN = "unknown"
    """The source cannot say, or its words could not be resolved."""

    __hash__ = object.__hash__
    """A noun has over a hundred fields, most of them absent, and Enum's own hash is a function in Python."""

    def __bool__(self) -> bool:
        """Absent is never true, so that `container.ports or ()` reads as it should."""
        return False

    def __repr__(self) -> str:
        """Short, since it fills most of a noun's repr."""
        return self.name


T = TypeVar("T")
Maybe: TypeAlias = T | Absent

AnyValue: TypeAlias = Any
"""The value of any field: each field has a type of its own."""

UNSET: Final = Absent.UNSET
UNKNOWN: Final = Absent.UNKNOWN


def given(value: Maybe[T], default: T) -> T:
    """Return the value, or the default where there is none."""
    return default if isinstance(value, Absent) else value
