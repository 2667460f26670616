"""Directories that skopeo and podman copy an image into (`dir:`, `--format docker-dir`): they are that image."""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.image.entry import ImageSource
from sealock.image.opener import open_image
from sealock.targets.imagelayouts import is_image_directory
from support.madeimages import Layout, config, files, listed, spread, troubles

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BASE, UPPER = files(opt__a="a"), files(opt__c="c")
SEEN = [[("file", "opt/a")], [("file", "opt/c")]]
WAYS: dict[str, Callable[[bytes], bytes]] = {"plain": bytes, "gzip": gzip.compress, "zstd": zstd.compress}


def transport(members: dict[str, bytes]) -> dict[str, bytes]:
    """The files of an OCI layout of one image as `skopeo copy IMAGE dir:PATH` lays them."""
    blobs = {name.rpartition("/")[2]: data for name, data in members.items() if name.startswith("blobs/")}
    (top,) = json.loads(members["index.json"])["manifests"]
    images = {name: data for name, data in blobs.items() if b'"layers"' in data}
    files = {f"{name}.manifest.json" if name in images else name: data for name, data in blobs.items()}
    value = top["digest"].partition(":")[2]
    files.pop(value, None)
    files.pop(f"{value}.manifest.json", None)
    return files | {"manifest.json": blobs[value], "version": b"Directory Transport Version: 1.1\n"}


def one(path: str, **more: Any) -> ImageSource:
    (image,) = open_image(path, **more)
    return image


def layout_of(way: str, *, several: bool = False) -> dict[str, bytes]:
    """The files of an OCI layout with one image, or with an index of images for two platforms."""
    layout = Layout()
    stored = [(plain, WAYS[way](plain)) for plain in (BASE, UPPER)]
    if not several:
        return layout.index(layout.image(*stored))
    platforms = [{"os": "linux", "architecture": architecture} for architecture in ("amd64", "arm64")]
    images = [
        layout.image(*stored, configuration=config(BASE, UPPER, **platform), platform=platform)
        for platform in platforms
    ]
    return layout.index(layout.nested(*images))


@pytest.mark.parametrize(
    ("way", "several"),
    [
        pytest.param("plain", False, id="plain layers"),
        pytest.param("gzip", False, id="compressed layers"),
        pytest.param("zstd", False, id="layers by zstd"),
        pytest.param("gzip", True, id="an index, as with --all"),
    ],
)
def test_a_directory_that_skopeo_copied_an_image_into_is_that_image(tmp_path: Path, way: str, *, several: bool) -> None:
    members = layout_of(way, several=several)
    same = one(spread(tmp_path / "oci", members))
    image = one(spread(tmp_path / "dir", transport(members)))
    assert is_image_directory(str(tmp_path / "dir"))
    assert (listed(image), troubles(image)) == (SEEN, "")
    assert (image.id, image.platform, image.config) == (same.id, same.platform, same.config)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(
            lambda files: files.pop(min(files, key=lambda name: len(files[name]))), "", id="a blob is missing"
        ),
        pytest.param(
            lambda files: files.update(version=b"Directory Transport Version: 2.0\n"), "'config'", id="version 2"
        ),
        pytest.param(
            lambda files: files.update({"manifest.json": b"{}"}), "names no configuration", id="no configuration"
        ),
        pytest.param(lambda files: files.update({"manifest.json": b'{"layers":1}'}), "Expected", id="other JSON"),
    ],
)
def test_such_a_directory_that_is_damaged_is_an_error(
    tmp_path: Path, change: Callable[[dict[str, bytes]], object], why: str
) -> None:
    members = transport(layout_of("plain"))
    change(members)
    try:
        said = troubles(one(spread(tmp_path / "dir", members)))
    except TargetError as error:
        said = str(error)
    assert said
    assert re.search(why, said)
