"""Reads what analyzers need of ELF files, in both widths and byte orders, on demand.

The tables of a hostile file may say anything. Whatever points outside of the file is cut to what is there, counts have
a limit, and only a file with an invalid header is a BrokenFileError.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from itertools import takewhile
from operator import itemgetter
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from sealock.inventory.analyzer import BrokenFileError
from sealock.inventory.window import FileContent, Window

MAGIC: Final = b"\x7fELF"

NOBITS: Final = 8

LOAD: Final = 1
DYNAMIC: Final = 2
INTERPRETER: Final = 3
SEGMENT_WRITE: Final = 2

_MAX_SECTIONS: Final = 16_384
_MAX_SEGMENTS: Final = 1024
_MAX_DYNAMIC: Final = 8192
_LONGEST_NAME: Final = 4096
_KEPT: Final = 16 << 20
"""A file up to this size is cached until the next one, since several analyzers read the same file."""


class _Shape(Struct, frozen=True, gc=False):
    """The layouts of one class and byte order."""

    header: Layout
    section: Layout
    segment: Layout
    dynamic: Layout
    symbol: Layout
    need: Layout
    need_entry: Layout
    word: Layout
    wide: bool


def _shape(*, wide: bool, order: str) -> _Shape:
    address = "Q" if wide else "I"
    return _Shape(
        header=Layout(f"{order}HHI{address * 3}IHHHHHH"),
        section=Layout(f"{order}II{address * 4}II{address * 2}"),
        segment=Layout(f"{order}IIQQQQQQ" if wide else f"{order}IIIIIIII"),
        dynamic=Layout(f"{order}{address * 2}"),
        # Name, info, other, section, then unused fields; the narrow form has the last three at its end.
        symbol=Layout(f"{order}IBBH16x" if wide else f"{order}I8xBBH"),
        need=Layout(f"{order}HHIII"),
        need_entry=Layout(f"{order}IHHII"),
        word=Layout(f"{order}I"),
        wide=wide,
    )


_SHAPES: Final = {
    (1, 1): _shape(wide=False, order="<"),
    (1, 2): _shape(wide=False, order=">"),
    (2, 1): _shape(wide=True, order="<"),
    (2, 2): _shape(wide=True, order=">"),
}


class Section(Struct, frozen=True, gc=False):
    """A row of the section table."""

    name: bytes
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int


class Segment(Struct, frozen=True, gc=False):
    """A program header; `size` is what the file holds of it."""

    type: int
    flags: int
    offset: int
    address: int
    size: int


class Dynamic(Struct, frozen=True):
    """Entries of the dynamic section."""

    needed: tuple[bytes, ...] = ()
    soname: bytes = b""
    runpath: bytes = b""
    """The first directories to search for libraries (DT_RUNPATH, or the older DT_RPATH), separated by colons."""


class Elf(Struct):
    """One ELF file. `whole` is False where the file ends before its own tables do."""

    data: FileContent
    kind: int
    shape: _Shape
    segments: tuple[Segment, ...]
    rows: list[tuple[int, ...]]
    """The section table of the file."""
    names: bytes
    """The names of the sections."""
    whole: bool
    known_dynamic: Dynamic | None = None

    def section(self, name: bytes) -> Section | None:
        """Find the first section of this name. Most files have none, which its name shows first."""
        if name not in self.names:
            return None
        return next((self.section_at(index) for index, row in enumerate(self.rows) if self.name_of(row) == name), None)

    def section_of_type(self, kind: int) -> Section | None:
        """Find the first section of this type."""
        return next((self.section_at(index) for index, row in enumerate(self.rows) if row[1] == kind), None)

    def section_at(self, index: int) -> Section:
        """Return the section with this number in the table."""
        row = self.rows[index]
        return Section(
            name=self.name_of(row),
            type=row[1],
            flags=row[2],
            address=row[3],
            offset=row[4],
            size=row[5],
            link=row[6],
        )

    def name_of(self, row: tuple[int, ...]) -> bytes:
        """The name of a row of the section table."""
        return text_at(self.names, row[0])

    def content(self, part: Section | Segment, limit: int = 1 << 31) -> bytes:
        """Return the bytes of a section or segment, as far as the file has them."""
        if isinstance(part, Section) and part.type == NOBITS:
            return b""
        return self.data[part.offset : part.offset + min(part.size, limit)]

    def content_of(self, name: bytes, limit: int) -> bytes | None:
        """Return the bytes of the first section of this name, as `content`; None where there is none."""
        section = self.section(name)
        return None if section is None else self.content(section, limit)

    def at_address(self, address: int, size: int) -> bytes:
        """Return the bytes that would be loaded at an address; fewer, or none, where the file has not got them."""
        spans = ((part.address, part.offset, part.size) for part in self.segments if part.type == LOAD)
        return bytes_at(self.data, spans, address, size)

    @property
    def interpreter(self) -> str:
        """The loader that runs the program, "" for a static program or a library."""
        for segment in self.segments:
            if segment.type == INTERPRETER:
                return self.content(segment, _LONGEST_NAME).split(b"\0", 1)[0].decode("utf-8", "replace")
        return ""

    @property
    def dynamic(self) -> Dynamic:
        """Its needed libraries and its own name."""
        if self.known_dynamic is None:
            self.known_dynamic = _read_dynamic(self)
        return self.known_dynamic


class _Last:
    """The file that was read last."""

    elf: Elf | None = None


def read(data: FileContent) -> Elf:
    """Read the tables of an ELF file; BrokenFileError for an invalid header."""
    last = _Last.elf
    if last is not None and last.data is data:
        return last
    elf = _read(data)
    _Last.elf = elf if isinstance(data, Window) or len(data) <= _KEPT else None
    return elf


def read_if_valid(data: FileContent) -> Elf | None:
    """Read an ELF file; None if it is broken, which one analyzer reports for all."""
    try:
        return read(data)
    except BrokenFileError:
        return None


def _read(data: FileContent) -> Elf:
    shape = _SHAPES.get((data[4], data[5])) if len(data) > 6 else None
    if shape is None or not data.startswith(MAGIC):
        message = "is neither a 32 nor a 64 bit ELF file"
        raise BrokenFileError(message)
    try:
        kind, _, _, _, phoff, shoff, _, _, phsize, phnum, shsize, shnum, names = shape.header.unpack_from(data[:64], 16)
    except struct.error:
        message = "ends within its ELF header"
        raise BrokenFileError(message) from None
    segments, whole = _table(data, shape.segment, phoff, min(phnum, _MAX_SEGMENTS), phsize)
    if shoff and not shnum:
        # More sections than sixteen bits can count: the first one's size is their number.
        first, _ = _table(data, shape.section, shoff, 1, shsize)
        shnum = first[0][5] if first else 0
    rows, complete = _table(data, shape.section, shoff, min(shnum, _MAX_SECTIONS), shsize)
    if names == 0xFFFF and rows:
        names = rows[0][6]
    return Elf(
        data=data,
        kind=kind,
        shape=shape,
        segments=tuple(map(_segment_of_64 if shape.wide else _segment_of_32, segments)),
        rows=rows,
        names=data[rows[names][4] : rows[names][4] + min(rows[names][5], 1 << 20)] if names < len(rows) else b"",
        whole=whole and complete,
    )


def _table(data: FileContent, layout: Layout, offset: int, count: int, size: int) -> tuple[list[tuple[int, ...]], bool]:
    """Read the rows of a table, and whether all of them are there."""
    if not offset or not count:
        return [], True
    if size != layout.size:
        return [], False
    table = data[offset : offset + count * size]
    return list(layout.iter_unpack(table[: len(table) // size * size])), len(table) == count * size


def _segment_of_64(row: tuple[int, ...]) -> Segment:
    return Segment(type=row[0], flags=row[1], offset=row[2], address=row[3], size=row[5])


def _segment_of_32(row: tuple[int, ...]) -> Segment:
    return Segment(type=row[0], flags=row[6], offset=row[1], address=row[2], size=row[4])


def bytes_at(data: FileContent, spans: Iterable[tuple[int, int, int]], address: int, size: int) -> bytes:
    """Return the bytes at an address, of what is loaded: each part's address, offset in the file, and size."""
    for start, offset, length in spans:
        if start <= address < start + length:
            at = offset + address - start
            return data[at : min(at + size, offset + length)]
    return b""


def text_at(table: bytes, offset: int) -> bytes:
    """Return the text that ends with a zero byte at an offset of a string table; b"" where there is none."""
    end = table.find(b"\0", offset, offset + _LONGEST_NAME)
    return table[offset:end] if end >= 0 else b""


def _read_dynamic(elf: Elf) -> Dynamic:
    segment = next((segment for segment in elf.segments if segment.type == DYNAMIC), None)
    if segment is None:
        return Dynamic()
    layout = elf.shape.dynamic
    content = elf.content(segment, _MAX_DYNAMIC * layout.size)
    needed: list[int] = []
    soname = strings = length = runpath = 0
    entries = layout.iter_unpack(content[: len(content) // layout.size * layout.size])
    for tag, value in takewhile(itemgetter(0), entries):
        if tag == 1:
            needed.append(value)
        elif tag == 5:
            strings = value
        elif tag == 10:
            length = value
        elif tag == 14:
            soname = value
        elif tag in {15, 29}:
            runpath = value
    if not strings or not (needed or soname or runpath):
        return Dynamic()
    table = elf.at_address(strings, min(length, 64 << 20))
    return Dynamic(
        needed=tuple(text_at(table, offset) for offset in needed),
        soname=text_at(table, soname) if soname else b"",
        runpath=text_at(table, runpath) if runpath else b"",
    )
