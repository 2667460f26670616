"""Reads what analyzers need of programs for Windows (PE) and macOS (Mach-O): their sections, and what is loaded where.

Images carry them to hand them out: a server's command line client, a build's results. As with ELF files, whatever
points outside of the file is cut to what is there. Sources: "PE Format" of Microsoft, <mach-o/loader.h> and
<mach-o/fat.h> of Apple.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from sealock.inventory.elf import bytes_at
from sealock.inventory.window import FileContent

HEADS: Final = frozenset({b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce"})
"""The first bytes of a program for macOS, in both widths and byte orders."""
FAT: Final = b"\xca\xfe\xba\xbe"
"""The first bytes of a program for several architectures, and of a class of Java."""
PE: Final = b"MZ"

_MOST_ARCHITECTURES: Final = 20
"""A class of Java has its version where such a program has their number, and the lowest is 45."""
_FAT_HEAD: Final = Layout(">II")
_ARCHITECTURE: Final = Layout(">IIIII")

_AT_PE_HEADER: Final = 0x3C
_PE_HEADER: Final = Layout("<4sHHIIIHH")
_PE_SECTION: Final = Layout("<8sIIIIIIHHI")
_MOST_SECTIONS: Final = 1024
_INITIALIZED: Final = 0x40
_WRITE: Final = 0x8000_0000

_MOST_COMMANDS: Final = 4096
_LARGEST_COMMANDS: Final = 1 << 20
_SEGMENTS: Final = {0x1: False, 0x19: True}
"""The commands that describe a segment, and whether their numbers are wide."""
_VM_WRITE: Final = 2


class Part(Struct, frozen=True, gc=False):
    """A section or segment: the address that it is loaded at, and the bytes of the file, from its start."""

    name: bytes
    address: int
    offset: int
    size: int
    writable: bool = False


class ForeignProgram(Struct, frozen=True):
    """A program for Windows or macOS: of several architectures, that of the first."""

    data: FileContent
    sections: tuple[Part, ...]
    loaded: tuple[Part, ...]
    """What holds its code and data: the segments; for Windows, the sections."""

    def section(self, name: bytes) -> Part | None:
        """Find the first section of this name."""
        return next((section for section in self.sections if section.name == name), None)

    def content_of(self, name: bytes, limit: int) -> bytes | None:
        """Return the bytes of the first section of this name, as far as the file has them; None for no such section."""
        part = self.section(name)
        return None if part is None else self.data[part.offset : part.offset + min(part.size, limit)]

    def at_address(self, address: int, size: int) -> bytes:
        """Return the bytes that would be loaded at an address; fewer, or none, where the file has not got them."""
        spans = ((part.address, part.offset, part.size) for part in self.loaded)
        return bytes_at(self.data, spans, address, size)


def is_foreign(head: bytes) -> bool:
    """Whether the first four bytes of a file are those of such a program."""
    return head[:2] == PE or head in HEADS or head == FAT


def read(data: FileContent) -> ForeignProgram | None:
    """Read a program's tables; None for any other file, as one is that only begins like it."""
    head = data[:4]
    if head[:2] == PE:
        return _read_pe(data)
    if head == FAT:
        count, table = _fields(_FAT_HEAD, data, 0)[1], data[8 : 8 + _ARCHITECTURE.size]
        if not 0 < count < _MOST_ARCHITECTURES or len(table) < _ARCHITECTURE.size:
            return None
        return _read_macho(data, _ARCHITECTURE.unpack(table)[2])
    return _read_macho(data, 0) if head in HEADS else None


def _fields(layout: Layout, data: FileContent, at: int) -> tuple[int, ...]:
    """The numbers at an offset, all zero where the file ends before them."""
    return layout.unpack(data[at : at + layout.size].ljust(layout.size, b"\0"))


def _read_pe(data: FileContent) -> ForeignProgram | None:
    start = int.from_bytes(data[_AT_PE_HEADER : _AT_PE_HEADER + 4], "little")
    header = data[start : start + _PE_HEADER.size]
    if len(header) < _PE_HEADER.size or not header.startswith(b"PE\0\0"):
        return None
    _, _, count, _, _, _, optional, _ = _PE_HEADER.unpack(header)
    at = start + _PE_HEADER.size
    # Addresses count from the base of the image, which stands in one place for each width.
    wide = data[at : at + 2] == b"\x0b\x02"
    base = int.from_bytes(data[at + 24 : at + 32] if wide else data[at + 28 : at + 32], "little")
    table = data[at + optional : at + optional + min(count, _MOST_SECTIONS) * _PE_SECTION.size]
    rows = _PE_SECTION.iter_unpack(table[: len(table) // _PE_SECTION.size * _PE_SECTION.size])
    sections = tuple(
        Part(name.rstrip(b"\0"), base + address, offset, size, bool(kind & _INITIALIZED and kind & _WRITE))
        for name, _, address, size, offset, _, _, _, _, kind in rows
    )
    return ForeignProgram(data, sections, sections)


def _read_macho(data: FileContent, start: int) -> ForeignProgram | None:
    head = data[start : start + 4]
    if head not in HEADS:
        return None
    order = "<" if head[0] != 0xFE else ">"
    wide = b"\xcf" in head
    count, size = _fields(Layout(f"{order}II"), data, start + 16)
    first = start + (32 if wide else 28)
    commands = data[first : first + min(size, _LARGEST_COMMANDS)]
    loaded: list[Part] = []
    sections: list[Part] = []
    for segment, within in _segments(commands, min(count, _MOST_COMMANDS), order, start):
        loaded.append(segment)
        sections += within
    return ForeignProgram(data, tuple(sections[:_MOST_SECTIONS]), tuple(loaded))


def _segments(commands: bytes, count: int, order: str, start: int) -> Iterator[tuple[Part, list[Part]]]:
    """Yield each segment with its sections; offsets in the file count from the start of the architecture."""
    command = Layout(f"{order}II")
    at = 0
    for _ in range(count):
        if at + command.size > len(commands):
            return
        kind, size = command.unpack_from(commands, at)
        if size < command.size:
            return
        if kind in _SEGMENTS:
            word = "Q" if _SEGMENTS[kind] else "I"
            segment = Layout(f"{order}16s{word * 4}IIII")
            body = commands[at + command.size : at + size]
            if len(body) < segment.size:
                return
            name, address, _, offset, length, _, protection, _, _ = segment.unpack_from(body)
            within = Layout(f"{order}16s16s{word * 2}I{'28x' if word == 'Q' else '24x'}")
            rest = body[segment.size :]
            yield (
                Part(name.rstrip(b"\0"), address, start + offset, length, bool(protection & _VM_WRITE)),
                [
                    Part(own.rstrip(b"\0"), place, start + offset, length)
                    for own, _, place, length, offset in within.iter_unpack(
                        rest[: len(rest) // within.size * within.size]
                    )
                ],
            )
        at += size
