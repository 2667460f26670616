"""Writes JSON that every reader accepts and every terminal shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sealock.patterns import compile_lazily
from sealock.text import well_formed

# Beyond what JSON escapes by itself: DEL and C1 controls, zero-width and bidi marks, line separators, noncharacters and
# the like. They only occur in strings, so it is safe to escape them in the finished text.
_NOT_ASCII = compile_lazily(r"[^\n -~]+")
_PIECE = 4096
"""Bytes that are checked at once."""


def encode(value: Any, *, indent: int = 2) -> str:  # noqa: ANN401  it takes what JSON can hold
    """Encode lists, dicts, strings and numbers. Lone surrogates are replaced; invisible characters are escaped."""
    return spread(compact(value), indent=indent)


def spread(encoded: bytes, *, indent: int = 2) -> str:
    """Spread JSON without blanks over lines; invisible characters are escaped."""
    written = msgspec.json.format(encoded, indent=indent)
    if written.isascii() and b"\x7f" not in written:
        return written.decode() + "\n"
    # The search is slow, and most pieces have no such character. Decoded as a whole, one would widen all of the text.
    pieces = (
        piece if _is_visible(piece) else _NOT_ASCII.sub(_escaped, piece)
        for piece in map(bytes.decode, _pieces(written))
    )
    return "".join(pieces) + "\n"


def compact(value: Any) -> bytes:  # noqa: ANN401  as above
    """Encode without blanks, for machines. Lone surrogates are replaced."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_well_formed(value))


def _pieces(written: bytes) -> Iterator[bytes]:
    """Yield the text in pieces that end with a line."""
    at = 0
    while at < len(written):
        end = written.find(b"\n", at + _PIECE) + 1 or len(written)
        yield written[at:end]
        at = end


def _is_visible(piece: str) -> bool:
    if piece.isascii():
        return "\x7f" not in piece
    return piece.replace("\n", "").isprintable()


def _escaped(match: re.Match[str]) -> str:
    run = match[0]
    return run if run.isprintable() else "".join(char if char.isprintable() else _units(char) for char in run)


def _units(character: str) -> str:
    return "".join(f"\\u{unit}" for unit in character.encode("utf-16-be").hex(" ", 2).split())


def _well_formed(value: Any) -> Any:  # noqa: ANN401  as above
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_well_formed(name): _well_formed(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_well_formed(item) for item in value]
    return value
