"""Packages in archives that programs use as they are: which count, and what hostile archives do."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from sealock.inventory.zipped import Zipped
from sealock.model.inventory import Package
from support.analyzers import read, survives
from support.layeredimages import read as inventory_of
from support.madeimages import info
from support.packageholders import packed

FLASK = "Metadata-Version: 2.1\nName: Flask\nVersion: 0.5\n"
LODASH = '{"name": "lodash", "version": "4.17.20"}'
CORE = '{"name": "@babel/core", "version": "7.0.0"}'
POM = "groupId=org.apache.logging.log4j\nartifactId=log4j-core\nversion=2.14.1\n"
SCRIPT = b"#!/usr/bin/env python3\n"
PEX = {"__main__.py": "", ".deps/Flask-0.5-py3-none-any.whl/Flask-0.5.dist-info/METADATA": FLASK}


def listed(data: bytes, path: str = "srv/app") -> list[str]:
    found, told = read(Zipped(), path, data)
    assert not told
    return [f"{one.type}:{one.name}@{one.version}" for one in found if isinstance(one, Package)]


@pytest.mark.parametrize(
    ("files", "packages"),
    [
        (PEX, ["pypi:flask@0.5"]),
        ({"__main__.py": "", "site-packages/Flask-0.5.dist-info/METADATA": FLASK}, ["pypi:flask@0.5"]),
        ({"Flask-0.5.dist-info/METADATA": FLASK}, []),
        ({"__main__.py": "", "app.py": ""}, []),
        ({"node_modules/lodash/package.json": LODASH}, ["npm:lodash@4.17.20"]),
        ({"node_modules/@babel/core/package.json": CORE}, ["npm:core@7.0.0"]),
        ({"node_modules/lodash/fp/package.json": LODASH}, []),
        ({"lodash/package.json": LODASH}, []),
        ({"a.txt": ""}, []),
    ],
)
@pytest.mark.parametrize("before", [b"", SCRIPT])
def test_packages_count_where_a_program_uses_the_archive_as_it_is(
    files: dict[str, str], packages: list[str], before: bytes
) -> None:
    assert listed(packed(files, before)) == packages


def test_a_package_is_named_by_its_place_in_the_archive() -> None:
    found, _ = read(Zipped(), "app/.yarn/cache/lodash.zip", packed({"node_modules/lodash/package.json": LODASH}))
    assert [one.path for one in found if isinstance(one, Package)] == [
        "app/.yarn/cache/lodash.zip!/node_modules/lodash/package.json"
    ]


def test_a_broken_manifest_is_an_error_and_the_others_are_listed() -> None:
    files = {"node_modules/a/package.json": "[", "node_modules/lodash/package.json": LODASH}
    found, told = read(Zipped(), "a.zip", packed(files))
    assert [getattr(one, "name", "") for one in found] == ["lodash"]
    assert "node_modules/a/package.json: " in told


@pytest.mark.parametrize(
    ("size", "packing", "is_read"),
    [
        # What is larger than a manifest may be, however it is packed; and what is packed too well.
        pytest.param(16 << 20, zipfile.ZIP_STORED, True, id="as much as a manifest may have"),
        pytest.param((16 << 20) + 1, zipfile.ZIP_STORED, False, id="more"),
        pytest.param((1 << 20) + 1, zipfile.ZIP_DEFLATED, False, id="more than a mebibyte that is packed well"),
        pytest.param(1 << 20, zipfile.ZIP_DEFLATED, True, id="a mebibyte that is packed well"),
    ],
)
def test_a_manifest_that_would_become_too_large_is_not_read(size: int, packing: int, is_read: bool) -> None:  # noqa: FBT001  from a table
    made = BytesIO()
    with zipfile.ZipFile(made, "w", packing) as archive:
        archive.writestr("node_modules/lodash/package.json", LODASH.ljust(size))
    found, told = read(Zipped(), "a.zip", made.getvalue())
    assert [getattr(one, "name", "") for one in found] == ["lodash"] * is_read
    assert (f" would become {size} bytes from " in told) is not is_read


def test_more_than_an_archive_of_its_size_may_hold_is_not_read() -> None:
    files = {f"node_modules/{number}/package.json": " " * (1 << 20) for number in range(8)}
    _, told = read(Zipped(), "a.zip", packed(files))
    assert told.split("; ")[1:] == ["node_modules/1/package.json was not read: there is too much in this file"]


@pytest.mark.parametrize("path", ["srv/app", "usr/local/bin/app.pex", "srv/app.pyz"])
def test_an_image_with_an_executable_archive_is_searched(tmp_path: Path, path: str) -> None:
    files = {**PEX, "data.txt": "".join(map(str, range(20_000)))}
    inventory = inventory_of(tmp_path, [info(path, packed(files, SCRIPT), mode=0o755)])
    assert [one.name for one in inventory.packages] == ["flask"]


def test_an_executable_archive_of_java_without_an_ending_is_searched(tmp_path: Path) -> None:
    files = {
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n",
        "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties": POM,
        "data.txt": "".join(map(str, range(20_000))),
    }
    inventory = inventory_of(tmp_path, [info("srv/app", packed(files, b"#!/bin/sh\nexec java -jar $0\n"), mode=0o755)])
    assert [(one.name, one.version) for one in inventory.packages] == [("log4j-core", "2.14.1")]


@pytest.mark.parametrize("cut", [0, 30, 60, -1, -10, -60])
def test_what_is_cut_off_is_no_archive(cut: int) -> None:
    survives(Zipped(), "a.zip", packed(PEX, SCRIPT)[:cut])
