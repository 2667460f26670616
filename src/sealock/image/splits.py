"""Places within a plain layer where a walk may begin, so that several can walk it at the same time.

They are guesses: a file may hold an archive of its own. So a walk that began at one counts only if the walk before it
ended right there.
"""

from __future__ import annotations

from typing import Final

from sealock.image.bytesources import Damage, Stretch
from sealock.image.header import BLOCK, checksum_is_right

_LOOKED: Final = 64 << 10
"""Bytes that are searched for a header: within a large file there is none, and little to share."""
_MAGIC: Final = b"ustar"
_EXTENSIONS: Final = frozenset(b"xgLK")
_BACK: Final = 4
"""Blocks before a header where an extension that belongs to it may begin."""


def cuts(stored: Stretch, spacing: int) -> list[int]:
    """Offsets to begin at: 0, and headers about `spacing` bytes apart."""
    found = [0]
    try:
        for at in range(spacing, stored.length - spacing // 2, spacing):
            cut = _header(stored, max(at, found[-1] + BLOCK) // BLOCK * BLOCK)
            if cut > found[-1]:
                found.append(cut)
    except Damage:
        pass  # the walk meets it, and tells
    return found


def _header(stored: Stretch, start: int) -> int:
    """The first block from an offset on that looks like a header, -1 if there is none nearby."""
    data = stored.fetch(start, _LOOKED)
    at = data.find(_MAGIC)
    while at >= 0:
        begin = at - 257
        if begin >= 0 and not begin % BLOCK and checksum_is_right(data[begin : begin + BLOCK].ljust(BLOCK)):
            return _with_extension(stored, start + begin)
        at = data.find(_MAGIC, at + 1)
    return -1


def _with_extension(stored: Stretch, at: int) -> int:
    """Where the extensions of the header at an offset begin."""
    first = at
    while True:
        for back in range(2, _BACK + 1):
            block = stored.fetch(first - back * BLOCK, BLOCK) if first >= back * BLOCK else b""
            if len(block) == BLOCK and block[156] in _EXTENSIONS and checksum_is_right(block):
                first -= back * BLOCK
                break
        else:
            return first
