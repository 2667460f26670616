"""The order of Alpine's versions by apk(8), with the grammar of apk-package(5).

    digits{.digits}[letter]{_suffix[digits]}[~hash][-rdigits]

What may follow at a place decides first: a suffix of a pre-release, the end, a revision, a hash, the number of a
suffix, other suffixes, a letter, a number.
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import Codes, high

_VERSION: Final = compile_lazily(
    r"[0-9]+(?:\.[0-9]+)*[a-z]?"
    r"(?:_(?:alpha|beta|pre|rc|cvs|svn|git|hg|p)[0-9]*)*"
    r"(?:~[0-9a-f]+)?"
    r"(?:-r[0-9]+)?",
)
_PIECES: Final = compile_lazily(r"\.?[0-9]+|[a-z]|_[a-z]+[0-9]*|~[0-9a-f]+|-r[0-9]+")
_SUFFIX: Final = compile_lazily("_([a-z]+)([0-9]*)")
_END: Final = b"\x05"
_REVISION: Final = b"\x06"
_HASH: Final = b"\x07"
_NUMBERED: Final = b"\x08"
_SUFFIXES: Final = {
    "alpha": b"\x01",
    "beta": b"\x02",
    "pre": b"\x03",
    "rc": b"\x04",
    "cvs": b"\x09",
    "svn": b"\x0a",
    "git": b"\x0b",
    "hg": b"\x0c",
    "p": b"\x0d",
}
# A number after a point that begins with 0 is compared as text, and so comes before those that do not.
_ZERO_LED: Final = b"\x7e"


def _code(piece: str) -> bytes:
    match piece[0]:
        case ".":
            if piece[1] == "0":
                return _ZERO_LED + piece[1:].encode("ascii") + b"\0"
            return high(piece[1:])
        case "_":
            suffix = _SUFFIX.fullmatch(piece)
            assert suffix is not None  # noqa: S101  every such piece is one
            return _SUFFIXES[suffix[1]] + (_NUMBERED + high(suffix[2]) if suffix[2] else b"")
        case "-":
            return _REVISION + high(piece[2:])
        case "~":
            return _HASH + piece[1:].encode("ascii") + b"\0"
        case _:
            return high(piece) if piece.isdigit() else piece.encode("ascii")


_codes: Final = Codes(_code)
_of: Final = _codes.__getitem__


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError for what apk would not take as one."""
    if not _VERSION.fullmatch(version):
        raise ValueError(version)
    return b"".join(map(_of, _PIECES.findall(version))) + _END
