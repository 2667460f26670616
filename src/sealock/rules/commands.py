"""Arguments of the commands in a remedy."""

from __future__ import annotations

from shlex import quote


def quoted(word: str) -> str:
    """Quote a path or name for a shell; a placeholder replaces one with unprintable characters."""
    return quote(word) if word.isprintable() else "THE-FILE"
