"""How numbers and texts become bytes that sort as they do; every order is made of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LOW: Final = 0x20
"""Where numbers begin in orders that have letters after them."""
HIGH: Final = 0xA0
"""Where numbers begin in orders that have letters before them."""

END: Final = b"\x8c"
"""The end of a list that `zeros` may be in."""

_SHORT_RUN: Final = 15
_PLAIN: Final = 18
"""Digits of the longest number that is packed; a longer one keeps its digits, after their count."""
_WIDTHS: Final = tuple((10**digits - 1).bit_length() + 7 >> 3 for digits in range(_PLAIN + 1))
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 24


def number(digits: str, base: int) -> bytes:
    """Give the code of a number, of any length: "" and zeros before it count for nothing.

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
    """The codes of pieces of versions. Pieces recur, so each is coded once; how many are remembered is bounded."""

    def __init__(self, encode: Callable[[str], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, piece: str) -> bytes:
        """Code a piece that is not remembered."""
        code = self._encode(piece)
        if len(self) < _REMEMBERED and len(piece) <= _LONGEST_REMEMBERED:
            self[piece] = code
        return code


def high(digits: str) -> bytes:
    """Give the code of a number, from `HIGH` on."""
    return number(digits, HIGH)


def high_or_text(piece: str) -> bytes:
    """Give the code of a piece that is all digits, or no digit: texts come before numbers, "a" before "ab"."""
    return number(piece, HIGH) if piece.isdigit() else piece.encode("ascii") + b"\0"


def zeros(count: int, *, more: bool) -> bytes:
    """Give the code of a run of zeros, for orders in which what lacks at the end counts as zeros without end.

    `more` is whether what follows the run makes the version come after one that ends here. Text comes before zero and
    numbers after it, so the sooner either stands the further it is from `END`. Codes lie between letters and `HIGH`.
    """
    if more:
        return bytes((0x9D - count,)) if count <= _SHORT_RUN else b"\x8d" + (0xFFFF - count).to_bytes(2, "big")
    return bytes((0x7B + count,)) if count <= _SHORT_RUN else b"\x8b" + count.to_bytes(2, "big")
