"""Substitutes variables: $X, ${X}, ${X:-d}, ${X-d}, ${X:?e}, ${X?e}, ${X:+r}, ${X+r}, and $$ for a dollar sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

_DEEPEST: Final = 30
"""Levels of defaults within defaults."""
_LONGEST: Final = 65_536
"""Characters of one value, since each use of a variable may double it."""
_MOST: Final = 1_000_000
"""Characters that the variables of one project may add to its texts."""
_FIRST: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_NAME: Final = _FIRST | frozenset("0123456789")


class Filled(Struct, frozen=True):
    """A text with its variables substituted.

    `value` is Compose's result (an unset variable is empty), `written` the same with unset variables left in,
    `unset` those that have neither a value nor a default, `wrong` why the text is invalid or "".
    """

    value: str
    written: str
    unset: tuple[str, ...] = ()
    wrong: str = ""


class Room:
    """Substitutes variables in the texts of one project, and refuses what adds too much to them."""

    def __init__(self) -> None:
        self._left = _MOST

    def fill(self, text: str, variables: Mapping[str, str]) -> Filled:
        """Substitute the variables of a text."""
        filled = fill(text, variables)
        self._left -= max(0, len(filled.value) - len(text))
        if self._left < 0:
            return Filled(text, text, (), f"the variables of the project expand to more than {_MOST} characters")
        return filled


def fill(text: str, variables: Mapping[str, str], depth: int = 0) -> Filled:
    """Substitute the variables of a text."""
    at = text.find("$")
    if at < 0:
        return Filled(text, text)
    if depth > _DEEPEST:
        return Filled(text, text, (), f"defaults are nested more than {_DEEPEST} levels deep")
    value, written = [text[:at]], [text[:at]]
    unset: list[str] = []
    length = at
    while at >= 0:
        piece, end = _expression(text, at, variables, depth)
        if piece.wrong:
            return Filled(text, text, (), piece.wrong)
        following = text.find("$", end)
        plain = text[end:] if following < 0 else text[end:following]
        value += (piece.value, plain)
        written += (piece.written, plain)
        unset += piece.unset
        length += len(piece.value) + len(plain)
        if length > max(_LONGEST, len(text)):
            return Filled(text, text, (), f"its variables expand to more than {_LONGEST} characters")
        at = following
    return Filled("".join(value), "".join(written), tuple(unset))


def _expression(text: str, at: int, variables: Mapping[str, str], depth: int) -> tuple[Filled, int]:
    """Substitute the expression at a dollar sign; returns its result and end."""
    following = text[at + 1 : at + 2]
    if following == "$":
        return Filled("$", "$"), at + 2
    if following in _FIRST:
        end = _name_end(text, at + 1)
        return _looked_up(text[at + 1 : end], text[at:end], variables), end
    if following != "{":
        return Filled("$", "$"), at + 1
    end = _name_end(text, at + 2)
    name = text[at + 2 : end]
    if not name or name[0] not in _FIRST:
        return _invalid(text), at
    if text[end : end + 1] == "}":
        return _looked_up(name, text[at : end + 1], variables), end + 1
    length = 2 if text[end : end + 1] == ":" else 1
    operator = text[end : end + length]
    close = _closing(text, at + 1)
    if operator not in _OPERATORS or close < 0:
        return _invalid(text), at
    argument = text[end + length : close]
    return _operate(operator, name, argument, text[at : close + 1], variables, depth), close + 1


_OPERATORS: Final = frozenset({":-", "-", ":?", "?", ":+", "+"})


def _operate(  # noqa: PLR0913, PLR0917  the parts of one expression
    operator: str, name: str, argument: str, written: str, variables: Mapping[str, str], depth: int
) -> Filled:
    current = variables.get(name)
    other = fill(argument, variables, depth + 1)
    if other.wrong:
        return other
    is_set = current is not None and (bool(current) or operator[0] != ":")
    value = current or ""
    match operator[-1]:
        case "-":
            return Filled(value, value) if is_set else other
        case "+":
            return other if is_set else Filled(value, value)
        case _:
            # Compose refuses to start here, but the file is valid: the user must set the variable.
            return Filled(value, value) if is_set else Filled("", written, (written,))


def _looked_up(name: str, written: str, variables: Mapping[str, str]) -> Filled:
    value = variables.get(name)
    return Filled("", written, (written,)) if value is None else Filled(value, value)


def _name_end(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _NAME:
        at += 1
    return at


def _closing(text: str, at: int) -> int:
    """The offset of the brace that closes the one at `at`, -1 where the line has none."""
    depth = 0
    for place in range(at, len(text)):
        character = text[place]
        if character == "\n":
            return -1
        depth += (character == "{") - (character == "}")
        if not depth:
            return place
    return -1


def _invalid(text: str) -> Filled:
    return Filled("", "", (), f"invalid interpolation in {text[:80]!r}: write $$ for a dollar sign")
