"""What programs of .NET in a single file say of their libraries, and what broken ones do."""

from __future__ import annotations

from collections.abc import Callable
from struct import pack, pack_into

import pytest
from hypothesis import given

from sealock.inventory.dotnetbundle import MARK, DotnetBundle
from sealock.model.inventory import FileFact, Package
from support.analyzers import mutated, read, survives
from support.draws import draws
from support.elffiles import make
from support.foreignfiles import macho, pe
from support.packageholders import PADDING, bundle


def listed(data: bytes) -> list[str]:
    found, told = read(DotnetBundle(), "app/web", data)
    assert not told
    return [f"{one.name} {one.version} {one.path}" for one in found if isinstance(one, Package)]


@pytest.mark.parametrize("major", [2, 6, 9])
def test_the_libraries_of_a_bundle_are_listed(major: int) -> None:
    assert listed(bundle(major)) == ["Newtonsoft.Json 12.0.1 app/web"]


def with_memory(data: bytes) -> bytes:
    """A program of Linux that asks for a megabyte of memory, which the file does not hold."""
    image = bytearray(make({".data": data, ".bss": b""}))
    row = image.index(pack("<IQ", 8, 2))
    pack_into("<Q", image, row + 28, 1 << 20)
    return bytes(image)


@pytest.mark.parametrize(
    "host_of",
    [
        pytest.param(with_memory, id="with memory that the file does not hold"),
        pytest.param(lambda data: pe(b".data", data), id="for Windows"),
        pytest.param(lambda data: macho(b"__data", data), id="for macOS"),
    ],
)
def test_a_bundle_may_be_any_program(host_of: Callable[[bytes], bytes]) -> None:
    assert listed(bundle(host_of=host_of)) == ["Newtonsoft.Json 12.0.1 app/web"]


@pytest.mark.parametrize(
    "data",
    [
        make({".data": bytes(8)}),
        pe(b".data", bytes(8)) + PADDING,
        make({".data": bytes(8) + MARK}),
        make({".data": bytes(8) + MARK}) + PADDING,
        make({".rodata": bytes(8)}) + PADDING,
        bundle(size=0),
        b"no program",
    ],
    ids=[
        "no mark",
        "no mark, for Windows",
        "nothing behind",
        "a host without a bundle",
        "no data",
        "no deps.json",
        "no program",
    ],
)
def test_other_programs_have_none(data: bytes) -> None:
    assert listed(data) == []


@pytest.mark.parametrize(("size", "offset"), [(1 << 40, None), (-1, None), (100, 1 << 60), (100, -5)])
def test_a_bundle_that_does_not_hold_what_it_names_is_an_error(size: int, offset: int | None) -> None:
    found, told = read(DotnetBundle(), "app/web", bundle(size=size, offset=offset))
    assert not found
    assert "is a bundle of .NET whose *.deps.json is not where it says" in told


def test_a_bundle_that_only_lists_files_is_named_as_unread() -> None:
    found, _ = read(DotnetBundle(), "app/web", bundle(1))
    assert found == [FileFact("unread-packages", "app/web", detail=".NET Core 3 in a single file")]


@draws(100)
@given(mutated(bundle()))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    survives(DotnetBundle(), "app/web", data)
