"""What is wrong with one statement, and how its texts are taken."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

_LONGEST: Final = 2000
"""Characters of a text that are kept: people are to read it."""


class StatementFault(Struct, frozen=True):
    """What is wrong with one statement, which is left out then, and the JSON pointer to it."""

    message: str
    pointer: str = ""


def short(text: str) -> str:
    """A text in one line, cut where nobody would read on."""
    text = " ".join(text[: 4 * _LONGEST].split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
