"""Zip archives in memory, within bounds: the central directory, and the entries that are selected.

The standard library's zipfile makes an object of half a kilobyte from each entry before anybody can count them, and
copies what is only stored. Here an archive of a million entries costs a count, and a stored entry is a view.
"""

from __future__ import annotations

import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator
from struct import Struct as Layout
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.inventory.analyzer import BrokenFileError
from sealock.inventory.window import Window

ZipView: TypeAlias = bytes | memoryview

ENTRIES: Final = 200_000
"""Entries of one archive."""
RATIO: Final = 200
"""Plain bytes for each packed byte, of what is larger than a mebibyte."""

END: Final = Layout("<4s4H2LH")
END_64: Final = Layout("<4sQ2H2L4Q")
LOCATOR_64: Final = Layout("<4sLQL")
CENTRAL: Final = Layout("<4s4xHH8x2L3H8xL")
LOCAL: Final = Layout("<4s22x2H")
STORED, DEFLATED = 0, 8
PIECE: Final = 1 << 20
PACKED: Final = 64 << 10
"""Plain and packed bytes that are dealt with at once."""
UNKNOWN_32: Final = 0xFFFFFFFF


class ZipEntry(Struct, frozen=True, gc=False):
    """One file in an archive: how it is packed, and where its local header begins."""

    name: str
    method: int
    encrypted: bool
    packed: int
    size: int
    offset: int


class Archive(Struct, frozen=True):
    """The selected entries, and the offsets of all local headers and of the directory."""

    data: ZipView
    entries: dict[str, ZipEntry]
    offsets: list[int]

    def read(self, entry: ZipEntry, limit: int) -> ZipView:
        """The uncompressed bytes of an entry; BrokenFileError if they contradict the directory or exceed the limit."""
        if entry.size > limit or (entry.size > 1 << 20 and entry.size > entry.packed * RATIO):
            message = f"{entry.name} would become {entry.size} bytes from {entry.packed}"
            raise BrokenFileError(message)
        _check_method(entry)
        packed = self.packed(entry)
        if entry.method == STORED:
            return packed
        inflater = zlib.decompressobj(-15)
        plain, at = bytearray(entry.size), 0
        for piece in _inflated(inflater, packed, entry):
            if at + len(piece) > entry.size:
                break
            plain[at : at + len(piece)] = piece
            at += len(piece)
        if at != entry.size or not inflater.eof:
            message = f"{entry.name} is not as long as the archive says"
            raise BrokenFileError(message)
        return memoryview(plain).toreadonly()

    def head(self, entry: ZipEntry, most: int) -> ZipView:
        """The first uncompressed bytes of an entry, without verifying the rest."""
        _check_method(entry)
        packed = self.packed(entry)
        if entry.method == STORED:
            return packed[:most]
        return next(_inflated(zlib.decompressobj(-15), packed, entry, most), b"")

    def packed(self, entry: ZipEntry) -> ZipView:
        """The stored bytes of an entry; BrokenFileError if they overlap another entry."""
        if not 0 <= entry.offset <= len(self.data) - LOCAL.size:
            message = f"{entry.name} lies outside of the archive"
            raise BrokenFileError(message)
        signature, name, extra = LOCAL.unpack_from(self.data, entry.offset)
        start = entry.offset + LOCAL.size + name + extra
        end = start + entry.packed
        written = bytes(self.data[entry.offset + LOCAL.size : entry.offset + LOCAL.size + name])
        if signature != b"PK\3\4" or written.decode(errors="replace") != entry.name:
            message = f"{entry.name} is not where the archive says"
            raise BrokenFileError(message)
        if end > self.offsets[bisect_right(self.offsets, entry.offset)]:
            message = f"{entry.name} overlaps what follows it"
            raise BrokenFileError(message)
        if entry.method == STORED and entry.size != entry.packed:
            message = f"{entry.name} is not as long as the archive says"
            raise BrokenFileError(message)
        return self.data[start:end]


def _check_method(entry: ZipEntry) -> None:
    if entry.encrypted or entry.method not in {STORED, DEFLATED}:
        message = f"{entry.name} is encrypted or packed in an unusual way"
        raise BrokenFileError(message)


def _inflated(inflater: zlib._Decompress, packed: ZipView, entry: ZipEntry, most: int = PIECE) -> Iterator[bytes]:
    """Yield uncompressed bytes in pieces, which saves memory; at most one byte more than the entry states."""
    try:
        for at in range(0, len(packed), PACKED):
            left: ZipView = packed[at : at + PACKED]
            is_last = at + PACKED >= len(packed)
            while (left or is_last) and not inflater.eof and (plain := inflater.decompress(left, most)):
                left = inflater.unconsumed_tail
                yield plain
    except zlib.error as error:
        message = f"{entry.name} cannot be inflated: {error}"
        raise BrokenFileError(message) from None


def open_archive(data: ZipView, is_selected: Callable[[bytes], bool], most: int = ENTRIES) -> Archive:
    """Read the central directory, and keep the selected entries; of equal names, the last."""
    start, end, shift = directory(data)
    count = bytes(data[start:end]).count(b"PK\1\2")
    if count > min(most, ENTRIES):
        message = f"has too many entries: {count}"
        raise BrokenFileError(message)
    entries: dict[str, ZipEntry] = {}
    offsets = []
    at = start
    while at + CENTRAL.size <= end:
        signature, flags, method, packed, size, name, extra, comment, offset = CENTRAL.unpack_from(data, at)
        if signature != b"PK\1\2":
            message = "has a directory that is damaged"
            raise BrokenFileError(message)
        at += CENTRAL.size
        raw = bytes(data[at : at + name])
        if UNKNOWN_32 in {packed, size, offset}:
            packed, size, offset = wide(data[at + name : at + name + extra], size, packed, offset)
        offsets.append(offset + shift)
        if is_selected(raw):
            text = raw.decode(errors="replace")
            entries[text] = ZipEntry(text, method, bool(flags & 1), packed, size, offset + shift)
        at += name + extra + comment
    offsets.append(start)
    offsets.sort()
    # Nothing may begin behind the directory, so that every entry has something that follows it.
    if offsets[-1] > start or offsets[0] < 0:
        message = "has entries outside of the archive"
        raise BrokenFileError(message)
    return Archive(data, entries, offsets)


def directory(data: ZipView | Window) -> tuple[int, int, int]:
    """The begin and end of the central directory, and the shift of all offsets (a script may precede the archive)."""
    tail = bytes(data[-(END.size + 65535) :])
    place = tail.rfind(b"PK\5\6")
    if place < 0 or len(tail) - place < END.size:
        message = "is not a zip archive, or is truncated"
        raise BrokenFileError(message)
    size, offset = END.unpack_from(tail, place)[5:7]
    end = len(data) - len(tail) + place
    at = end - LOCATOR_64.size - END_64.size
    if (
        at >= 0
        and bytes(data[at : at + 4]) == b"PK\6\6"
        and bytes(data[at + END_64.size : at + END_64.size + 4]) == b"PK\6\7"
    ):
        size, offset = END_64.unpack(data[at : at + END_64.size])[8:10]
        end = at
    start = end - size
    if start < 0 or start < offset:
        message = "has a directory outside of the archive"
        raise BrokenFileError(message)
    return start, end, start - offset


def wide(extra: ZipView, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Packed size, size and offset of an entry for which 32 bits are too few."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = int.from_bytes(extra[at : at + 2], "little"), int.from_bytes(extra[at + 2 : at + 4], "little")
        body = extra[at + 4 : at + 4 + length]
        if kind == 1:
            numbers = iter(int.from_bytes(body[i : i + 8], "little") for i in range(0, len(body), 8))
            size, packed, offset = (next(numbers, n) if n == UNKNOWN_32 else n for n in (size, packed, offset))
            return packed, size, offset
        at += 4 + length
    return packed, size, offset
