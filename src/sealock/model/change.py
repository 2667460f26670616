"""What a remedy asks for: in terms of the noun where it can, of the text where the fault is one of text."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.absent import Absent
from sealock.model.location import Place


class Set(Struct, frozen=True):
    """Give a field this value. UNSET takes the field away."""

    field: str
    value: Any


class Add(Struct, frozen=True):
    """Put one element at the end of a field that holds several, unless it is there."""

    field: str
    value: Any


class Remove(Struct, frozen=True):
    """Take one element out of a field that holds several."""

    field: str
    value: Any


class Swap(Struct, frozen=True):
    """Put `new` where `old` stands in a field that holds several."""

    field: str
    old: Any
    new: Any


class Edit(Struct, frozen=True):
    """Put `text` where the place's text stands (an empty place inserts). Only rules on a Build speak of text."""

    place: Place
    text: str


FieldChange: TypeAlias = Set | Add | Remove | Swap


class On(Struct, frozen=True):
    """A field change to another subject of the same document, by its name: what a project's rule asks for."""

    subject: str
    change: FieldChange


Change: TypeAlias = FieldChange | Edit | On
N = TypeVar("N", bound=Struct)


def changed(noun: N, change: FieldChange) -> N:
    """Return the noun as it is after the change."""
    old = getattr(noun, change.field)
    value: Any
    match change:
        case Set(value=value):
            pass
        case Add(value=element):
            held = () if isinstance(old, Absent) else old
            value = held if element in held else (*held, element)
        case Remove(value=element):
            value = old if isinstance(old, Absent) else tuple(one for one in old if one != element)
        case Swap(old=before, new=after):
            value = old if isinstance(old, Absent) else tuple(after if one == before else one for one in old)
    return replace(noun, **{change.field: value})
