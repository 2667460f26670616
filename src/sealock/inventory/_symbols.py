"""The symbols that an ELF file wants from its libraries, each with its version: what a loader would look for."""

from __future__ import annotations

import struct
from collections.abc import Set as AbstractSet
from struct import Struct as Layout
from typing import Final, NamedTuple

from sealock.inventory.elf import Elf, text_at

_SYMTAB: Final = 2
_DYNSYM: Final = 11
_WEAK: Final = 2
_VERSION_NEEDS: Final = 0x6FFFFFFE
_VERSION_OF_SYMBOLS: Final = 0x6FFFFFFF

_MAX_NAMES: Final = 20_000
_MAX_SYMBOLS: Final = 400_000


class Symbol(NamedTuple):
    """A symbol that the file wants from elsewhere, with the version and the library that it is to come from."""

    name: bytes
    version: bytes
    library: bytes
    weak: bool = False
    """Whether the file works without it: the loader sets a missing weak symbol to zero."""


def wanted_symbols(elf: Elf, prefix: bytes = b"") -> list[Symbol]:
    """List the symbols that the file wants from elsewhere in a version that begins so; none without a version."""
    table = elf.section_of_type(_DYNSYM)
    needs = {number: need for number, need in _version_needs(elf).items() if need[0].startswith(prefix)}
    if not needs or table is None or table.link >= len(elf.rows):
        return []
    names = elf.content(elf.section_at(table.link), 64 << 20)
    layout = elf.shape.symbol
    content = elf.content(table, _MAX_SYMBOLS * layout.size)
    rows = layout.iter_unpack(content[: len(content) // layout.size * layout.size])
    return [
        Symbol(text_at(names, row[0]), *needs[version & 0x7FFF], weak=row[1] >> 4 == _WEAK)
        for row, version in zip(rows, _symbol_versions(elf), strict=False)
        if row[3] == 0 and version & 0x7FFF in needs
    ]


def defined_addresses(elf: Elf, wanted: AbstractSet[bytes]) -> dict[bytes, int]:
    """The addresses of those of the wanted symbols that a 64-bit file defines, by its dynamic table or the other."""
    addresses: dict[bytes, int] = {}
    order = elf.shape.word.format[0]
    layout = Layout(f"{order}IBBHQQ")
    for kind in (_DYNSYM, _SYMTAB) if elf.shape.wide else ():
        table = elf.section_of_type(kind)
        if table is None or table.link >= len(elf.rows):
            continue
        names = elf.content(elf.section_at(table.link), 64 << 20)
        content = elf.content(table, _MAX_SYMBOLS * layout.size)
        for name, _, _, section, address, _ in layout.iter_unpack(content[: len(content) // layout.size * layout.size]):
            if section and (text := text_at(names, name)) in wanted:
                addresses.setdefault(text, address)
    return addresses


def imported_names(elf: Elf) -> list[bytes]:
    """List the names of all symbols that the file wants from elsewhere, with or without a version."""
    table = elf.section_of_type(_DYNSYM)
    if table is None or table.link >= len(elf.rows):
        return []
    names = elf.content(elf.section_at(table.link), 64 << 20)
    layout = elf.shape.symbol
    content = elf.content(table, _MAX_SYMBOLS * layout.size)
    rows = layout.iter_unpack(content[: len(content) // layout.size * layout.size])
    return [name for row in rows if row[3] == 0 and (name := text_at(names, row[0]))]


def _symbol_versions(elf: Elf) -> tuple[int, ...]:
    section = elf.section_of_type(_VERSION_OF_SYMBOLS)
    if section is None:
        return ()
    content = elf.content(section, _MAX_SYMBOLS * 2)
    order = elf.shape.word.format[0]
    return Layout(f"{order}{len(content) // 2}H").unpack_from(content)


def _version_needs(elf: Elf) -> dict[int, tuple[bytes, bytes]]:
    """Map the numbers of symbol versions to (version, library)."""
    section = elf.section_of_type(_VERSION_NEEDS)
    if section is None or section.link >= len(elf.rows):
        return {}
    content = elf.content(section, 4 << 20)
    names = elf.content(elf.section_at(section.link), 64 << 20)
    versions: dict[int, tuple[bytes, bytes]] = {}
    offset = 0
    steps = 0
    try:
        following = -1
        while following and steps < _MAX_NAMES:
            _, count, library, first, following = elf.shape.need.unpack_from(content, offset)
            entry, skip = offset + first, -1
            while count and skip and steps < _MAX_NAMES:
                _, _, number, name, skip = elf.shape.need_entry.unpack_from(content, entry)
                versions[number & 0x7FFF] = text_at(names, name), text_at(names, library)
                entry, count, steps = entry + skip, count - 1, steps + 1
            offset, steps = offset + following, steps + 1
    except struct.error:
        pass  # what lies beyond the section is not there
    return versions
