"""Decompresses layers, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal, TypeAlias

from zlib_ng import zlib_ng

from sealock.image.bytesources import StoredBytes, UnreadableError
from sealock.image.entry import Bounds

Compression: TypeAlias = Literal["", "gzip", "zstd", "xz", "bzip2"]
STORED_CHUNK: Final = 256 << 10
PLAIN_CHUNK: Final = 1 << 20
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_XZ: Final = b"\xfd7zXZ\x00"
_LZMA_MEMORY: Final = 256 << 20
"""Maximum memory of xz in bytes: xz -9 uses 64 MiB."""
_REFUSED: Final = ((b"\x04\x22\x4d\x18", "lz4"), (b"\x1f\x9d", "compress"), (b"LZIP", "lzip"))


def detect_compression(begin: bytes) -> Compression:
    """The compression of bytes that begin so; UnreadableError for one that no engine stores layers in."""
    if begin.startswith(b"\x1f\x8b"):
        return "gzip"
    # Skippable frames may precede the first one with data.
    if begin.startswith(_ZSTD) or (begin[1:4] == b"\x2a\x4d\x18" and begin[0] & 0xF0 == 0x50):
        return "zstd"
    if begin.startswith(_XZ):
        return "xz"
    if begin.startswith(b"BZh") and begin[3:4].isdigit():
        return "bzip2"
    for magic, name in _REFUSED:
        if begin.startswith(magic):
            raise UnreadableError(why=f"it is compressed with {name}, which is not supported")
    return ""


def limit_output(
    bounds: Bounds, chunks: Iterator[bytes], taken: Callable[[], int], note: Callable[[int], int] | None = None
) -> Iterator[bytes]:
    """Pass uncompressed chunks on; UnreadableError if they exceed `bounds`, by size or by ratio to the stored bytes.

    `note` takes their size so far and returns the size of all layers.
    """
    made = 0
    for plain in chunks:
        made += len(plain)
        if made > bounds.layer:
            raise UnreadableError(why=f"it has more than {bounds.layer} uncompressed bytes (limit: --max-layer-size)")
        if made > bounds.calm and made > bounds.ratio * taken():
            why = f"it expands more than {bounds.ratio} times, like a decompression bomb (limit: --max-layer-size)"
            raise UnreadableError(why=why)
        if note is not None and note(made) > bounds.total:
            why = f"all layers together have more than {bounds.total} uncompressed bytes (limit: --max-layer-size)"
            raise UnreadableError(why=why)
        yield plain


class Inflating:
    """Decompresses stored bytes; UnreadableError if they are broken or exceed `bounds`.

    `tap` gets each stored chunk before its uncompressed bytes are yielded.
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
        """Stored bytes read so far."""
        self.gunzip = Gunzip()

    def chunks(self) -> Iterator[bytes]:
        """Yield all uncompressed bytes."""
        stored = self._taking()
        if self._how == "gzip":
            plain = self.gunzip.chunks(stored)
        elif self._how == "zstd":
            plain = _zstd(stored)
        elif self._how:
            plain = _streams(stored, self._how)
        else:
            plain = stored
        return limit_output(self._bounds, plain, lambda: self.taken, self._note)

    def _taking(self) -> Iterator[bytes]:
        for chunk in self._stored.chunks(STORED_CHUNK):
            self.taken += len(chunk)
            if self._tap is not None:
                self._tap(chunk)
            yield chunk


class Gunzip:
    """Decompresses gzip, member by member, and allows NULs at the end. It can be copied midway."""

    def __init__(self) -> None:
        self._member: zlib_ng._Decompress | None = None
        self._begun = False
        self._buffer = b""

    def copy(self) -> Gunzip:
        """A copy that continues from here independently."""
        other = Gunzip()
        other._member = self._member.copy() if self._member else None  # type: ignore[attr-defined]  # its stub lacks it
        other._begun, other._buffer = self._begun, self._buffer
        return other

    def chunks(self, stored: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the uncompressed chunks of the buffer and of `stored`."""
        try:
            yield from self._inflated(zlib_ng.decompressobj)
            for chunk in stored:
                self._buffer = chunk
                yield from self._inflated(zlib_ng.decompressobj)
            # The decompressor may still hold bytes if the last chunk was exactly full.
            while self._member and not self._member.eof and (plain := self._member.decompress(b"", PLAIN_CHUNK)):
                yield plain
        except zlib_ng.error as error:  # type: ignore[misc]  # its stub takes the class for an instance
            raise UnreadableError(why=f"its gzip data is broken ({error})") from error
        if self._member and not self._member.eof:
            raise UnreadableError(why="its gzip data is cut short")

    def _inflated(self, new: Callable[[int], zlib_ng._Decompress]) -> Iterator[bytes]:
        while self._buffer:
            if self._member is None:
                self._buffer = self._buffer.lstrip(b"\0") if self._begun else self._buffer
                if not self._buffer:
                    return
                self._member, self._begun = new(31), True
            member = self._member
            plain = member.decompress(self._buffer, PLAIN_CHUNK)
            if member.eof:
                self._buffer, self._member = member.unused_data, None
            else:
                self._buffer = member.unconsumed_tail
            if plain:
                yield plain


def _zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress zstd, frame by frame."""
    from sealock.zstd import ZstdDecompressor, ZstdError  # noqa: PLC0415  takes 6 ms

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
        raise UnreadableError(why=f"its zstd data is broken ({error})") from error
    if not fresh:
        raise UnreadableError(why="its zstd data is cut short")


def _streams(chunks: Iterator[bytes], how: Compression) -> Iterator[bytes]:
    """Decompress xz or bzip2, stream by stream; NULs between and after them are allowed."""
    import bz2  # noqa: PLC0415  few layers are compressed so
    import lzma  # noqa: PLC0415  as above

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
        raise UnreadableError(why=f"its {how} data is broken ({error})") from error
    if not fresh:
        raise UnreadableError(why=f"its {how} data is cut short")
