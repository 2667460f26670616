"""Applies edits to a text."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.errors import FormatError
from sealock.model.change import Edit


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with the edits made. Insertions at one place keep their order; overlapping edits are refused.

    An edit that several changes ask for is made once.
    """
    pieces: list[str] = []
    at = 0
    for edit in sorted(dict.fromkeys(edits), key=lambda edit: (edit.place.start, edit.place.end)):
        start, end = edit.place.start, edit.place.end
        if not at <= start <= end <= len(text):
            msg = f"an edit at offsets {start} to {end} overlaps the one before it, or leaves the text"
            raise FormatError(msg)
        pieces += (text[at:start], edit.text)
        at = end
    pieces.append(text[at:])
    return "".join(pieces)
