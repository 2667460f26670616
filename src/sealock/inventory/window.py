"""A large file of which analyzers read pieces: only these are loaded into memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias, overload

HEAD: Final = 4096
"""Bytes at the beginning that are kept: most small pieces are there."""
PIECE: Final = 1 << 20


class Window:
    """Stands for a file's bytes: it has a length, and its slices are bytes. `fetch(offset, count)` reads them."""

    __slots__ = ("_fetch", "_head", "_length")

    def __init__(self, fetch: Callable[[int, int], bytes], length: int) -> None:
        self._fetch, self._length = fetch, length
        self._head = fetch(0, min(HEAD, length))

    def __len__(self) -> int:
        """Its size in bytes."""
        return self._length

    @overload
    def __getitem__(self, at: slice) -> bytes: ...
    @overload
    def __getitem__(self, at: int) -> int: ...
    def __getitem__(self, at: slice | int) -> bytes | int:
        """Read a piece; fewer bytes where the file has no more."""
        if isinstance(at, int):
            return self[at : at + 1][0]
        start, stop, step = at.indices(self._length)
        if step != 1:
            message = "bytes of a window are read in order"
            raise ValueError(message)
        if stop <= len(self._head):
            return self._head[start:stop]
        return self._fetch(start, stop - start) if stop > start else b""

    def find(self, what: bytes, start: int, end: int) -> int:
        """The offset of bytes within a range, -1 if they are not there."""
        end = min(end, self._length)
        while start < end:
            at = self[start : min(end, start + PIECE)].find(what)
            if at >= 0:
                return start + at
            if start + PIECE >= end:
                return -1
            start += PIECE - len(what) + 1
        return -1

    def startswith(self, what: bytes) -> bool:
        """Whether the file begins with these bytes."""
        return self[: len(what)] == what


FileContent: TypeAlias = bytes | Window
