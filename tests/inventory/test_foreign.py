from __future__ import annotations

import gzip
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory import foreign
from sealock.scan.images import ImageOptions, read_inventories
from support.draws import draws
from support.foreignfiles import MACH_BASE, PE_BASE, START, fat, macho, pe
from support.madeimages import Layout, docker_save, info, spread, tar, write

TEXT = b"0123456789"
SHAPES = {
    "for Windows": (pe(b".data", TEXT), b".data", PE_BASE, START),
    "for Windows, in 32 bits": (pe(b".data", TEXT, wide=False), b".data", PE_BASE, START),
    "for macOS": (macho(b"__data", TEXT), b"__data", MACH_BASE, START),
    "for macOS, in 32 bits": (macho(b"__data", TEXT, wide=False), b"__data", MACH_BASE, START),
    "for macOS, in the other byte order": (macho(b"__data", TEXT, order=">"), b"__data", MACH_BASE, START),
    "in 32 bits and the other order": (macho(b"__data", TEXT, order=">", wide=False), b"__data", MACH_BASE, START),
    "for several architectures": (fat(macho(b"__data", TEXT)), b"__data", MACH_BASE, START + 0x200),
}


@pytest.mark.parametrize(("data", "name", "base", "start"), SHAPES.values(), ids=SHAPES.keys())
def test_a_program_has_sections_and_addresses(data: bytes, name: bytes, base: int, start: int) -> None:
    assert foreign.is_foreign(data[:4])
    program = foreign.read(data)
    assert program is not None
    section = program.section(name)
    assert section is not None
    assert (section.address, section.offset, section.size) == (base + 0x1000, start, 10)
    assert program.content_of(name, 100) == TEXT
    assert program.content_of(name, 4) == b"0123"
    assert program.content_of(b"other", 4) is None
    assert [part.writable for part in program.loaded] == [True]
    reads = {(0, 3): b"012", (7, 3): b"789", (8, 9): b"89", (9, 1): b"9", (10, 1): b"", (-1, 1): b""}
    assert {at: program.at_address(base + 0x1000 + at[0], at[1]) for at in reads} == reads


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"MZ", id="two letters"),
        pytest.param(b"MZ".ljust(300, b"\0"), id="a program for DOS"),
        pytest.param(pe(b".data", TEXT)[:0x90], id="a program for Windows that ends within its header"),
        pytest.param(b"\xca\xfe\xba\xbe" + pack(">HH", 0, 52) + bytes(100), id="a class of Java"),
        pytest.param(b"\xca\xfe\xba\xbe" + pack(">HH", 0, 45) + bytes(100), id="a class of the first Java"),
        pytest.param(b"\xca\xfe\xba\xbe" + pack(">I", 0) + bytes(100), id="no architecture"),
        pytest.param(b"\xca\xfe\xba\xbe" + pack(">I", 1) + bytes(19), id="a table of architectures that ends early"),
        pytest.param(fat(b"\x7fELF".ljust(100)), id="an architecture of another system"),
        pytest.param(b"\x7fELF".ljust(100), id="a program for Linux"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_other_files_are_no_such_programs(data: bytes) -> None:
    assert foreign.read(data) is None


def _with(data: bytes, at: int, value: bytes) -> bytes:
    return data[:at] + value + data[at + len(value) :]


COMMANDS = 32
"""Where the commands of a program for macOS begin."""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(macho(b"__data", TEXT)[:COMMANDS], id="no commands at all"),
        pytest.param(macho(b"__data", TEXT)[: COMMANDS + 20], id="a segment that ends early"),
        pytest.param(_with(macho(b"__data", TEXT), 16, pack("<I", 1)), id="a count that leaves it out"),
        pytest.param(_with(macho(b"__data", TEXT), 20, pack("<I", 60)), id="a size that ends within it"),
        pytest.param(_with(macho(b"__data", TEXT), COMMANDS + 4, pack("<I", 0)), id="a command of no size"),
        pytest.param(_with(macho(b"__data", TEXT), COMMANDS + 20, pack("<I", 40)), id="a segment smaller than itself"),
        pytest.param(_with(pe(b".data", TEXT), 0x86, pack("<H", 0)), id="no sections"),
        pytest.param(pe(b".data", TEXT)[:0xD0], id="a table of sections that ends early"),
    ],
)
def test_a_damaged_table_has_no_rows(data: bytes) -> None:
    program = foreign.read(data)
    assert program is not None
    assert (program.sections, program.loaded, program.at_address(PE_BASE + 0x1000, 1)) == ((), (), b"")


def test_a_table_of_very_many_rows_is_cut() -> None:
    row = pe(b".data", TEXT)[0xB8 : 0xB8 + 40]
    data = _with(_with(pe(b".data", TEXT), 0x86, pack("<H", 0xFFFF)), 0xB8, row * 5000)
    program = foreign.read(data)
    assert program is not None
    assert len(program.sections) == 1024
    command = macho(b"__data", TEXT)[COMMANDS + 16 : START].rstrip(b"\0")
    command = command.ljust(8 + 64 + 80, b"\0")
    many = _with(_with(macho(b"__data", TEXT), 16, pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)), COMMANDS, command * 9000)
    program = foreign.read(many)
    assert program is not None
    assert (len(program.loaded), len(program.sections)) == (4096, 1024)


@draws(200)
@given(
    st.sampled_from([data for data, *_ in SHAPES.values()]),
    st.lists(st.tuples(st.integers(0, 600), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), max_size=12),
    st.integers(0, 600),
)
def test_no_damage_makes_it_fail(data: bytes, changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    for cut in (bytes(damaged), bytes(damaged[:end])):
        program = foreign.read(cut)
        for part in program.sections if program else ():
            content = program.content_of(part.name, 1 << 20) if program else None
            assert content is not None
            assert len(content) <= len(cut)


@pytest.mark.parametrize("kind", ["archive", "compressed layers", "directory"])
@pytest.mark.parametrize("name", ["srv/tool.exe", "srv/tool-darwin", "srv/tool.bin"])
def test_an_image_that_hands_out_programs_has_their_modules(name: str, kind: str, tmp_path: Path) -> None:
    build = b"\xff Go buildinf:\x08\x02".ljust(32, b"\0") + b"\x08go1.22.5\0"
    data = macho(b"__go_buildinfo", build) if "darwin" in name else pe(b".data", build)
    plain = tar(info(name, data))
    if kind == "directory":
        path = spread(tmp_path / "root", {name: data})
    elif kind == "archive":
        path = write(tmp_path / "x.tar", docker_save(plain))
    else:
        made = Layout()
        path = write(tmp_path / "x.tar", made.index(made.image((plain, gzip.compress(plain)))))
    (inventory,) = read_inventories(path, ImageOptions())
    assert [(package.name, package.version, package.path) for package in inventory.packages] == [
        ("stdlib", "1.22.5", name)
    ]
    assert not inventory.errors
