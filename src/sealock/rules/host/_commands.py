"""Words of commands that a remedy tells people to run."""

from __future__ import annotations

from shlex import quote


def shown(word: str) -> str:
    """A path or name as a shell takes it; one that holds what cannot be shown on a line is left to the reader."""
    return quote(word) if word.isprintable() else "THE-FILE"
