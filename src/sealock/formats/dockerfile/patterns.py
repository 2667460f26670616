"""The wildcard patterns of `${x#…}`, `${x%…}` and `${x/…/…}`, matched in polynomial time even for hostile patterns."""

from __future__ import annotations

from typing import Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.model.absent import UNKNOWN, Maybe

_STAR: Final = None
_MAX_VALUE: Final = 4096
_MAX_PATTERN: Final = 256


def trim_pattern(value: str, pattern: str, *, at_end: bool, longest: bool) -> Maybe[str]:
    """Remove the shortest or longest matching prefix (or suffix)."""
    parts = _parse_pattern(pattern)
    if len(value) > _MAX_VALUE or len(parts) > _MAX_PATTERN:
        return UNKNOWN
    if not at_end:
        length = _match(value, 0, parts, longest=longest)
        return value if length is None else value[length:]
    length = _match(value[::-1], 0, parts[::-1], longest=longest)
    return value if length is None else value[: len(value) - length]


def replace_pattern(value: str, pattern: str, new: str, *, every: bool) -> Maybe[str]:
    """Replace the first or every longest match."""
    parts = _parse_pattern(pattern)
    if len(value) > _MAX_VALUE or len(parts) > _MAX_PATTERN:
        return UNKNOWN
    pieces: list[str] = []
    at = copied = 0
    last = -1
    # If what follows a star matches nowhere, it matches nowhere further right either.
    while at <= len(value):
        length = _match(value, at, parts, longest=True)
        if length is None:
            if _STAR in parts and _reaches_star(value, at, parts):
                break
            at += 1
            continue
        if not length and at == last:
            # An empty match right after another does not count; a star made both, and the first took all that was left.
            break
        pieces += (value[copied:at], new)
        copied = last = at = at + length
        if not length:
            at += 1
        if not every:
            break
    pieces.append(value[copied:])
    return "".join(pieces)


def _parse_pattern(pattern: str) -> list[str | None]:
    """The characters of a pattern; "" stands for `?`, None for `*`."""
    parts: list[str | None] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            if parts[-1:] != [_STAR]:
                parts.append(_STAR)
        elif char == "?":
            parts.append("")
        elif char == "\\":
            after = pattern[at : at + 1]
            if after and after in "}/":
                continue
            if not after or after not in "*?\\":
                raise DockerfileSyntaxError(message=f"unknown escape \\{after} in a variable's pattern")
            parts.append(after)
            at += 1
        else:
            parts.append(char)
    return parts


def _match(value: str, start: int, parts: list[str | None], *, longest: bool) -> int | None:
    """The length of the match at `start`, or None. A set of states passes over the value once (an NFA)."""
    states = _close_over_stars({0}, parts)
    length = 0 if len(parts) in states else None
    for at in range(start, len(value)):
        if length is not None and not longest:
            return length
        char = value[at]
        following = set()
        for state in states:
            if state < len(parts):
                part = parts[state]
                if part is _STAR:
                    following.add(state)
                elif part in {"", char}:
                    following.add(state + 1)
        states = _close_over_stars(following, parts)
        if len(parts) in states:
            length = at + 1 - start
        if not states:
            break
    return length


def _close_over_stars(states: set[int], parts: list[str | None]) -> set[int]:
    """Add the states that a star reaches without consuming a character."""
    return states | {state + 1 for state in states if state < len(parts) and parts[state] is _STAR}


def _reaches_star(value: str, start: int, parts: list[str | None]) -> bool:
    """Whether the pattern up to its first star matches at `start`."""
    return _match(value, start, parts[: parts.index(_STAR)], longest=False) is not None
