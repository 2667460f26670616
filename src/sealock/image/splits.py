"""Offsets within an uncompressed layer at which to split it, so that processes can read the pieces in parallel.

They are guesses, since a file may itself be a tar archive: a piece counts only if the previous piece ends where it
begins.
"""

from __future__ import annotations

from typing import Final

from sealock.image.bytesources import Stretch, UnreadableError
from sealock.image.header import BLOCK, checksum_is_right

_SEARCHED: Final = 16 << 10, 64 << 10
"""Bytes to search for a header: mostly one is near. A large file has none, and its content is not read anyway."""
_MAGIC: Final = b"ustar"
_MAGIC_AT: Final = 257
"""The offset of the magic in a header."""
_EXTENSIONS: Final = frozenset(b"xgLK")
_BACK: Final = 4
"""Blocks before a header in which its extension may begin."""


def find_cuts(stored: Stretch, spacing: int) -> list[int]:
    """Offsets of pieces: 0, and headers about `spacing` bytes apart."""
    offsets = [0]
    try:
        for at in range(spacing, stored.length - spacing // 2, spacing):
            cut = _header(stored, max(at, offsets[-1] + BLOCK) // BLOCK * BLOCK)
            if cut > offsets[-1]:
                offsets.append(cut)
    except UnreadableError:
        pass  # reading the layer reports it
    return offsets


def _header(stored: Stretch, start: int) -> int:
    """The offset of the next block that looks like a header, -1 if there is none nearby."""
    for searched in _SEARCHED:
        data = stored.fetch(start, searched)
        # Only the first letter of each block's magic: looking through all bytes takes ten times as long.
        letters = data[_MAGIC_AT::BLOCK]
        place = letters.find(_MAGIC[:1])
        while place >= 0:
            block = data[place * BLOCK : (place + 1) * BLOCK]
            if block.startswith(_MAGIC, _MAGIC_AT) and checksum_is_right(block.ljust(BLOCK)):
                return _with_extension(stored, start + place * BLOCK)
            place = letters.find(_MAGIC[:1], place + 1)
    return -1


def _with_extension(stored: Stretch, at: int) -> int:
    """The offset of the extensions of a header."""
    while back := next((back for back in range(2, _BACK + 1) if _is_extension(stored, at - back * BLOCK)), 0):
        at -= back * BLOCK
    return at


def _is_extension(stored: Stretch, at: int) -> bool:
    block = stored.fetch(at, BLOCK) if at >= 0 else b""
    return len(block) == BLOCK and block[156] in _EXTENSIONS and checksum_is_right(block)
