"""The order of Go's module versions, pseudo-versions included, and of Go's own versions.

Modules follow Semantic Versioning by golang.org/x/mod/semver: "1" and "1.2" are short for "1.0.0" and "1.2.0", and the
part after a `+` is ignored. Go itself, "go1.22rc1" in programs, is "1.22.0-rc.1" in its advisories.
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import HIGH, Codes, high, number
from sealock.vulnerabilities.versions.semver import RELEASE, STRICT, prerelease

_MODULE: Final = compile_lazily(rf"v?(?:{STRICT}|(0|[1-9][0-9]*)(?:\.(0|[1-9][0-9]*))?)")
_TOOLCHAIN: Final = compile_lazily(r"go([0-9]+)(?:\.([0-9]+)(?:\.([0-9]+))?(?:(alpha|beta|rc)([0-9]+))?)?(?:[-+\s].*)?")
_codes: Final = Codes(high)
_ZERO: Final = number("", HIGH)


def key(version: str) -> bytes:
    """Give the key of "v1.2.3", "1.2.3" or "go1.2.3"; raises ValueError for others, such as "(devel)".

    Up to Go 1.20, the first release is named "go1.20": it is parsed as 1.20.0.
    """
    match = _MODULE.fullmatch(version)
    if match is None:
        return _toolchain_key(version)
    major, minor, patch, pre, short_major, short_minor = match.groups()
    if short_major is not None:
        return _codes[short_major] + (_codes[short_minor] if short_minor else _ZERO) + _ZERO + RELEASE
    code = _codes[major] + _codes[minor] + _codes[patch]
    return code + (RELEASE if pre is None else prerelease(pre))


def _toolchain_key(version: str) -> bytes:
    match = _TOOLCHAIN.fullmatch(version)
    if match is None:
        raise ValueError(version)
    major, minor, patch, kind, count = match.groups()
    code = _codes[major] + (_codes[minor] if minor else _ZERO) + (_codes[patch] if patch else _ZERO)
    return code + (RELEASE if kind is None else prerelease(f"{kind}.{count}"))
