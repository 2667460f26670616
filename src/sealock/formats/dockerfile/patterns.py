"""The wildcard patterns of `${x#…}`, `${x%…}` and `${x/…/…}`, matched in time that a hostile pattern cannot blow up."""

from __future__ import annotations

from typing import Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.model.absent import UNKNOWN, Maybe

_STAR: Final = None
_LONGEST_VALUE: Final = 4096
_LONGEST_PATTERN: Final = 256


def trim_pattern(value: str, pattern: str, *, at_end: bool, longest: bool) -> Maybe[str]:
    """The value without its shortest or longest start (or end) that matches."""
    parts = _parts(pattern)
    if len(value) > _LONGEST_VALUE or len(parts) > _LONGEST_PATTERN:
        return UNKNOWN
    if not at_end:
        length = _match(value, 0, parts, longest=longest)
        return value if length is None else value[length:]
    length = _match(value[::-1], 0, parts[::-1], longest=longest)
    return value if length is None else value[: len(value) - length]


def replace_pattern(value: str, pattern: str, new: str, *, every: bool) -> Maybe[str]:
    """The value with the first or every longest match replaced."""
    parts = _parts(pattern)
    if len(value) > _LONGEST_VALUE or len(parts) > _LONGEST_PATTERN:
        return UNKNOWN
    pieces: list[str] = []
    at = copied = 0
    last = -1
    # A star that is reached and never fulfilled cannot be fulfilled further right either.
    while at <= len(value):
        length = _match(value, at, parts, longest=True)
        if length is None:
            if _STAR in parts and _reaches_star(value, at, parts):
                break
            at += 1
            continue
        if not length and at == last:
            # An empty match right behind another one does not count.
            at += 1
            continue
        pieces += (value[copied:at], new)
        copied = last = at = at + length
        if not length:
            at += 1
        if not every:
            break
    pieces.append(value[copied:])
    return "".join(pieces)


def _parts(pattern: str) -> list[str | None]:
    """A pattern's characters; "" stands for any one character, None for any stretch."""
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
                message = f"the escape \\{after} in a variable's pattern is not known"
                raise DockerfileSyntaxError(message)
            parts.append(after)
            at += 1
        else:
            parts.append(char)
    return parts


def _match(value: str, start: int, parts: list[str | None], *, longest: bool) -> int | None:
    """The length of the match that starts there, None for none. A set of states walks along the value once."""
    states = _closed({0}, parts)
    found = 0 if len(parts) in states else None
    for at in range(start, len(value)):
        if found is not None and not longest:
            return found
        char = value[at]
        after = set()
        for state in states:
            if state < len(parts):
                part = parts[state]
                if part is _STAR:
                    after.add(state)
                elif part in {"", char}:
                    after.add(state + 1)
        states = _closed(after, parts)
        if len(parts) in states:
            found = at + 1 - start
        if not states:
            break
    return found


def _closed(states: set[int], parts: list[str | None]) -> set[int]:
    """The states, with those that a star lets go on without a character."""
    return states | {state + 1 for state in states if state < len(parts) and parts[state] is _STAR}


def _reaches_star(value: str, start: int, parts: list[str | None]) -> bool:
    """Whether the pattern up to its first star matches there."""
    return _match(value, start, parts[: parts.index(_STAR)], longest=False) is not None
