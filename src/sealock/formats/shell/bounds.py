"""Tells which texts are not given to the grammar, since it would take too much time or memory over them."""

from __future__ import annotations

from typing import Final

MAX_LENGTH: Final = 1_000_000
"""How many characters of one text are read, at most."""
_MOST_PIPES: Final = 500
"""In one statement. Where such a one is broken, the grammar takes the square of their number, as it does below."""
_MOST: Final = 1_000
"""Arrays, and here-strings, in one text."""


def refusal(text: str) -> str:
    """Say why a text is not read, "" for one that is."""
    if len(text) > MAX_LENGTH:
        return f"a shell text of more than {MAX_LENGTH} characters is not read"
    for mark, name in (("=(", "arrays"), ("<<<", "here-strings")):
        if text.count(mark) > _MOST:
            return f"a shell text with more than {_MOST} {name} is not read"
    if text.count("|") > _MOST_PIPES and _pipes(text) > _MOST_PIPES:
        return f"a shell statement with more than {_MOST_PIPES} pipes is not read"
    return ""


def _pipes(text: str) -> int:
    """The most pipes that stand in lines which belong together, as a line does that follows a pipe or a backslash."""
    most = here = 0
    for line in text.split("\n"):
        bare = line.strip()
        if bare and bare[0] != "#":
            here += bare.count("|")
            most = max(most, here)
            if bare[-1] not in "|&\\":
                here = 0
    return most
