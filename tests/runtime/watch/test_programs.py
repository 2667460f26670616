"""The programs for the kernel are made from its own description, and the records they send are read."""

from __future__ import annotations

import os
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealock.runtime.watch import layout as lay
from sealock.runtime.watch.assembly import Assembly
from sealock.runtime.watch.kerneltracing import MadeGroup, TracedFile, read_record
from sealock.runtime.watch.kerneltypes import BTF, KernelTypeError, KernelTypes, read_kernel_types
from sealock.runtime.watch.layout import KernelLayout, read_layout
from sealock.runtime.watch.programs import programs

NAMES = (b"", b"inner", b"outer", b"x", b"y", b"bits", b"btf_trace_happened", b"first_cgrp_id", b"second_cgrp_id", b"u")


def name(text: bytes) -> int:
    return b"\0".join((*NAMES, b"")).index(b"\0" + text + b"\0") + 1 if text else 0


def description(magic: int = 0xEB9F) -> bytes:
    """An integer; a structure with a bit field; one with that and, without a name, a union; a type; an enumeration."""

    def kind(text: bytes, number: int, members: int = 0, other: int = 0, *, flag: bool = False) -> bytes:
        return struct.pack("<III", name(text), number << 24 | members | flag << 31, other)

    def member(text: bytes, of: int, bits: int, size: int = 0) -> bytes:
        return struct.pack("<III", name(text), of, bits | size << 24)

    types = b"".join((
        kind(b"u", 1, other=4), struct.pack("<I", 32),
        kind(b"inner", 4, 2, 8, flag=True), member(b"x", 1, 0), member(b"bits", 1, 37, 3),
        kind(b"", 5, 1, 8), member(b"y", 2, 0),
        kind(b"outer", 4, 2, 24), member(b"x", 2, 64), member(b"", 3, 128),
        kind(b"btf_trace_happened", 8, other=4),
        kind(b"", 6, 2, 4), struct.pack("<Ii", name(b"first_cgrp_id"), 0), struct.pack("<Ii", name(b"second_cgrp_id"), 7),
    ))  # fmt: skip
    names = b"\0".join((*NAMES, b""))
    return struct.pack("<HBBIIIII", magic, 1, 0, 24, 0, len(types), len(types), len(names)) + types + names


@pytest.mark.parametrize(
    ("structure", "path", "place"),
    [
        ("inner", "x", (0, 0)),
        ("inner", "bits", (4, 5)),
        ("outer", "x.x", (8, 0)),
        ("outer", "y.bits", (20, 5)),
        ("outer", "y", (16, 0)),
    ],
)
def test_a_field_is_where_the_kernel_says(structure: str, path: str, place: tuple[int, int]) -> None:
    field = KernelTypes(description()).field(structure, path)
    assert (field.offset, field.shift) == place


def test_a_tracepoint_and_a_constant_have_their_numbers() -> None:
    types = KernelTypes(description())
    assert types.tracepoint("happened") == 5
    assert (types.has_tracepoint("happened"), types.has_tracepoint("other")) == (True, False)
    assert (types.constant("first_cgrp_id"), types.constant("second_cgrp_id")) == (0, 7)


@pytest.mark.parametrize(
    ("structure", "path", "message"),
    [("nosuch", "x", "no nosuch"), ("outer", "z", "outer has no z"), ("outer", "x.z", "outer has no x.z")],
)
def test_what_a_kernel_lacks_is_named(structure: str, path: str, message: str) -> None:
    with pytest.raises(KernelTypeError, match=message):
        KernelTypes(description()).field(structure, path)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300), st.integers(0, 300))
def test_a_damaged_description_is_an_error_or_lacks_something(junk: bytes, at: int) -> None:
    whole = description()
    for data in (junk, whole[:at] + junk + whole[at + len(junk) :], whole[:at]):
        try:
            KernelTypes(data).offset("outer", "y.bits")
        except KernelTypeError:
            continue


def test_a_kernel_without_a_description_says_so() -> None:
    with pytest.raises(KernelTypeError, match="does not describe its types"):
        read_kernel_types("/nosuch")
    with pytest.raises(KernelTypeError, match="another format"):
        KernelTypes(description(magic=1))


def test_jumps_lead_to_their_labels() -> None:
    program = Assembly()
    program.go_if(1, "==", 7, "end")
    program.set(2, 1 << 40)
    program.go("end")
    program.label("end")
    program.end(3)
    code = [struct.unpack_from("<BBhi", program.assemble(), place) for place in range(0, len(program.assemble()), 8)]
    assert code[0] == (0x15, 1, 3, 7)
    assert (code[1][0], code[1][3], code[2][3]) == (0x18, 0, 1 << 8)
    assert code[3] == (0x05, 0, 0, 0)
    assert code[4:] == [(0xB7, 0, 0, 3), (0x95, 0, 0, 0)]


@pytest.mark.skipif(not os.path.exists(BTF), reason="the kernel does not describe its types")  # noqa: PTH110  it is one path
def test_each_program_ends_and_stays_within_its_bounds() -> None:
    kernel = read_layout(read_kernel_types(), "x86_64")
    maps = dict.fromkeys(
        ("groups", "config", "sockets", "unixes", "capabilities", "users", "empty", "files", "scratch", "ring"), 3
    )
    made = dict(programs(kernel, maps))
    assert made.keys() == kernel.tracepoints.keys()
    for text in made.values():
        assert text[-8] == 0x95
        assert 0 < len(text) // 8 < 1000


def test_another_machine_is_refused() -> None:
    with pytest.raises(KernelTypeError, match="s390x"):
        read_layout(KernelTypes(description()), "s390x")


def test_a_machine_has_only_its_own_calls() -> None:
    kernel = KernelLayout("aarch64", {}, (), 0, (0, 0), (0, 0), {})
    assert kernel.calls("open", "openat", "accept") == {"openat": 56, "accept": 202}


def record(what: int, names: bytes, flags: int = 0, access: int = 1) -> bytes:
    return lay.RECORD.pack(9, what, access, 0o100644, flags, 1) + names


def test_a_record_has_the_path_from_the_file_up() -> None:
    assert read_record(record(lay.FILE, b"passwd\0etc\0")) == TracedFile(9, "/etc/passwd", 1, 0o100644, 0)
    assert read_record(record(lay.DIRECTORY, b"/docker/abc\0")) == MadeGroup(9, "/docker/abc")
    assert read_record(record(lay.FILE, b"\xff\0")) == TracedFile(9, "/\udcff", 1, 0o100644, 0)


@pytest.mark.parametrize("junk", [b"", b"x" * (lay.RECORD.size - 1), record(lay.DIRECTORY, b""), record(7, b"a\0")])
def test_what_is_no_record_is_none(junk: bytes) -> None:
    assert read_record(junk) is None


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda part: b"\0" not in part and b"/" not in part)))
def test_any_names_give_a_path_with_as_many_parts(parts: list[bytes]) -> None:
    read = read_record(record(lay.FILE, b"".join(part + b"\0" for part in parts)))
    assert isinstance(read, TracedFile)
    assert read.path.encode("utf-8", "surrogateescape") == b"/" + b"/".join(reversed(parts))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=200))
def test_any_bytes_are_a_record_or_none(junk: bytes) -> None:
    read = read_record(junk)
    assert read is None or len(junk) >= lay.RECORD.size
