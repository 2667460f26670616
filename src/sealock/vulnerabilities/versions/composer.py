"""The order of Composer's versions: composer/semver normalizes them, and PHP's version_compare orders them.

That form is numbers, a stability with numbers of its own, and perhaps "dev". At each place come words that PHP does not
know, dev, alpha, beta, RC, the end, numbers, patch.
"""

from __future__ import annotations

import re
from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import Codes, high

# "beta2", "-RC.1", "p1", ".x-dev": [._-], stability and its numbers, and dev, each of which may lack.
_MODIFIER: Final = r"[._-]?(?:(stable|beta|b|RC|alpha|a|patch|pl|p)((?:[.-]?[0-9](?:[0-9]|[.-][0-9])*)?))?([.-]?dev)?"
_CLASSICAL: Final = compile_lazily(
    rf"v?([0-9]{{1,5}})(\.[0-9]+)?(\.[0-9]+)?(\.[0-9]+)?{_MODIFIER}", re.ASCII | re.IGNORECASE
)
_DATE: Final = compile_lazily(
    rf"v?([0-9]{{4}}(?:[.:-]?[0-9]{{2}}){{1,6}}(?:[.:-]?[0-9]{{1,3}}){{0,2}}){_MODIFIER}", re.ASCII | re.IGNORECASE
)
_BRANCH: Final = compile_lazily(
    r"v?([0-9]+)(\.(?:[0-9]+|[xX*]))?(\.(?:[0-9]+|[xX*]))?(\.(?:[0-9]+|[xX*]))?", re.ASCII | re.IGNORECASE
)
_ALIAS: Final = compile_lazily(r"([^,\s]+) +as +([^,\s]+)", re.ASCII)
_STABILITY: Final = compile_lazily(r"@(?:stable|RC|beta|alpha|dev)\Z", re.IGNORECASE)
_BUILD: Final = compile_lazily(r"([^,\s+]+)\+[^\s]+", re.ASCII)
_DEVELOPMENT: Final = compile_lazily(r"[.-]?dev\Z", re.IGNORECASE)
_DIVIDERS: Final = compile_lazily("[.:-]")
_SPACE: Final = " \t\n\r\0\x0b"

_END: Final = b"\x06"
_DEV: Final = b"\x02"
_UNKNOWN: Final = b"\x01"
_WORDS: Final = {
    "alpha": b"\x03",
    "a": b"\x03",
    "beta": b"\x04",
    "b": b"\x04",
    "rc": b"\x05",
    "patch": b"\xf0",
    "pl": b"\xf0",
    "p": b"\xf0",
}
_BIGGEST: Final = 2**63 - 1
_ANY: Final = "9999999"


def _code(digits: str) -> bytes:
    # PHP's numbers end at 64 bits, and all beyond count the same.
    return high(digits if len(digits) < len(str(_BIGGEST)) else str(min(int(digits), _BIGGEST)))


_codes: Final = Codes(_code)
_of: Final = _codes.__getitem__
_ZERO: Final = high("")


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError for invalid versions and for branches by name ("dev-main")."""
    version = version.strip(_SPACE)
    match = _CLASSICAL.fullmatch(version)
    if match is None:
        version = _plain(version)
        match = _CLASSICAL.fullmatch(version)
    if match is not None:
        first, second, third, fourth, stability, count, dev = match.groups()
        code = (
            _codes[first]
            + (_codes[second[1:]] if second else _ZERO)
            + (_codes[third[1:]] if third else _ZERO)
            + (_codes[fourth[1:]] if fourth else _ZERO)
        )
        return code + _modifier(stability, count, dev)
    match = _DATE.fullmatch(version)
    if match is not None:
        date, stability, count, dev = match.groups()
        return b"".join(map(_of, _DIVIDERS.split(date))) + _modifier(stability, count, dev)
    return _branch_key(version)


def _plain(version: str) -> str:
    """Remove what Composer removes first: "1.0 as 2.0", "@beta", build metadata."""
    if alias := _ALIAS.fullmatch(version):
        version = alias[1]
    version = _STABILITY.sub("", version)
    if version[:4].lower() == "dev-":
        raise ValueError(version)
    if build := _BUILD.fullmatch(version):
        version = build[1]
    return version


def _modifier(stability: str | None, count: str | None, dev: str | None) -> bytes:
    code = b""
    if stability == "stable":
        return _END
    if stability:
        code = _WORDS.get(stability.lower(), _UNKNOWN)
        if count:
            code += b"".join(map(_of, _DIVIDERS.split(count.lstrip(".-"))))
    return code + _DEV + _END if dev else code + _END


def _branch_key(version: str) -> bytes:
    """Give the key of a branch with a number: "1.x-dev" comes after all of 1."""
    development = _DEVELOPMENT.search(version)
    branch = _BRANCH.fullmatch(version[: development.start()].strip(_SPACE)) if development else None
    if branch is None:
        raise ValueError(version)
    parts = [(part or "x").lstrip(".") for part in branch.groups()]
    return b"".join(_codes[part if part.isdigit() else _ANY] for part in parts) + _DEV + _END
