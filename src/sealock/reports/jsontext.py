"""Writes JSON that every reader takes and no terminal stumbles over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from sealock.text import well_formed

# Beyond what JSON escapes by itself: DEL and C1 controls, zero-width and bidi marks, line separators, noncharacters and
# the like. They stand in strings alone, so escaping them in the finished text is sound.
_NOT_ASCII = re.compile(r"[^\n -~]+")
_PIECE = 4096
"""Characters that are looked at as one."""


def encode(value: Any, *, indent: int = 2) -> str:  # noqa: ANN401  it takes what JSON can hold
    """Encode lists, dicts, strings and numbers. Lone surrogates are replaced; what could not be seen is escaped."""
    return spread(compact(value), indent=indent)


def spread(encoded: bytes, *, indent: int = 2) -> str:
    """Spread JSON without blanks over lines; what could not be seen is escaped."""
    written = msgspec.json.format(encoded, indent=indent).decode()
    if written.isascii() and "\x7f" not in written:
        return written + "\n"
    # The search is slow, and most pieces have nothing to be found.
    pieces = (piece if _is_seen(piece) else _NOT_ASCII.sub(_escaped, piece) for piece in _pieces(written))
    return "".join(pieces) + "\n"


def compact(value: Any) -> bytes:  # noqa: ANN401  as above
    """Encode without blanks, for what nobody looks at. Lone surrogates are replaced."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_well_formed(value))


def _pieces(written: str) -> Iterator[str]:
    """Yield the text in pieces that end with a line."""
    at = 0
    while at < len(written):
        end = written.find("\n", at + _PIECE) + 1 or len(written)
        yield written[at:end]
        at = end


def _is_seen(piece: str) -> bool:
    if piece.isascii():
        return "\x7f" not in piece
    return piece.replace("\n", "").isprintable()


def _escaped(match: re.Match[str]) -> str:
    run = match[0]
    return run if run.isprintable() else "".join(one if one.isprintable() else _units(one) for one in run)


def _units(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def _well_formed(value: Any) -> Any:  # noqa: ANN401  as above
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, dict):
        return {_well_formed(name): _well_formed(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_well_formed(one) for one in value]
    return value
