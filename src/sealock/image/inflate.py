"""Compressed bytes made plain, within bounds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from sealock.image.bytesources import Damage, StoredBytes
from sealock.image.entry import Bounds

if TYPE_CHECKING:
    from zlib_ng import zlib_ng

Compression: TypeAlias = Literal["", "gzip", "zstd", "xz", "bzip2"]
STORED_CHUNK: Final = 256 << 10
PLAIN_CHUNK: Final = 1 << 20
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_XZ: Final = b"\xfd7zXZ\x00"
_LZMA_MEMORY: Final = 256 << 20
"""Bytes of the window of xz at the most: xz -9 has 64 MiB."""
_REFUSED: Final = ((b"\x04\x22\x4d\x18", "lz4"), (b"\x1f\x9d", "compress"), (b"LZIP", "lzip"))


def compression(begin: bytes) -> Compression:
    """How bytes that begin so are compressed. Damage for a way that no engine stores layers in."""
    if begin.startswith(b"\x1f\x8b"):
        return "gzip"
    # Frames to be skipped may precede the first one with data.
    if begin.startswith(_ZSTD) or (begin[1:4] == b"\x2a\x4d\x18" and begin[0] & 0xF0 == 0x50):
        return "zstd"
    if begin.startswith(_XZ):
        return "xz"
    if begin.startswith(b"BZh") and begin[3:4].isdigit():
        return "bzip2"
    for magic, name in _REFUSED:
        if begin.startswith(magic):
            raise Damage(why=f"it is compressed with {name}, which is not read")
    return ""


def within(
    bounds: Bounds, chunks: Iterator[bytes], taken: Callable[[], int], note: Callable[[int], int] | None = None
) -> Iterator[bytes]:
    """Pass plain chunks on; Damage where they become more than `bounds` allow for what was taken of stored bytes.

    `note` is told how many there are so far, and returns how many there are with those of other layers.
    """
    made = 0
    for plain in chunks:
        made += len(plain)
        if made > bounds.layer:
            raise Damage(why=f"it gives more than {bounds.layer} plain bytes, the most that is read (--max-layer-size)")
        if made > bounds.calm and made > bounds.ratio * taken():
            why = (
                f"it gives more than {bounds.ratio} plain bytes for each stored one, as a bomb does (--max-layer-size)"
            )
            raise Damage(why=why)
        if note is not None and note(made) > bounds.total:
            why = f"all layers together give more than {bounds.total} plain bytes, the most that is read"
            raise Damage(why=why)
        yield plain


class Inflating:
    """Stored bytes as plain ones. Damage where they are broken, or more than `bounds` allow.

    `tap` sees each chunk as stored, before what it holds is given.
    """

    def __init__(
        self,
        stored: StoredBytes,
        how: Compression,
        bounds: Bounds,
        tap: Callable[[bytes], None] | None = None,
        note: Callable[[int], int] | None = None,
    ) -> None:
        self._stored, self._how, self._bounds, self._tap, self._note = stored, how, bounds, tap, note
        self.taken = 0
        """Stored bytes that were taken so far."""
        self.gunzip = Gunzip()

    def chunks(self) -> Iterator[bytes]:
        """Yield all plain bytes."""
        stored = self._taking()
        if self._how == "gzip":
            plain = self.gunzip.chunks(stored)
        elif self._how == "zstd":
            plain = _zstd(stored)
        elif self._how:
            plain = _streams(stored, self._how)
        else:
            plain = stored
        return within(self._bounds, plain, lambda: self.taken, self._note)

    def _taking(self) -> Iterator[bytes]:
        for chunk in self._stored.chunks(STORED_CHUNK):
            self.taken += len(chunk)
            if self._tap is not None:
                self._tap(chunk)
            yield chunk


class Gunzip:
    """Inflates gzip, member after member; NULs that pad the end are let pass. It can be copied on its way."""

    def __init__(self) -> None:
        self._member: zlib_ng._Decompress | None = None
        self._begun = False
        self._left = b""

    def copy(self) -> Gunzip:
        """One that goes on from here by itself."""
        other = Gunzip()
        other._member = self._member.copy() if self._member else None  # type: ignore[attr-defined]  # its stub lacks it
        other._begun, other._left = self._begun, self._left
        return other

    def chunks(self, stored: Iterator[bytes]) -> Iterator[bytes]:
        """Yield plain chunks of what is left here and of what is stored further on."""
        from zlib_ng import zlib_ng  # noqa: PLC0415  only who has compressed layers loads it

        try:
            yield from self._inflated(zlib_ng.decompressobj)
            for chunk in stored:
                self._left = chunk
                yield from self._inflated(zlib_ng.decompressobj)
            # The last bytes may wait within, where the limit of a chunk was just met.
            while self._member and not self._member.eof and (plain := self._member.decompress(b"", PLAIN_CHUNK)):
                yield plain
        except zlib_ng.error as error:  # type: ignore[misc]  # its stub takes the class for an instance
            raise Damage(why=f"its gzip data is broken ({error})") from error
        if self._member and not self._member.eof:
            raise Damage(why="its gzip data is cut short")

    def _inflated(self, new: Callable[[int], zlib_ng._Decompress]) -> Iterator[bytes]:
        while self._left:
            if self._member is None:
                self._left = self._left.lstrip(b"\0") if self._begun else self._left
                if not self._left:
                    return
                self._member, self._begun = new(31), True
            member = self._member
            plain = member.decompress(self._left, PLAIN_CHUNK)
            if member.eof:
                self._left, self._member = member.unused_data, None
            else:
                self._left = member.unconsumed_tail
            if plain:
                yield plain


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


def _streams(chunks: Iterator[bytes], how: Compression) -> Iterator[bytes]:
    """Inflate xz or bzip2, stream after stream; NULs between and behind them are let pass."""
    import bz2  # noqa: PLC0415  as in _gzip
    import lzma  # noqa: PLC0415  as in _gzip

    def new() -> lzma.LZMADecompressor | bz2.BZ2Decompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, _LZMA_MEMORY) if how == "xz" else bz2.BZ2Decompressor()

    stream, fresh = new(), True
    try:
        for chunk in chunks:
            data = chunk.lstrip(b"\0") if fresh else chunk
            while data or not (fresh or stream.eof or stream.needs_input):
                plain = stream.decompress(data, PLAIN_CHUNK)
                fresh, data = False, b""
                if plain:
                    yield plain
                if stream.eof:
                    data, stream, fresh = stream.unused_data.lstrip(b"\0"), new(), True
    except (lzma.LZMAError, OSError, ValueError, MemoryError) as error:
        raise Damage(why=f"its {how} data is broken ({error})") from error
    if not fresh:
        raise Damage(why=f"its {how} data is cut short")
