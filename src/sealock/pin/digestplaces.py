"""Finds the place of a digest in a reference with variables.

A digest must not apply to another value of a variable than the one that was resolved: a build with another VERSION
would silently get the old image, since engines ignore the tag next to a digest. So a digest goes after fixed text, into
the default of a variable (`${TAG:-1.27@sha256:…}`), or into the only assignment of the variable; otherwise the
reference stays unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.model.location import Place
from sealock.patterns import compile_lazily
from sealock.pin.spot import DIGEST

_DEEPEST: Final = 20
_NAME: Final = compile_lazily(r"[A-Za-z_][A-Za-z0-9_]*")


class VariableSource(Struct, frozen=True):
    """The text that gives a variable its value, and its offset."""

    raw: str
    start: int


Define: TypeAlias = Callable[[str], "VariableSource | str | None"]
"""Gives the source of a variable's value by its name, the reason why it cannot be changed, or None without a value."""


class _Piece(Struct, frozen=True):
    """Fixed text (`name` ""), or a variable; `default` is the span of its default, () where it has none."""

    start: int
    end: int
    name: str = ""
    default: tuple[int, ...] = ()


def seat(raw: str, start: int, define: Define, depth: int = 0) -> Place | str:
    """The span of the digest in a reference written as `raw` at an offset, or why it cannot have one."""
    written = list(DIGEST.finditer(raw))
    if written:
        return Place(start + written[-1].start(1), start + written[-1].end(1))
    if depth > _DEEPEST:
        return "its variables are nested too deeply"
    inner, shift = unquoted(raw)
    start += shift
    pieces = _pieces(inner)
    if not pieces:
        return "it is written in a way that cannot be parsed here"
    *others, last = pieces
    slash = max((inner.rfind("/", piece.start, piece.end) for piece in pieces if not piece.name), default=-1)
    loose = next((other for other in others if other.name and other.end > slash), None)
    if loose is not None:
        return f"${loose.name} is part of its name or tag, and a digest is valid for one value only"
    if not last.name:
        return Place(start + last.end, start + last.end)
    given = define(last.name)
    if isinstance(given, str):
        return given
    if given is not None:
        return seat(given.raw, given.start, define, depth + 1)
    if last.default:
        low, high = last.default
        return seat(inner[low:high], start + low, define, depth + 1)
    return f"${last.name} has no value here"


def unquoted(raw: str) -> tuple[str, int]:
    """The text without its quotes, and the number of characters removed at the start."""
    if len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in "\"'":
        return raw[1:-1], 1
    return raw, 0


def _pieces(text: str) -> list[_Piece]:
    """Split the text into pieces; none where it has escapes, quotes or commands."""
    if not text or any(sign in text for sign in "\\\"'`\n\r\t ") or "$$" in text or "$(" in text:
        return []
    pieces: list[_Piece] = []
    at = 0
    while at < len(text):
        dollar = text.find("$", at)
        if dollar != at:
            end = len(text) if dollar < 0 else dollar
            pieces.append(_Piece(at, end))
            at = end
            continue
        braced = text[at + 1 : at + 2] == "{"
        name = _NAME.match(text, at + 1 + braced)
        if name is None:
            return []
        if not braced:
            pieces.append(_Piece(at, name.end(), name[0]))
            at = name.end()
            continue
        close = _closing(text, at + 1)
        if close < 0:
            return []
        operator = re.compile(r":?[-?]").match(text, name.end(), close)
        if operator is None and name.end() != close:
            return []
        default = (operator.end(), close) if operator is not None and operator[0][-1] == "-" else ()
        pieces.append(_Piece(at, close + 1, name[0], default))
        at = close + 1
    return pieces


def _closing(text: str, at: int) -> int:
    """The offset of the brace that closes the one at `at`; -1 where there is none."""
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if not depth:
            return place
    return -1
