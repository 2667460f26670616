"""The order of conda's versions by conda's VersionOrder.

A version is epoch, version and local version; those are lists of components, and components lists of numbers and words.
Words come before numbers, "dev" before other words, "post" after all numbers. Missing items at the end of a list count
as zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import Codes, high

_ALLOWED: Final = compile_lazily("[*.+!_0-9a-z]+")
_PIECES: Final = compile_lazily("[0-9]+|[*]+|[^0-9*]+")
_POST: Final = b"\xf0"
_END: Final = b"\x85"
"""The end of a list; a component of zeros is only its end, so this is its code as well."""
_ZERO: Final = high("")


def _piece_code(piece: str) -> bytes:
    if piece.isdigit():
        return high(piece)
    if piece == "post":
        return _POST
    return (b"DEV" if piece == "dev" else piece.encode("ascii")) + b"\0"


_of: Final = Codes(_piece_code).__getitem__


class _Runs:
    """Joins codes; a run of zeros becomes a code of its length and of whether less or more than zero follows.

    Less: the byte `less` and how many. More, the fewer the later: one byte for up to `short`, the highest of them
    `more` + `short`, else `more` and what is left to 65,535.
    """

    def __init__(self, zero: bytes, less: int, more: int, short: int) -> None:
        self._zero = zero
        self._less = bytes((less,))
        self._more = more
        self._short = short

    def join(self, codes: Sequence[bytes]) -> bytes:
        coded: list[bytes] = []
        run = 0
        for code in codes:
            if code == self._zero:
                run += 1
                continue
            if run:
                coded.append(self._above(run) if code > self._zero else self._less + run.to_bytes(2, "big"))
                run = 0
            coded.append(code)
        coded.append(_END)
        return b"".join(coded)

    def _above(self, run: int) -> bytes:
        if run <= self._short:
            return bytes((self._more + self._short + 1 - run,))
        return bytes((self._more,)) + (0xFFFF - run).to_bytes(2, "big")


_pieces: Final = _Runs(_ZERO, 0x7B, 0x8F, 14)
_lists: Final = _Runs(_END, 0x7C, 0x86, 7)


def _component_code(component: str) -> bytes:
    pieces = _PIECES.findall(component)
    if not pieces:
        raise ValueError(component)
    codes = list(map(_of, pieces))
    if not component[0].isdigit():
        codes.insert(0, _ZERO)
    return _pieces.join(codes)


_components: Final = Codes(_component_code).__getitem__


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError where conda calls it invalid."""
    version = version.strip().lower()
    if not _ALLOWED.fullmatch(version):
        if "_" in version:
            raise ValueError(version)
        version = version.replace("-", "_")
        if not _ALLOWED.fullmatch(version):
            raise ValueError(version)
    epoch, _, rest = version.partition("!") if "!" in version else ("0", "", version)
    public, plus, local = rest.partition("+")
    if not public or not epoch.isdigit() or "!" in rest or "+" in local:
        raise ValueError(version)
    # A trailing underscore is a word and not a separator.
    components = public[:-1].replace("_", ".").split(".") if public[-1] == "_" else public.replace("_", ".").split(".")
    if public[-1] == "_":
        components[-1] += "_"
    code = _lists.join(list(map(_components, (epoch, *components))))
    return code + _lists.join(list(map(_components, local.replace("_", ".").split("."))) if plus else ())
