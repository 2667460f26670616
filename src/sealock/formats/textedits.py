"""Applies edits to a text."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.errors import FormatError
from sealock.model.change import Edit


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Apply edits to a text. Insertions at one place keep their order, and equal edits are applied once.

    FormatError where edits overlap.
    """
    pieces: list[str] = []
    at = 0
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: (edit.place.start, edit.place.end)):
        start, end = edit.place.start, edit.place.end
        if not at <= start <= end <= len(text):
            msg = f"an edit at offsets {start} to {end} overlaps another one, or is outside of the text"
            raise FormatError(msg)
        pieces += (text[at:start], edit.text)
        at = end
    pieces.append(text[at:])
    return "".join(pieces)
