"""Archives that are compressed as a whole (docker save | gzip).

With gzip, the first pass leaves checkpoints, copies of the inflater with its window; a member is read from the
checkpoint before it. Other inflaters cannot be copied: their first pass writes all uncompressed bytes to a nameless
temporary file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from sealock.errors import reason_of
from sealock.image.bytesources import OpenFile, Stretch, UnreadableError
from sealock.image.entry import Bounds
from sealock.image.inflate import STORED_CHUNK, Compression, Gunzip, Inflating

MARKS: Final = 256
"""Maximum number of checkpoints; each takes about 50 KB."""
_FIRST_SPACING: Final = 4 << 20


class PackedFile:
    """A compressed file."""

    def __init__(self, stored: Stretch, how: Compression, bounds: Bounds) -> None:
        self._stored, self._how = stored, how
        self._bounds = replace(bounds, layer=bounds.total)
        self.spooled: Stretch | None = None
        """All uncompressed bytes, after a complete first pass."""
        self._marks: list[tuple[int, int, Gunzip]] = []
        """Uncompressed offset, stored offset, and the inflater there."""

    def first_pass(self) -> Iterator[bytes]:
        """Yield all uncompressed bytes, and leave checkpoints or a copy of them."""
        inflating = Inflating(self._stored, self._how, self._bounds)
        inflating.gunzip = Gunzip(copies=True)
        if self._how != "gzip":
            yield from self._spooling(inflating.chunks())
            return
        at, last, spacing = 0, 0, _FIRST_SPACING
        for chunk in inflating.chunks():
            yield chunk
            at += len(chunk)
            if at - last >= spacing:
                self._marks.append((at, inflating.taken, inflating.gunzip.copy()))
                last = at
                if len(self._marks) >= MARKS:
                    del self._marks[::2]
                    spacing *= 2

    def _spooling(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        from tempfile import TemporaryFile, gettempdir  # noqa: PLC0415  4 ms, and few archives are compressed so

        try:
            with TemporaryFile(prefix="sealock-") as spool:
                try:
                    for chunk in chunks:
                        spool.write(chunk)
                        yield chunk
                except UnreadableError as error:
                    broken: UnreadableError | None = error
                else:
                    broken = None
                spool.flush()
                # What came before an error can still be read.
                self.spooled = Stretch(OpenFile(os.dup(spool.fileno())))
        except OSError as error:
            why = f"it could not be inflated to a temporary file in {gettempdir()} (TMPDIR): {reason_of(error)}"
            raise UnreadableError(why=why) from error
        if broken:
            raise broken

    def plain(self, offset: int, length: int) -> Iterator[bytes]:
        """Yield a stretch of the uncompressed bytes."""
        mark = next((mark for mark in reversed(self._marks) if mark[0] <= offset), None)
        if mark is None:
            at, chunks = 0, Inflating(self._stored, self._how, self._bounds).chunks()
        else:
            at, stored_at, gunzip = mark
            chunks = gunzip.copy().chunks(self._stored.chunks(STORED_CHUNK, stored_at))
        for chunk in chunks:
            if at + len(chunk) > offset:
                yield chunk[max(0, offset - at) : offset + length - at]
            at += len(chunk)
            if at >= offset + length:
                return


class PackedMember:
    """A stretch of a compressed file's uncompressed bytes."""

    def __init__(self, file: PackedFile, start: int, length: int) -> None:
        self._file, self._start, self.length = file, start, length

    @property
    def place(self) -> tuple[object, int, int]:
        """The file, the offset and the length."""
        return self._file, self._start, self.length

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Return bytes at any offset. Each call inflates again, so this is for small files."""
        count = min(count, self.length - offset)
        return b"".join(self._file.plain(self._start + offset, count)) if count > 0 else b""

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on; the inflater determines the sizes."""
        del size
        return self._file.plain(self._start + offset, max(0, self.length - offset))
