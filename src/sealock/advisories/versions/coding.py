"""How numbers and texts become bytes that sort as they do; every order is made of these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LOW: Final = 0x20
"""Where numbers begin in orders that have letters after them."""
HIGH: Final = 0x80
"""Where numbers begin in orders that have letters before them."""
NUMBERS: Final = 28
"""How many first bytes numbers take up, from `LOW` or `HIGH` on."""

_PLAIN: Final = 18
"""Digits of the longest number that is packed; a longer one keeps its digits, after their count."""
_WIDTHS: Final = tuple((10**digits - 1).bit_length() + 7 >> 3 for digits in range(_PLAIN + 1))
_REMEMBERED: Final = 1 << 15
_LONGEST_REMEMBERED: Final = 24


def number(digits: str, base: int) -> bytes:
    """Give the code of a number, of any length: "" and zeros before it count for nothing.

    The first byte, `base` to `base + NUMBERS - 1`, tells how many digits there are, so that longer ones come later, and
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
