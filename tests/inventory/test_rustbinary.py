from __future__ import annotations

import json
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.rustbinary import RustBinary
from sealock.model.inventory import Package
from support.draws import draws
from support.elffiles import make
from support.foreignfiles import macho, pe

CRATES = {
    "packages": [
        {"name": "app", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1, 2]},
        {"name": "adler", "version": "1.0.2", "source": "registry"},
        {"name": "cc", "version": "1.0.83", "source": "registry", "kind": "build"},
    ]
}


def program(section: bytes, **shape: bool) -> bytes:
    return make({".dep-v0": section}, **shape)  # type: ignore[arg-type]  # the shapes that are flags


def found(data: bytes) -> list[Package]:
    return list(RustBinary().read(AnalyzedFile("usr/bin/app", data)))


LISTED = zlib.compress(json.dumps(CRATES).encode())


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(program(LISTED), id="for Linux"),
        pytest.param(program(LISTED, wide=False), id="with 32 bits"),
        pytest.param(pe(b".dep-v0", LISTED + bytes(100), writable=False), id="for Windows, which pads sections"),
        pytest.param(macho(b".dep-v0", LISTED), id="for macOS"),
    ],
)
def test_crates_are_listed_with_those_that_only_built_the_program_marked(made: bytes) -> None:
    packages = found(made)
    assert [(package.type, package.name, package.version, package.development) for package in packages] == [
        ("cargo", "app", "0.1.0", False),
        ("cargo", "adler", "1.0.2", False),
        ("cargo", "cc", "1.0.83", True),
    ]
    assert {package.path for package in packages} == {"usr/bin/app"}


def test_a_program_without_the_section_tells_nothing() -> None:
    for made in (make({".rodata": b"x"}), pe(b".rdata", b"x"), macho(b"__const", b"x")):
        assert found(made) == []


@pytest.mark.parametrize(
    ("section", "message"),
    [
        (b"not compressed", "not compressed with zlib"),
        (zlib.compress(b"{")[:-3], "not whole"),
        (zlib.compress(b'{"packages": [{"name": 5}]}'), "cannot be read"),
        (zlib.compress(b'{"packages": "none"}'), "cannot be read"),
        (zlib.compress(b'{"packages": [{"name": "\xff", "version": ""}]}'), "cannot be read"),
        (zlib.compress(b"[" * 100_000), "cannot be read"),
        (zlib.compress(bytes(32 << 20), 9), "longer than is read"),
        (
            zlib.compress(
                b'{"packages": [' + b'{"name":"a","version":"1"},' * 60_000 + b'{"name":"a","version":"1"}]}'
            ),
            "more than are read",
        ),
    ],
)
def test_a_list_that_cannot_be_read_is_told_of(section: bytes, message: str) -> None:
    with pytest.raises(BrokenFileError, match=message):
        found(program(section))


@draws(150)
@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda some: (
            st.lists(some, max_size=3)
            | st.dictionaries(st.sampled_from(["packages", "name", "version", "kind"]), some, max_size=4)
        ),
    )
)
def test_no_list_makes_it_fail(value: object) -> None:
    with suppress(BrokenFileError):
        assert all(package.type == "cargo" for package in found(program(zlib.compress(json.dumps(value).encode()))))


@draws(100)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail(noise: bytes) -> None:
    with suppress(BrokenFileError):
        assert all(package.name for package in found(program(noise)))


def test_a_crate_without_a_name_or_a_version_is_none() -> None:
    crates = (
        b'{"packages": [{"name": "", "version": "1"}, {"name": "a", "version": ""}, {"name": "b", "version": "1"}]}'
    )
    assert [package.name for package in found(program(zlib.compress(crates)))] == ["b"]
