"""Bytes as they are stored: stretches of open files, read by position."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, Protocol

from sealock.errors import reason_of
from sealock.image.header import BLOCK

WINDOW: Final = 16384
"""Bytes read at once for small pieces. Half of the files of images have less than two kilobytes, so these hold several
headers; copying more would take longer than another read."""


class UnreadableError(Exception):
    """Stored bytes cannot be read on, an error of the image; `why` completes "it could not be read: ..."."""

    def __init__(self, *, why: str) -> None:
        super().__init__(why)


class Bytes(Protocol):
    """Bytes that are read forward. `length` is -1 until the end is known."""

    length: int

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Return `count` bytes from `offset`, fewer only at the end; offsets never go back."""


class Windowed(Bytes, Protocol):
    """Bytes whose buffer can be used directly, which saves a call for each small piece."""

    def window(self, offset: int, /) -> tuple[bytes, int]:
        """Return the buffer and the offset at which it begins, `offset` or before.

        It holds a whole tar header from `offset` on, unless the end is nearer.
        """


class StoredBytes(Bytes, Protocol):
    """Bytes of a known length, read at any offset and any number of times."""

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on, about `size` at a time."""


class Bytefile(Protocol):
    """A file that stretches are parts of."""

    @property
    def own(self) -> bool:
        """Whether it is a nameless temporary file of this process."""

    @property
    def size(self) -> int:
        """Its size in bytes when it was first opened."""

    def pread(self, count: int, offset: int, /) -> bytes:
        """Read bytes from an offset; OSError or UnreadableError."""

    def status(self) -> os.stat_result:
        """Return its current status; OSError or UnreadableError."""


class OpenFile:
    """An open file, which is closed with the last reference to it."""

    __slots__ = ("fd", "own", "size")

    def __init__(self, fd: int, *, own: bool = False) -> None:
        self.fd, self.own = fd, own
        self.size = os.fstat(fd).st_size

    def pread(self, count: int, offset: int, /) -> bytes:
        """Read bytes from an offset."""
        return os.pread(self.fd, count, offset)

    def status(self) -> os.stat_result:
        """Return its current status."""
        return os.fstat(self.fd)

    def __del__(self) -> None:
        """Close it."""
        os.close(self.fd)


def is_ours(status: os.stat_result) -> bool:
    """Whether only this user, its own group and root can write to the file."""
    mine = status.st_uid in {0, os.geteuid()}
    loose = status.st_mode & (0o002 if status.st_gid == os.getegid() else 0o022)
    return mine and not loose


class Stretch:
    """A part of a file.

    It is read, and not mapped: a map of a file that shrinks kills the process, and its pages would count as memory.
    """

    __slots__ = ("_at", "_buffer", "file", "length", "start")

    def __init__(self, file: Bytefile, start: int = 0, length: int | None = None) -> None:
        left = max(0, file.size - start)
        self.file, self.start = file, start
        self.length = left if length is None else min(length, left)
        self._buffer, self._at = b"", 0

    @property
    def place(self) -> tuple[object, int, int]:
        """The file, the offset and the length."""
        return self.file, self.start, self.length

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Return bytes at any offset."""
        begin = offset - self._at
        if begin >= 0 and begin + count <= len(self._buffer):
            return self._buffer[begin : begin + count]
        if offset >= self.length:
            return b""
        if count > WINDOW:
            return self._read(offset, min(count, self.length - offset))
        self._buffer, self._at = self._read(offset, min(WINDOW, self.length - offset)), offset
        return self._buffer[:count]

    def piece(self, offset: int, count: int, /) -> bytes:
        """Return bytes at any offset and read no more than these: for reads at scattered places."""
        begin = offset - self._at
        if begin >= 0 and begin + count <= len(self._buffer):
            return self._buffer[begin : begin + count]
        return self._read(offset, min(count, self.length - offset)) if offset < self.length else b""

    def window(self, offset: int, /) -> tuple[bytes, int]:
        """Return the bytes around an offset."""
        self.fetch(offset, BLOCK)
        return (self._buffer, self._at) if offset < self.length else (b"", offset)

    def _read(self, offset: int, count: int) -> bytes:
        try:
            data = self.file.pread(count, self.start + offset)
            if 0 < len(data) < count:
                parts = [data]
                while (have := sum(map(len, parts))) < count and parts[-1]:
                    parts.append(self.file.pread(count - have, self.start + offset + have))
                data = b"".join(parts)
        except OSError as error:
            raise UnreadableError(why=reason_of(error)) from error
        if len(data) < count:
            raise UnreadableError(
                why=f"the file ends at byte {self.start + offset + len(data)}, and was longer when it was opened"
            )
        return data

    def part(self, offset: int, length: int) -> Stretch:
        """A stretch of this one, with a window of its own."""
        return Stretch(self.file, self.start + offset, max(0, min(length, self.length - offset)))

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on, `size` at a time."""
        while offset < self.length:
            data = self._read(offset, min(size, self.length - offset))
            if not data:
                return
            yield data
            offset += len(data)
