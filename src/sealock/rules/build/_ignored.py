"""Matches a path with the patterns of .dockerignore."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from re import Pattern, compile, error, escape  # noqa: A004  the one use of it in this module


def is_ignored(path: str, patterns: Iterable[str]) -> bool:
    """Whether the patterns exclude the path; the last match decides, and "!" includes again."""
    clean = _clean(path)
    if not clean:
        return False
    ignored = False
    for pattern in patterns:
        allows = pattern.startswith("!")
        bare = _clean(pattern[1:] if allows else pattern)
        if bare and ignored == allows and _regex(bare).match(clean):
            ignored = not allows
    return ignored


def _clean(path: str) -> str:
    parts: list[str] = []
    for part in path.strip().split("/"):
        if part == "..":
            parts[-1:] = []
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


@cache
def _regex(pattern: str) -> Pattern[str]:
    """The pattern as a regular expression; it matches everything below, too."""
    made, index = "", 0
    pattern = pattern[:500]
    while index < len(pattern):
        sign = pattern[index]
        if pattern.startswith("**", index):
            index += 2
            if pattern.startswith("/", index):
                index += 1
                made += "(?:.*/)?"
            else:
                made += ".*"
            continue
        if sign == "*":
            made += "[^/]*"
        elif sign == "?":
            made += "[^/]"
        elif sign == "[" and (end := pattern.find("]", index + 1)) > 0:
            made += "[" + pattern[index + 1 : end].replace("\\", "\\\\").replace("[", "\\[") + "]"
            index = end
        else:
            made += escape(sign)
        index += 1
    try:
        return compile(made + "(?:/.*)?$")
    except error:
        return compile(escape(pattern) + "(?:/.*)?$")
