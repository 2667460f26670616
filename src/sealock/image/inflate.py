"""Decompresses layers, within bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Final, Literal, Protocol, TypeAlias, cast

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
_GZIP: Final = 31
"""What zlib calls the window bits: the largest window, in gzip's format."""
_HEADER: Final = 10
"""Bytes of a gzip member's header without optional fields."""
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
        """What decompresses gzip."""

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


class _Member(Protocol):
    """The decompressor of one gzip member."""

    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Decompress up to so many bytes; an error of its library for broken data."""


class Gunzip:
    """Decompresses gzip, member by member, and allows NULs at the end. With `copies`, it can be copied midway.

    Decision 12 says which library does it.
    """

    def __init__(self, *, copies: bool = False) -> None:
        self._member: _Member | None = None
        self._begun = False
        self._buffer = b""
        self._copies = copies

    def copy(self) -> Gunzip:
        """A copy that continues from here independently."""
        other = Gunzip(copies=True)
        other._member = cast("_Copied", self._member).copy() if self._member else None
        other._begun, other._buffer = self._begun, self._buffer
        return other

    def chunks(self, stored: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the uncompressed chunks of the buffer and of `stored`."""
        try:
            yield from self._inflated()
            for chunk in stored:
                self._buffer = chunk
                yield from self._inflated()
            # The decompressor may still hold bytes if the last chunk was exactly full.
            while self._member and not self._member.eof and (plain := self._member.decompress(b"", PLAIN_CHUNK)):
                yield plain
        except _errors() as error:
            raise UnreadableError(why=f"its gzip data is broken ({error})") from error
        if self._member and not self._member.eof:
            raise UnreadableError(why="its gzip data is cut short")

    def _inflated(self) -> Iterator[bytes]:
        while self._buffer:
            if self._member is None:
                self._buffer = self._buffer.lstrip(b"\0") if self._begun else self._buffer
                if not self._buffer:
                    return
                self._member, self._begun = self._begin_member(), True
            member = self._member
            plain = member.decompress(self._buffer, PLAIN_CHUNK)
            if member.eof:
                self._buffer, self._member = member.unused_data, None
            else:
                self._buffer = member.unconsumed_tail
            if plain:
                yield plain

    def _begin_member(self) -> _Member:
        # ISA-L cannot be copied, and loses its way in optional fields that do not come in one piece.
        is_plain = len(self._buffer) >= _HEADER and not self._buffer[3]
        quick = _isal() if is_plain and not self._copies else None
        member: _Member = (quick or zlib_ng).decompressobj(_GZIP)
        return member


class _Copied(_Member, Protocol):
    """One that can be copied."""

    def copy(self) -> _Member:
        """A copy that continues from here independently."""


def _isal() -> ModuleType | None:
    """ISA-L; None on processors that it is not made for."""
    try:
        from isal import isal_zlib  # noqa: PLC0415  it may not be there
    except ImportError:
        return None
    return isal_zlib


def _errors() -> tuple[type[Exception], ...]:
    """What the libraries raise for broken data; their stubs take the classes for instances."""
    return tuple(cast("type[Exception]", library.error) for library in (zlib_ng, _isal()) if library)


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
