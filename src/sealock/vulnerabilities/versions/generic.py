"""The order of versions without a common scheme, such as those of C libraries.

Numbers come first, without trailing zeros; then their suffix: words of a pre-release come before the version itself,
other words and letters after it. So 1.1.1-pre9 < 1.1.1 < 1.1.1a < 1.1.1za < 1.1.2, and 1.0.2k-fips is between 1.0.2k
and 1.0.2l. Text before the first number is a name ("openssl-3.0.15", "VER-2-13-0", "v1.2").
"""

from __future__ import annotations

import re
from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import Codes, high, high_or_text

_NUMBERS: Final = compile_lazily(r"[^0-9]*([0-9]+(?:[._-][0-9]+)*)(.*)", re.DOTALL)
_DIVIDERS: Final = compile_lazily("[._-]")
_PIECES: Final = compile_lazily("[0-9]+|[a-z]+")
_EARLY: Final = {
    "dev": b"\x01",
    "snapshot": b"\x01",
    "git": b"\x01",
    "alpha": b"\x02",
    "beta": b"\x03",
    "pre": b"\x04",
    "preview": b"\x04",
    "rc": b"\x05",
}
_END: Final = b"\x08"


def _code(piece: str) -> bytes:
    return _EARLY.get(piece) or high_or_text(piece)


_codes: Final = Codes(_code)
_of: Final = _codes.__getitem__
_ZERO: Final = high("")


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError for a version without a number."""
    match = _NUMBERS.fullmatch(version)
    if match is None or not version.isascii():
        raise ValueError(version)
    numbers, rest = match.groups()
    codes = list(map(_of, _DIVIDERS.split(numbers)))
    while codes and codes[-1] == _ZERO:
        codes.pop()
    if rest:
        codes.extend(map(_of, _PIECES.findall(rest.lower())))
    codes.append(_END)
    return b"".join(codes)
