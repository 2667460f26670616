"""What native images of GraalVM say of their libraries, and what broken ones do."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given

from sealock.inventory.nativeimage import NativeImage
from sealock.model.inventory import FileFact, Package
from support.analyzers import mutated, read, survives
from support.draws import draws
from support.elffiles import make
from support.packageholders import SBOM, native_image


def test_the_libraries_of_a_native_image_are_listed() -> None:
    found, told = read(NativeImage(), "app/web", native_image())
    assert not told
    assert [(one.namespace, one.name, one.version, one.path) for one in found if isinstance(one, Package)] == [
        ("org.yaml", "snakeyaml", "1.26", "app/web")
    ]


@pytest.mark.parametrize(
    "data", [native_image(defined=False), make({".svm_heap": b"heap"})], ids=["wanted", "no symbols"]
)
def test_a_native_image_without_an_sbom_is_named_as_unread(data: bytes) -> None:
    found, _ = read(NativeImage(), "app/web", data)
    assert found == [FileFact("unread-packages", "app/web", detail="native images of GraalVM")]


@pytest.mark.parametrize("data", [make({".data": b"x"}), b"no program"], ids=["another program", "no program"])
def test_other_programs_have_none(data: bytes) -> None:
    assert read(NativeImage(), "app/web", data) == ([], "")


@pytest.mark.parametrize(
    "data",
    [
        native_image(b"no gzip"),
        native_image(gzip.compress(SBOM)[:-20]),
        native_image(length=1 << 40),
        native_image(length=0),
        native_image(length=20),
    ],
    ids=["no gzip", "cut off", "too long", "nothing", "a part"],
)
def test_an_sbom_that_cannot_be_read_is_an_error(data: bytes) -> None:
    found, told = read(NativeImage(), "app/web", data)
    assert not found
    assert "whose SBOM cannot be read, or is larger than is read" in told


@draws(100)
@given(mutated(native_image()))
def test_no_bytes_make_it_fail(data: bytes) -> None:
    survives(NativeImage(), "app/web", data)
