"""Archives that are compressed as a whole (docker save | gzip).

With gzip, the first pass leaves marks on its way, copies of the inflater with its window; whoever wants a member goes
on from the mark before it. Other inflaters cannot be copied: there, the first pass writes what it inflates to a
temporary file without a name, which is gone when nobody holds it any more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from tempfile import TemporaryFile, gettempdir
from typing import Final

from msgspec.structs import replace

from sealock.image.bytesources import Damage, OpenFile, Stretch
from sealock.image.entry import Bounds
from sealock.image.inflate import STORED_CHUNK, Compression, Gunzip, Inflating

MARKS: Final = 256
"""At the most; each takes about 50 KB."""
_FIRST_SPACING: Final = 4 << 20


class PackedFile:
    """A compressed file."""

    def __init__(self, stored: Stretch, how: Compression, bounds: Bounds) -> None:
        self._stored, self._how = stored, how
        self._bounds = replace(bounds, layer=bounds.total)
        self.spooled: Stretch | None = None
        """All plain bytes, after a first pass that came to its end."""
        self._marks: list[tuple[int, int, Gunzip]] = []
        """Plain offset, stored offset, and the inflater there."""

    def first_pass(self) -> Iterator[bytes]:
        """Yield all plain bytes, and leave marks or a copy of them."""
        inflating = Inflating(self._stored, self._how, self._bounds)
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
        try:
            with TemporaryFile(prefix="sealock-") as spool:
                try:
                    for chunk in chunks:
                        spool.write(chunk)
                        yield chunk
                except Damage as damage:
                    broken: Damage | None = damage
                else:
                    broken = None
                spool.flush()
                # What came before a fault can be read.
                self.spooled = Stretch(OpenFile(os.dup(spool.fileno())))
        except OSError as error:
            why = f"it could not be inflated to a temporary file in {gettempdir()} (TMPDIR): {error.strerror or error}"
            raise Damage(why=why) from error
        if broken:
            raise broken

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

    @property
    def place(self) -> tuple[object, int, int]:
        """Where it is."""
        return self._file, self._start, self.length

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Give bytes at any offset; each call inflates anew, so this is for small things."""
        count = min(count, self.length - offset)
        return b"".join(self._file.plain(self._start + offset, count)) if count > 0 else b""

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on; `size` is the inflater's affair here."""
        del size
        return self._file.plain(self._start + offset, max(0, self.length - offset))
