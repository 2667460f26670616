"""What a fix changes: fields of the noun where possible, the text where the fault is one of text."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from sealock.model.absent import Absent
from sealock.model.location import Place


class Set(Struct, frozen=True):
    """Set a field to this value. UNSET removes the field."""

    field: str
    value: Any


class Add(Struct, frozen=True):
    """Append an element to a field that holds several, unless it is there."""

    field: str
    value: Any


class Remove(Struct, frozen=True):
    """Remove an element from a field that holds several."""

    field: str
    value: Any


class Swap(Struct, frozen=True):
    """Replace `old` with `new` in a field that holds several."""

    field: str
    old: Any
    new: Any


class Edit(Struct, frozen=True):
    """Replace the text at a place (an empty place inserts). Only rules on a Build edit text."""

    place: Place
    text: str


FieldChange: TypeAlias = Set | Add | Remove | Swap


class On(Struct, frozen=True):
    """A field change to another subject of the same document, by name: what a rule on a project needs."""

    subject: str
    change: FieldChange


class OnBuild(Struct, frozen=True):
    """A field change to how a service of the project is built, by the service's name."""

    service: str
    change: FieldChange


SubjectChange: TypeAlias = FieldChange | Edit | On
"""What the editor of a format changes of one of its subjects."""
Change: TypeAlias = SubjectChange | OnBuild
N = TypeVar("N", bound=Struct)


def changed(noun: N, change: FieldChange) -> N:
    """Return the noun as it is after the change."""
    old = getattr(noun, change.field)
    value: Any
    match change:
        case Set(value=value):
            pass
        case Add(value=element):
            elements = () if isinstance(old, Absent) else old
            value = elements if element in elements else (*elements, element)
        case Remove(value=element):
            value = old if isinstance(old, Absent) else tuple(item for item in old if item != element)
        case Swap(old=before, new=after):
            value = old if isinstance(old, Absent) else tuple(after if item == before else item for item in old)
    return replace(noun, **{change.field: value})
