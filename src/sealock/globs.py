"""Globs for paths, matched in time proportional to the path times the pattern: no text makes one backtrack further."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(name: str, pattern: str) -> bool:
    """Match a path or a directory above it with a glob in which ** spans directories.

    A pattern without a slash matches in any directory.
    """
    pattern = pattern.removeprefix("./")
    if "/" not in pattern.rstrip("/"):
        return any(fnmatchcase(part, pattern.rstrip("/")) for part in name.split("/"))
    pieces = _pieces(pattern)
    if pieces[-1] == "**":
        pieces[-1] = "*"  # what lies below a directory, and not the directory itself
    return _match(name.split("/"), pieces, whole=False)


def is_directory(name: str, pattern: str) -> bool:
    """Whether a glob names exactly this directory: not one below it, nor one elsewhere of the same name."""
    return _match(name.split("/"), _pieces(pattern.removeprefix("./")), whole=True)


def ignores(name: str, pattern: str) -> bool:
    """Whether a pattern of .dockerignore matches a path or a directory above it."""
    pieces = [piece.replace("[^", "[!") for piece in pattern.split("/") if piece]
    return bool(pieces) and _match(name.split("/"), pieces, whole=False)


def _pieces(pattern: str) -> list[str]:
    # A bracket is a character of the path: frameworks write [id] in names.
    return [piece.replace("[", "[[]") for piece in pattern.split("/") if piece]


def _match(parts: list[str], pieces: list[str], *, whole: bool) -> bool:
    """Match the parts of a path, or with `whole` False the first of them, going back to the last ** only."""
    part = piece = retry = 0
    last = -1
    while True:
        if piece == len(pieces):
            if not whole or part == len(parts):
                return True
        elif pieces[piece] == "**":
            last, retry = piece, part
            piece += 1
            continue
        elif part < len(parts) and fnmatchcase(parts[part], pieces[piece]):
            part += 1
            piece += 1
            continue
        if last < 0 or retry >= len(parts):
            return False
        retry += 1
        part, piece = retry, last + 1
