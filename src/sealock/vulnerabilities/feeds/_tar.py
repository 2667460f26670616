"""Reads tar archives of records, plain or compressed with zstd, in one pass, within bounds."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import IO, Final, cast

from sealock.image.bytesources import UnreadableError
from sealock.image.header import BLOCK
from sealock.image.tarreader import TarReader
from sealock.vulnerabilities.feeds.feed import RECORD, BrokenRecord, FeedError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEMBERS: Final = 3_000_000
PLAIN: Final = 64 << 30
"""Most uncompressed bytes of the archive."""
_CHUNK: Final = 256 << 10
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


class _Forward:
    """A forward-only byte source for the tar reader; bytes before the current offset are dropped."""

    def __init__(self, file: IO[bytes]) -> None:
        self.length = -1
        self._file, self._at, self._buffer = file, 0, b""

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Give bytes from an offset, fewer at the end."""
        while offset >= self._at + len(self._buffer):
            self._at += len(self._buffer)
            self._buffer = self._read(_CHUNK)
            if not self._buffer:
                return b""
        parts = [self._buffer[offset - self._at :]]
        have = len(parts[0])
        while have < count and (more := self._read(max(_CHUNK, count - have))):
            parts.append(more)
            have += len(more)
        self._buffer, self._at = b"".join(parts), offset
        return self._buffer[:count]

    def window(self, offset: int, /) -> tuple[bytes, int]:
        """Give the buffered bytes and their offset."""
        self.fetch(offset, BLOCK)
        return self._buffer, self._at

    def _read(self, count: int) -> bytes:
        if self._at > PLAIN:
            raise UnreadableError(why=f"it expands to more than {PLAIN} bytes, the maximum")
        try:
            data = self._file.read(count)
        except (OSError, EOFError, ValueError) as error:
            raise UnreadableError(why=f"it breaks off ({error})") from None
        if not data:
            self.length = self._at + len(self._buffer)
        return data


def members(file: IO[bytes]) -> Iterator[tuple[str, bytes] | BrokenRecord]:
    """Yield the name and bytes of each file; FeedError where the archive is incomplete."""
    begin = file.read(4)
    file.seek(0)
    faults: list[str] = []
    if begin == _ZSTD:
        errors: tuple[type[Exception], ...] = (zstd.ZstdError,)
        source = _Forward(cast("IO[bytes]", zstd.ZstdFile(file)))
    else:
        errors = ()
        source = _Forward(file)
    reader = TarReader(source, faults.append, MEMBERS)
    try:
        for entry in reader.entries():
            if entry.kind != "file":
                continue
            if entry.size > RECORD:
                yield BrokenRecord(entry.path, f"it has {entry.size} bytes; at most {RECORD} are read")
                continue
            data = entry.read(entry.size)
            if len(data) == entry.size:
                yield entry.path, data
    except errors as error:
        faults.append(f"it is broken ({error})")
    if faults:
        raise FeedError(faults[0])
