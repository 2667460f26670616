"""Matches a path with the patterns of .dockerignore."""

from __future__ import annotations

from collections.abc import Iterable

from sealock.globs import ignores


def is_ignored(path: str, patterns: Iterable[str]) -> bool:
    """Whether the patterns exclude the path; the last match decides, and "!" includes again."""
    clean = _clean(path)
    ignored = False
    for pattern in patterns:
        allows = pattern.startswith("!")
        if ignores(clean, _clean(pattern[1:] if allows else pattern)):
            ignored = not allows
    return ignored


def holds_kept(path: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern includes something below a directory again."""
    above = _clean(path) + "/"
    return any(_clean(pattern[1:]).startswith(above) for pattern in patterns if pattern.startswith("!"))


def first_of(path: str) -> str:
    """The name of a path at the top of the context, "" for the whole context."""
    return _clean(path).partition("/")[0]


def _clean(path: str) -> str:
    parts: list[str] = []
    for part in path.strip().split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
