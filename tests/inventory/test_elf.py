from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory import elf
from sealock.inventory._symbols import Symbol, wanted_symbols
from sealock.inventory.analyzer import BrokenFileError
from support.draws import draws
from support.elffiles import BASE, make

SHAPES = [(wide, order) for wide in (True, False) for order in "<>"]
SYMBOLS = (("printf", "GLIBC_2.2.5", "libc.so.6"), ("sin", "GLIBC_2.29", "libm.so.6"), ("own", "", ""))


def sample(*, wide: bool = True, order: str = "<", headers: bool = True) -> bytes:
    note = pack(f"{order}III", 4, 4, 3) + b"GNU\0" + bytes.fromhex("cafe0123")
    return make(
        {".rodata": b"hello"},
        wide=wide,
        order=order,
        needed=("libc.so.6", "libm.so.6"),
        soname="libown.so.1",
        interpreter="/lib64/ld-linux-x86-64.so.2",
        symbols=SYMBOLS,
        notes=note,
        headers=headers,
    )


@pytest.mark.parametrize(("wide", "order"), SHAPES)
def test_all_tables_are_read_in_both_widths_and_byte_orders(*, wide: bool, order: str) -> None:
    program = elf.read(sample(wide=wide, order=order))
    assert program.whole
    assert program.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert program.dynamic == elf.Dynamic((b"libc.so.6", b"libm.so.6"), b"libown.so.1")
    section = program.section(b".rodata")
    assert section is not None
    assert program.content(section) == b"hello"
    assert program.at_address(BASE + section.offset, 4) == b"hell"
    assert wanted_symbols(program) == [
        Symbol(b"printf", b"GLIBC_2.2.5", b"libc.so.6"),
        Symbol(b"sin", b"GLIBC_2.29", b"libm.so.6"),
    ]
    assert [symbol.name for symbol in wanted_symbols(program, b"GLIBC_2.29")] == [b"sin"]


@pytest.mark.parametrize(("wide", "order"), SHAPES)
def test_without_section_table_the_segments_tell_enough(*, wide: bool, order: str) -> None:
    program = elf.read(sample(wide=wide, order=order, headers=False))
    assert program.dynamic.soname == b"libown.so.1"
    assert program.section(b".rodata") is None
    assert wanted_symbols(program) == []


def test_the_running_interpreter_needs_libc() -> None:
    program = elf.read(Path(sys.executable).resolve().read_bytes())
    assert b"libc.so.6" in program.dynamic.needed
    assert "ld-linux" in program.interpreter
    assert any(symbol.name == b"__libc_start_main" for symbol in wanted_symbols(program))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x7fELF", "neither a 32 nor a 64 bit"),
        (b"\x7fELF\x03\x01\x01" + bytes(90), "neither a 32 nor a 64 bit"),
        (b"\x7fELF\x02\x03\x01" + bytes(90), "neither a 32 nor a 64 bit"),
        (b"#!/bin/sh and more than six bytes", "neither a 32 nor a 64 bit"),
        (sample()[:40], "ends within its ELF header"),
    ],
)
def test_what_has_no_header_is_broken(data: bytes, message: str) -> None:
    assert elf.read_if_valid(data) is None
    with pytest.raises(BrokenFileError, match=message):
        elf.read(data)


def test_a_file_that_ends_early_is_read_as_far_as_it_goes() -> None:
    program = elf.read(sample()[:-100])
    assert not program.whole
    assert program.dynamic.needed == (b"libc.so.6", b"libm.so.6")


def test_a_file_of_up_to_16_mib_is_kept_for_the_next_analyzer() -> None:
    small, large = sample(), sample().ljust((16 << 20) + 1)
    for data, kept in ((small, True), (large[:-1], True), (large, False), (small, True)):
        assert (elf.read(data) is elf.read(data)) is kept
    assert elf.read(small) is not elf.read(bytes(bytearray(small)))


def everything(data: bytes) -> None:
    """Reads all that there is to read; only Broken may come of it."""
    with suppress(BrokenFileError):
        program = elf.read(data)
        assert isinstance(program.interpreter, str)
        assert len(program.dynamic.needed) < 10_000
        assert len(wanted_symbols(program)) <= len(data)
        for index in range(min(len(program.rows), 50)):
            assert len(program.content(program.section_at(index))) <= len(data)


@draws(200)
@given(
    st.sampled_from([sample(wide=wide, order=order) for wide, order in SHAPES]),
    st.lists(st.tuples(st.integers(0, 4000), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF])), max_size=12),
    st.integers(0, 4000),
)
def test_no_damage_makes_it_fail(data: bytes, changes: list[tuple[int, int]], end: int) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    everything(bytes(damaged))
    everything(bytes(damaged[:end]))


@pytest.mark.parametrize("place", range(4, 64))
def test_no_value_of_the_header_makes_it_fail_or_take_long(place: int) -> None:
    data = bytearray(sample())
    data[place : place + 2] = b"\xff\xff"
    everything(bytes(data))
