"""How archives of images begin: decided by the first entries, uncompressed as far as that needs."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import Final

from sealock.targets.imagelayouts import BZIP2, is_member
from sealock.zstd import ZstdDecompressor, ZstdError

_PLAIN: Final = 64 << 10
"""Bytes that are uncompressed."""
_LZMA_MEMORY: Final = 256 << 20
_FRAMES: Final = 8
"""Frames of zstd that may be empty or to be skipped before the first one with data."""
_BLOCK: Final = 512
"""Bytes of a tar header."""
_EXTENSIONS: Final = frozenset({b"x", b"g", b"L", b"K"})
"""Types of headers that only describe the next one."""
_BEFORE: Final = frozenset({"", ".", "config.json"})
"""What may precede an image's own names: the archive's own directory, and the configuration that Jib writes."""


def begins_image(data: bytes) -> bool:
    """Whether the bytes that a file starts with (`imagelayouts.read_archive_start`) begin an archive of an image."""
    if not _is_header(_inflate(data, _BLOCK)):
        return False  # most compressed files are no archives, and need no more of it
    tops = (name.partition("/")[0] for name in _names(_inflate(data, _PLAIN)))
    first = next((top for top in tops if top not in _BEFORE), "")
    return is_member(first)


def _is_header(block: bytes) -> bool:
    return block[257:262] == b"ustar"


def _names(plain: bytes) -> Iterator[str]:
    """The names of the entries whose headers are in these bytes."""
    at = 0
    while _is_header(header := plain[at : at + _BLOCK]):
        if header[156:157] not in _EXTENSIONS:
            yield header[:100].partition(b"\0")[0].decode("utf-8", "replace").removeprefix("./")
        digits = header[124:136].strip(b" \0")
        if digits.strip(b"01234567"):
            return  # more than 8 GB, or no number
        at += _BLOCK + -(-int(digits or b"0", 8) // _BLOCK) * _BLOCK


def _inflate(data: bytes, most: int) -> bytes:
    """At most so many of the first uncompressed bytes of a file; none where they are broken."""
    try:
        if data.startswith(b"\x1f\x8b"):
            return zlib.decompressobj(31).decompress(data, most)
        if data.startswith(BZIP2):
            return bz2.BZ2Decompressor().decompress(data, most)
        if data.startswith(b"\xfd7zXZ\0"):
            return lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY).decompress(data, most)
        if data.startswith(b"\x28\xb5\x2f\xfd") or data[1:4] == b"\x2a\x4d\x18":
            return _inflate_zstd(data, most)
    except (zlib.error, lzma.LZMAError, ZstdError, OSError, ValueError, MemoryError):
        return b""
    return data[:most]


def _inflate_zstd(data: bytes, most: int) -> bytes:
    for _ in range(_FRAMES):
        frame = ZstdDecompressor()
        if plain := frame.decompress(data, most):
            return plain
        data = frame.unused_data
    return b""
