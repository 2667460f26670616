"""The order of Semantic Versioning 2.0.0, as npm and Cargo implement it. Build metadata is ignored."""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import HIGH, LOW, Codes, high, number

RELEASE: Final = b"\x02"
"""After the numbers: the release, which comes after its pre-releases."""
PRERELEASE: Final = b"\x01"

_TEXT: Final = b"\x40"

# npm parses loosely: `v` and `=` before it, leading zeros, no hyphen before the pre-release. Its ranges, which are
# what advisories contain, omit parts too.
_BUILD: Final = r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_LOOSE: Final = r"((?:[0-9]*[A-Za-z-][0-9A-Za-z-]*|[0-9]+)(?:\.(?:[0-9]*[A-Za-z-][0-9A-Za-z-]*|[0-9]+))*)" + _BUILD
_NPM: Final = compile_lazily(rf"[v=\s]*([0-9]+)(?:\.([0-9]+)(?:\.([0-9]+)(?![0-9])(?:-?{_LOOSE}|{_BUILD}))?)?")
# Where that fails, its regular expression gives the last digit to the pre-release: it takes 1.2.34.5 for 1.2.3-4.5.
_NPM_SPLIT: Final = compile_lazily(rf"[v=\s]*([0-9]+)\.([0-9]+)\.([0-9]+)(?=[0-9](?![0-9])){_LOOSE}")
_NPM_LONGEST: Final = 256
_NPM_BIGGEST: Final = 2**53 - 1

STRICT: Final = (
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*))?"
    r"(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
"""The grammar of the specification; the groups are major, minor, patch and pre-release."""
_CARGO: Final = compile_lazily(STRICT + r"|(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*))?")
_CARGO_BIGGEST: Final = 2**64 - 1


def identifier(text: str) -> bytes:
    """Give the code of an identifier of a pre-release: numbers come before texts."""
    return number(text, LOW) if text.isdigit() else _TEXT + text.encode("ascii") + b"\0"


def _bounded(biggest: int) -> Codes:
    def code(digits: str) -> bytes:
        if int(digits) > biggest:
            raise ValueError(digits)
        return high(digits)

    return Codes(code)


def _npm_identifier(text: str) -> bytes:
    # JavaScript rounds numbers that it cannot represent exactly.
    if text.isdigit() and int(text) > _NPM_BIGGEST:
        return number(str(int(float(text))), LOW)
    return identifier(text)


_npm_codes: Final = _bounded(_NPM_BIGGEST)
_npm_identifiers: Final = Codes(_npm_identifier).__getitem__
_cargo_codes: Final = _bounded(_CARGO_BIGGEST)
_identifiers: Final = Codes(identifier).__getitem__
_ZERO: Final = number("", HIGH)


def npm_key(version: str) -> bytes:
    """Give the key of a version as npm parses it; raises ValueError where npm rejects it.

    "1" and "1.2" are filled up with zeros, as in npm's ranges.
    """
    version = version.strip()
    match = (_NPM.fullmatch(version) or _NPM_SPLIT.fullmatch(version)) if len(version) <= _NPM_LONGEST else None
    if match is None:
        raise ValueError(version)
    major, minor, patch, pre = match.groups()
    codes = _npm_codes
    code = codes[major] + (codes[minor] if minor else _ZERO) + (codes[patch] if patch else _ZERO)
    if pre is None:
        return code + RELEASE
    return code + PRERELEASE + b"".join(map(_npm_identifiers, pre.split(".")))


def cargo_key(version: str) -> bytes:
    """Give the key of a version by the strict grammar, as Cargo parses it; raises ValueError for others.

    "1" and "1.2" are filled up with zeros, as in Cargo's requirements.
    """
    match = _CARGO.fullmatch(version)
    if match is None:
        raise ValueError(version)
    major, minor, patch, pre, short_major, short_minor = match.groups()
    if short_major is not None:
        return _cargo_codes[short_major] + (_cargo_codes[short_minor] if short_minor else _ZERO) + _ZERO + RELEASE
    code = _cargo_codes[major] + _cargo_codes[minor] + _cargo_codes[patch]
    if pre is None:
        return code + RELEASE
    return code + prerelease(pre)


def prerelease(pre: str) -> bytes:
    """Give the code of a pre-release, "rc.1"; more identifiers come after fewer."""
    return PRERELEASE + b"".join(map(_identifiers, pre.split(".")))
