"""Archives that are compressed as a whole (docker save | gzip), read without writing them down inflated.

The first pass leaves marks on its way, copies of the inflater with its window. Whoever wants a member goes on from the
mark before it. zstd has no such copies: there, each member is reached from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.image.entry import Bounds
from sealock.image.inflate import STORED_CHUNK, Compression, Gunzip, Inflating
from sealock.image.stored import Stretch

MARKS: Final = 256
"""At the most; each takes about 50 KB."""
_FIRST_SPACING: Final = 4 << 20


class PackedFile:
    """A compressed file."""

    def __init__(self, stored: Stretch, how: Compression, bounds: Bounds) -> None:
        self._stored, self._how, self._bounds = stored, how, bounds
        self._marks: list[tuple[int, int, Gunzip]] = []
        """Plain offset, stored offset, and the inflater there."""

    def first_pass(self) -> Iterator[bytes]:
        """Yield all plain bytes, and leave marks."""
        inflating = Inflating(self._stored, self._how, self._bounds)
        at, last, spacing = 0, 0, _FIRST_SPACING
        for chunk in inflating.chunks():
            yield chunk
            at += len(chunk)
            if self._how == "gzip" and at - last >= spacing:
                self._marks.append((at, inflating.taken, inflating.gunzip.copy()))
                last = at
                if len(self._marks) >= MARKS:
                    del self._marks[::2]
                    spacing *= 2

    def plain(self, offset: int, length: int) -> Iterator[bytes]:
        """Yield a stretch of the plain bytes."""
        at, chunks = 0, None
        for mark_at, stored_at, gunzip in reversed(self._marks):
            if mark_at <= offset:
                at, chunks = mark_at, gunzip.copy().chunks(self._stored.chunks(STORED_CHUNK, stored_at))
                break
        for chunk in chunks or Inflating(self._stored, self._how, self._bounds).chunks():
            if at + len(chunk) > offset:
                yield chunk[max(0, offset - at) : offset + length - at]
            at += len(chunk)
            if at >= offset + length:
                return


class PackedMember:
    """A stretch of a compressed file's plain bytes."""

    def __init__(self, file: PackedFile, start: int, length: int) -> None:
        self._file, self._start, self.length = file, start, length

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Give bytes at any offset; each call inflates anew, so this is for small things."""
        count = min(count, self.length - offset)
        return b"".join(self._file.plain(self._start + offset, count)) if count > 0 else b""

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on; `size` is the inflater's affair here."""
        del size
        return self._file.plain(self._start + offset, max(0, self.length - offset))
