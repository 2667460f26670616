"""The order of pacman's versions by vercmp(8): epoch, version and release.

As rpm, but letters at the end come before it (1.0rc < 1.0), and more characters between two pieces come later than
fewer. vercmp ignores a release where the other version has none, which is no order (1.0-1 and 1.0-2 would both equal
1.0): here a version without a release comes right before its releases.
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import HIGH, LOW, Codes, number

_PIECES: Final = compile_lazily("[^0-9A-Za-z]*(?:[0-9]+|[A-Za-z]+)")
_PIECE: Final = compile_lazily("([^0-9A-Za-z]*)(.*)")
_EPOCH: Final = compile_lazily("([0-9]*):")
_END: Final = b"\x02"


def _code(piece: str) -> bytes:
    match = _PIECE.fullmatch(piece)
    assert match is not None  # noqa: S101  the pattern matches every piece
    between, text = match.groups()
    distance = number(str(len(between)), HIGH) if between else b""
    if text.isdigit():
        return distance + number(text, LOW)
    return distance + b"\x01" + text.encode("ascii") + b"\0"


_codes: Final = Codes(_code)
_of: Final = _codes.__getitem__


def key(version: str) -> bytes:
    """Give the key of `[epoch:]version[-release]`.

    Raises ValueError for text that is not ASCII and for parts that are empty or do not end in a digit or letter: vercmp
    accepts them, but its order of them is not transitive.
    """
    if not version.isascii():
        raise ValueError(version)
    epoch = "0"
    if ":" in version and (match := _EPOCH.match(version)):
        epoch = match[1] or "0"
        version = version[match.end() :]
    upstream, dash, release = version.rpartition("-")
    if not dash:
        return number(epoch, LOW) + _part(release)
    return number(epoch, LOW) + _part(upstream) + _part(release)


def _part(part: str) -> bytes:
    if not part[-1:].isalnum():
        raise ValueError(part)
    return b"".join(map(_of, _PIECES.findall(part))) + _END
