"""What native images of GraalVM say of their libraries, and what broken ones do."""

from __future__ import annotations

import gzip
import json
from struct import pack

import pytest
from hypothesis import given, settings

from sealock.inventory.nativeimage import NativeImage
from sealock.model.inventory import FileFact, Package
from support.analyzers import mutated, read, survives
from support.elffiles import BASE, Strings, make

SBOM = json.dumps({
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "components": [{
        "type": "library", "group": "org.yaml", "name": "snakeyaml", "version": "1.26",
        "purl": "pkg:maven/org.yaml/snakeyaml@1.26",
    }],
}).encode()  # fmt: skip


def image(packed: bytes = gzip.compress(SBOM), *, length: int | None = None, defined: bool = True) -> bytes:
    """A native image whose symbols lead to its SBOM and to the length of that."""
    names, rows = Strings(), bytes(24)
    places = [names.add("sbom"), names.add("sbom_length")]

    def made(addresses: tuple[int, int]) -> bytes:
        table = b"".join(
            pack("<IBBHQQ", name, 17, 0, int(defined), address, 0)
            for name, address in zip(places, addresses, strict=True)
        )
        size = len(packed) if length is None else length
        held = {".svm_heap": b"heap", ".data": b"HERE" + packed, ".count": b"SIZE" + pack("<Q", size)}
        return make({**held, ".dynsym": rows + table}, texts=bytes(names.data))

    first = made((0, 0))
    return made((BASE + first.index(b"HERE") + 4, BASE + first.index(b"SIZE") + 4))


def test_the_libraries_of_a_native_image_are_listed() -> None:
    found, told = read(NativeImage(), "app/web", image())
    assert not told
    assert [(one.namespace, one.name, one.version, one.path) for one in found if isinstance(one, Package)] == [
        ("org.yaml", "snakeyaml", "1.26", "app/web")
    ]


@pytest.mark.parametrize("data", [image(defined=False), make({".svm_heap": b"heap"})], ids=["wanted", "no symbols"])
def test_a_native_image_without_an_sbom_is_named_as_unread(data: bytes) -> None:
    found, _ = read(NativeImage(), "app/web", data)
    assert found == [FileFact("unread-packages", "app/web", detail="native images of GraalVM")]


@pytest.mark.parametrize("data", [make({".data": b"x"}), b"no program"], ids=["another program", "no program"])
def test_other_programs_have_none(data: bytes) -> None:
    assert read(NativeImage(), "app/web", data) == ([], "")


@pytest.mark.parametrize(
    "data",
    [image(b"no gzip"), image(gzip.compress(SBOM)[:-20]), image(length=1 << 40), image(length=0), image(length=20)],
    ids=["no gzip", "cut off", "too long", "nothing", "a part"],
)
def test_an_sbom_that_cannot_be_read_is_an_error(data: bytes) -> None:
    found, told = read(NativeImage(), "app/web", data)
    assert not found
    assert "whose SBOM cannot be read, or is larger than is read" in told


@settings(max_examples=100, deadline=None)
@given(mutated(image()))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    survives(NativeImage(), "app/web", data)
