"""Bytes as they are stored: stretches of open files, read by position."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final, Protocol

from sealock.image.header import BLOCK

WINDOW: Final = 16384
"""Bytes read at once where small pieces are asked for. Half of the files of images have less than two kilobytes, so
that several headers are among them; to copy more would take longer than to ask again."""


class Damage(Exception):  # noqa: N818  it is told as a problem, and no fault of the program
    """Stored bytes cannot be read on; `why` completes "it could not be read: ..."."""

    def __init__(self, *, why: str) -> None:
        super().__init__(why)


class Bytes(Protocol):
    """Bytes that are read forward. `length` is -1 as long as nobody knows where they end."""

    length: int

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Give `count` bytes from `offset`, fewer only where the end is reached; never before an earlier offset."""


class Windowed(Bytes, Protocol):
    """Bytes that are looked at where they are held, which saves a call for each small piece."""

    def window(self, offset: int, /) -> tuple[bytes, int]:
        """Give bytes that are held, and where they begin: at `offset` or before.

        Those of a tar header are among them, unless the end is nearer.
        """


class StoredBytes(Bytes, Protocol):
    """Bytes of a known length, read at any place and as often as wanted."""

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on, about `size` at a time."""


class Bytefile(Protocol):
    """A file that stretches are parts of."""

    @property
    def own(self) -> bool:
        """Whether it is one that we wrote, and that has no name."""

    @property
    def size(self) -> int:
        """How many bytes it had when it was opened first."""

    def pread(self, count: int, offset: int, /) -> bytes:
        """Give bytes from an offset on, as the system call does; OSError or Damage where that fails."""

    def status(self) -> os.stat_result:
        """How it is now; OSError or Damage where that cannot be had."""


class OpenFile:
    """A file held open; closed when nobody uses it any more."""

    __slots__ = ("fd", "own", "size")

    def __init__(self, fd: int, *, own: bool = False) -> None:
        self.fd, self.own = fd, own
        self.size = os.fstat(fd).st_size

    def pread(self, count: int, offset: int, /) -> bytes:
        """Give bytes from an offset on."""
        return os.pread(self.fd, count, offset)

    def status(self) -> os.stat_result:
        """How it is now."""
        return os.fstat(self.fd)

    def __del__(self) -> None:
        """Close it."""
        os.close(self.fd)


def is_ours(status: os.stat_result) -> bool:
    """Whether only this user, its own group and the system's can write to such a file."""
    mine = status.st_uid in {0, os.geteuid()}
    loose = status.st_mode & (0o002 if status.st_gid == os.getegid() else 0o022)
    return mine and not loose


class Stretch:
    """A part of a file.

    It is read, and not mapped: a map of a file that shrinks kills the process, and its pages would count as memory.
    """

    __slots__ = ("_at", "_held", "file", "length", "start")

    def __init__(self, file: Bytefile, start: int = 0, length: int | None = None) -> None:
        left = max(0, file.size - start)
        self.file, self.start = file, start
        self.length = left if length is None else min(length, left)
        self._held, self._at = b"", 0

    @property
    def place(self) -> tuple[object, int, int]:
        """Where it is."""
        return self.file, self.start, self.length

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Give bytes at any offset."""
        begin = offset - self._at
        if begin >= 0 and begin + count <= len(self._held):
            return self._held[begin : begin + count]
        if offset >= self.length:
            return b""
        if count > WINDOW:
            return self._read(offset, min(count, self.length - offset))
        self._held, self._at = self._read(offset, min(WINDOW, self.length - offset)), offset
        return self._held[:count]

    def piece(self, offset: int, count: int, /) -> bytes:
        """Give bytes at any offset, and read no more than these, for who reads here and there."""
        begin = offset - self._at
        if begin >= 0 and begin + count <= len(self._held):
            return self._held[begin : begin + count]
        return self._read(offset, min(count, self.length - offset)) if offset < self.length else b""

    def window(self, offset: int, /) -> tuple[bytes, int]:
        """Give the bytes around an offset."""
        self.fetch(offset, BLOCK)
        return (self._held, self._at) if offset < self.length else (b"", offset)

    def _read(self, offset: int, count: int) -> bytes:
        try:
            data = self.file.pread(count, self.start + offset)
            if 0 < len(data) < count:
                parts = [data]
                while (have := sum(map(len, parts))) < count and parts[-1]:
                    parts.append(self.file.pread(count - have, self.start + offset + have))
                data = b"".join(parts)
        except OSError as error:
            raise Damage(why=error.strerror or str(error)) from error
        if len(data) < count:
            raise Damage(
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
