"""The order of NuGet's versions by NuGet.Versioning: Semantic Versioning with up to four numbers.

Case is ignored. A label that fits a signed 32-bit integer is a number, others are texts.
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import LOW, Codes, high, number
from sealock.vulnerabilities.versions.semver import PRERELEASE, RELEASE

_VERSION: Final = compile_lazily(
    r"([0-9]+)\s*(?:\.\s*([0-9]+)\s*)?(?:\.\s*([0-9]+)\s*)?(?:\.\s*([0-9]+)\s*)?"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?",
)
_BIGGEST: Final = 2**31 - 1
_TEXT: Final = b"\x40"
_NEGATIVE: Final = b"\x10"
_LONGEST_NUMBER: Final = 11


def _code(digits: str) -> bytes:
    if (len(digits) > _LONGEST_NUMBER and len(digits.lstrip("0")) > _LONGEST_NUMBER) or int(digits) > _BIGGEST:
        raise ValueError(digits)
    return high(digits)


def _label(label: str) -> bytes:
    negative = label[0] == "-" and label[1:].isdigit()
    if negative or label.isdigit():
        value = int(label)
        if 0 <= value <= _BIGGEST:
            return number(str(value), LOW)
        if -_BIGGEST - 1 <= value < 0:
            return _NEGATIVE + (value + _BIGGEST + 1).to_bytes(4, "big")
    return _TEXT + label.upper().encode("ascii") + b"\0"


_codes: Final = Codes(_code)
_labels: Final = Codes(_label).__getitem__
_ZERO: Final = high("")


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError where NuGet rejects it."""
    match = _VERSION.fullmatch(version.strip())
    if match is None:
        raise ValueError(version)
    first, second, third, fourth, labels = match.groups()
    code = (
        _codes[first]
        + (_codes[second] if second else _ZERO)
        + (_codes[third] if third else _ZERO)
        + (_codes[fourth] if fourth else _ZERO)
    )
    if labels is None:
        return code + RELEASE
    return code + PRERELEASE + b"".join(map(_labels, labels.split(".")))
