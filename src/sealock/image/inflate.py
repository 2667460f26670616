"""Compressed bytes made plain, within bounds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

from sealock.image.entry import Bounds
from sealock.image.stored import Damage, Stretch

Compression: TypeAlias = Literal["", "gzip", "zstd"]
STORED_CHUNK: Final = 256 << 10
PLAIN_CHUNK: Final = 1 << 20
CALM: Final = 64 << 20
"""Plain bytes before which no ratio is suspicious."""
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_REFUSED: Final = ((b"BZh", "bzip2"), (b"\xfd7zXZ\x00", "xz"), (b"\x04\x22\x4d\x18", "lz4"))


def compression(begin: bytes) -> Compression:
    """How bytes that begin so are compressed. Damage for a way that no engine stores layers in."""
    if begin.startswith(b"\x1f\x8b"):
        return "gzip"
    # Frames to be skipped may precede the first one with data.
    if begin.startswith(_ZSTD) or (begin[1:4] == b"\x2a\x4d\x18" and begin[0] & 0xF0 == 0x50):
        return "zstd"
    for magic, name in _REFUSED:
        if begin.startswith(magic):
            raise Damage(why=f"it is compressed with {name}, which is not read")
    return ""


def plain_chunks(
    stored: Stretch, how: Compression, bounds: Bounds, tap: Callable[[bytes], None] | None = None
) -> Iterator[bytes]:
    """Yield the plain bytes; `tap` sees each chunk as stored, before what it holds is yielded.

    Damage where they are broken, or are more than `bounds` allow.
    """
    made = taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for chunk in stored.chunks(STORED_CHUNK):
            taken += len(chunk)
            if tap is not None:
                tap(chunk)
            yield chunk

    for plain in _gzip(chunks()) if how == "gzip" else _zstd(chunks()) if how == "zstd" else chunks():
        made += len(plain)
        if made > bounds.layer:
            raise Damage(why=f"it gives more than {bounds.layer} plain bytes, the most that is read")
        if made > CALM and made > bounds.ratio * taken:
            raise Damage(why=f"it gives more than {bounds.ratio} plain bytes for each stored one, as a bomb does")
        yield plain


def _gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate gzip, member after member; NULs that pad the end are let pass."""
    from zlib_ng import zlib_ng  # noqa: PLC0415  only who has compressed layers loads it

    member = zlib_ng.decompressobj(31)
    fresh, first = True, True
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if fresh and not first:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                plain = member.decompress(data, PLAIN_CHUNK)
                fresh = first = False
                if plain:
                    yield plain
                if member.eof:
                    data, member, fresh = member.unused_data, zlib_ng.decompressobj(31), True
                else:
                    data = member.unconsumed_tail
        # The last bytes may wait within, where the limit of a chunk was just met.
        while not fresh and not member.eof and (plain := member.decompress(b"", PLAIN_CHUNK)):
            yield plain
    except zlib_ng.error as error:  # type: ignore[misc]  # its stub takes the class for an instance
        raise Damage(why=f"its gzip data is broken ({error})") from error
    if not fresh and not member.eof:
        raise Damage(why="its gzip data is cut short")


def _zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Inflate zstd, frame after frame."""
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor, ZstdError  # noqa: PLC0415  as in _gzip
    else:
        from backports.zstd import ZstdDecompressor, ZstdError  # noqa: PLC0415  as in _gzip

    frame = ZstdDecompressor()
    fresh = True
    try:
        for chunk in chunks:
            data = chunk
            while data or not (frame.eof or frame.needs_input):
                plain = frame.decompress(data, PLAIN_CHUNK)
                fresh, data = False, b""
                if plain:
                    yield plain
                if frame.eof:
                    data, frame, fresh = frame.unused_data, ZstdDecompressor(), True
    except ZstdError as error:
        raise Damage(why=f"its zstd data is broken ({error})") from error
    if not fresh:
        raise Damage(why="its zstd data is cut short")
