"""What is wrong with a statement, and how its texts are shortened."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_LONGEST: Final = 2000
"""Characters of a text that are kept, for people to read."""


class StatementFault(Struct, frozen=True):
    """Why a statement is left out, and the JSON pointer to it."""

    message: str
    pointer: str = ""


def shorten(text: str) -> str:
    """Put a text on one line, and cut it where it is too long to read."""
    text = " ".join(text[: 4 * _LONGEST].split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
