"""Reads a changed text again: the edits count only if the noun then is what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sealock.errors import FormatError
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.change import Edit, FieldChange, changed
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document
from sealock.model.location import Source

_ORDERED: Final = frozenset({"command", "entrypoint"})
_EMPTY: Final = (UNSET, False, ())


def verify(
    document: Document,
    name: str,
    change: FieldChange,
    result: Sequence[Edit],
    read: Callable[[Source], Document],
) -> None:
    """Refuse edits that do not read back as the change of the subject with this name, or that bring a new error."""
    if not result:
        return
    source = document.source
    after = read(Source(source.name, apply_edits(source.text, result)))
    old = next(subject.noun for subject in document.subjects if subject.name == name)
    new = next((subject.noun for subject in after.subjects if subject.name == name), None)
    fits = (
        isinstance(old, Container) and isinstance(new, Container) and is_same(new, changed(old, change), partial=True)
    )
    if not fits or len(after.errors) > len(document.errors):
        msg = "the text around it does not allow this change"
        raise FormatError(msg)


def is_same(container: Container, other: Container, *, partial: bool = False) -> bool:
    """Whether two containers are equal; false by default and an empty list equal unset.

    Of a `partial` one, what it does not set is unknown, and equals these too.
    """
    empty = (*_EMPTY, UNKNOWN) if partial else _EMPTY
    for field in FIELDS:
        left, right = getattr(container, field), getattr(other, field)
        if left == right or (left in empty and right in empty):
            continue
        # The order may differ: new options cannot follow those that come from an array.
        if (
            field in _ORDERED
            or not (isinstance(left, tuple) and isinstance(right, tuple))
            or sorted(map(repr, left)) != sorted(map(repr, right))
        ):
            return False
    return True
