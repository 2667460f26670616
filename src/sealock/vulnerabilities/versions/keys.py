"""Encodes numbers and texts as bytes that sort as they do, for all version orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LOW: Final = 0x20
"""The first byte of numbers in orders with letters after numbers."""
HIGH: Final = 0xA0
"""The first byte of numbers in orders with letters before numbers."""

END: Final = b"\x8c"
"""The end of a list that may contain `zeros`."""

_SHORT_RUN: Final = 15
_PLAIN: Final = 18
"""Most digits of a number that is packed; a longer one is stored as its digits after their count."""
_WIDTHS: Final = tuple((10**digits - 1).bit_length() + 7 >> 3 for digits in range(_PLAIN + 1))
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 24


def number(digits: str, base: int) -> bytes:
    """Give the code of a number of any length: leading zeros are ignored, and "" is 0.

    The first byte, one of 28 from `base` on, gives the number of digits, so that longer ones come later, and
    is all there is of a number below ten. `digits` holds ASCII digits only.
    """
    digits = digits.lstrip("0")
    length = len(digits)
    if length <= 1:
        return bytes((base + int(digits or "0"),))
    if length <= _PLAIN:
        return bytes((base + 8 + length,)) + int(digits).to_bytes(_WIDTHS[length], "big")
    return bytes((base + 9 + _PLAIN,)) + length.to_bytes(2, "big") + digits.encode("ascii")


class Codes(dict[str, bytes]):
    """Caches the codes of version pieces, within a bound."""

    def __init__(self, encode: Callable[[str], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, piece: str) -> bytes:
        """Code a piece that is not in the cache."""
        code = self._encode(piece)
        if len(self) < _REMEMBERED and len(piece) <= _LONGEST_REMEMBERED:
            self[piece] = code
        return code


def high(digits: str) -> bytes:
    """Give the code of a number, starting at `HIGH`."""
    return number(digits, HIGH)


def high_or_text(piece: str) -> bytes:
    """Give the code of a piece of only digits or no digits: texts come before numbers, "a" before "ab"."""
    return number(piece, HIGH) if piece.isdigit() else piece.encode("ascii") + b"\0"


def zeros(count: int, *, more: bool) -> bytes:
    """Give the code of a run of zeros, for orders in which missing items at the end count as zeros.

    `more` is whether what follows the run makes the version come after one that ends here. Text comes before zero and
    numbers after it, so the sooner either stands the further it is from `END`. Codes lie between letters and `HIGH`.
    """
    if more:
        return bytes((0x9D - count,)) if count <= _SHORT_RUN else b"\x8d" + (0xFFFF - count).to_bytes(2, "big")
    return bytes((0x7B + count,)) if count <= _SHORT_RUN else b"\x8b" + count.to_bytes(2, "big")
