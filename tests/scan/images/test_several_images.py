"""Many images in one archive: what they share is read once, and all of them together cost no more than one may."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.image.entry import Bounds, LayerEntry
from sealock.image.layers import TarLayer
from sealock.scan.cache.directory import CacheDirectory
from sealock.scan.images import ImageOptions, read_inventories
from support.madeimages import Layout, config, docker_save, files, info, sha256, spread, tar, write
from support.waiting import PATIENCE

BASE = tar(*(info(f"opt/{number}", b"x", mode=0o4755) for number in range(30)))
OTHER = tar(*(info(f"srv/{number}", b"x", mode=0o4755) for number in range(30)))


def saved(*images: tuple[bytes, ...]) -> dict[str, bytes]:
    """An archive whose images share configurations and layers."""
    members: dict[str, bytes] = {}
    listed: list[dict[str, object]] = []
    for number, layers in enumerate(images):
        raw = config(*layers)
        blobs = {f"blobs/sha256/{sha256(layer).removeprefix('sha256:')}": layer for layer in (raw, *layers)}
        members |= blobs
        paths = [f"blobs/sha256/{sha256(layer).removeprefix('sha256:')}" for layer in layers]
        name = f"blobs/sha256/{sha256(raw).removeprefix('sha256:')}"
        listed.append({"Config": name, "RepoTags": [f"app:{number}"], "Layers": paths})
    return members | {"manifest.json": json.dumps(listed).encode()}


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The layers that were walked, by their beginnings."""
    begun: list[str] = []
    entries = TarLayer.entries

    def noted(layer: TarLayer) -> Iterator[LayerEntry]:
        begun.append(layer.layer.diff_id)
        return entries(layer)

    monkeypatch.setattr(TarLayer, "entries", noted)
    return begun


@pytest.mark.parametrize("shape", ["archive", "layout"])
def test_a_layer_that_images_share_is_read_once(tmp_path: Path, walks: list[str], shape: str) -> None:
    if shape == "archive":
        path = write(tmp_path / "app.tar", saved((BASE, OTHER), (BASE,), (OTHER, BASE)))
    else:
        made = Layout()
        each = [made.image(*((layer, layer) for layer in layers)) for layers in ((BASE, OTHER), (BASE,), (OTHER, BASE))]
        path = spread(tmp_path, made.index(*each))
    found = read_inventories(path, ImageOptions())
    assert [len(image.files) for image in found] == [60, 30, 60]
    assert [fact.layer for fact in found[2].files if fact.path.startswith("opt")] == [1] * 30
    assert sorted(walks) == sorted({sha256(BASE), sha256(OTHER)})
    assert not any(image.errors for image in found)


def test_images_of_one_archive_are_the_same_from_the_cache_and_none_is_read_again(
    tmp_path: Path, walks: list[str]
) -> None:
    path = write(tmp_path / "app.tar", saved((BASE, OTHER), (BASE,), (OTHER, BASE)))
    time.sleep(0.05)  # so that it counts as one that nobody is writing
    plain = read_inventories(path, ImageOptions())
    cache = str(tmp_path / "cache")
    assert read_inventories(path, ImageOptions(cache=cache)) == plain
    assert sum(entry.name.startswith("whole") for entry in CacheDirectory(cache).entries()) == 3
    walks.clear()
    assert read_inventories(path, ImageOptions(cache=cache)) == plain
    assert walks == []


def lying(tmp_path: Path) -> str:
    """An archive whose second image says of the first one's layer that it is another."""
    members = saved((BASE,), (BASE,))
    listed = json.loads(members["manifest.json"])
    other = config(OTHER)
    name = f"blobs/sha256/{sha256(other).removeprefix('sha256:')}"
    listed[1]["Config"] = name
    members |= {name: other, "manifest.json": json.dumps(listed).encode()}
    path = write(tmp_path / "app.tar", members)
    time.sleep(0.05)
    return path


def test_another_digest_for_the_same_bytes_is_told_of_each_image(tmp_path: Path) -> None:
    found = read_inventories(lying(tmp_path), ImageOptions())
    assert any("has the digest" in error.message for error in found[1].errors)


def test_other_bytes_that_claim_the_digest_of_an_earlier_image_are_read(tmp_path: Path, walks: list[str]) -> None:
    members = saved((BASE,), (BASE,))
    listed = json.loads(members["manifest.json"])
    listed[0]["Layers"], listed[1]["Layers"] = ["base.tar"], ["other.tar"]
    members |= {"base.tar": BASE, "other.tar": OTHER, "manifest.json": json.dumps(listed).encode()}
    found = read_inventories(write(tmp_path / "app.tar", members), ImageOptions())
    assert [{fact.path.partition("/")[0] for fact in image.files} for image in found] == [{"opt"}, {"srv"}]
    assert [any("has the digest" in error.message for error in image.errors) for image in found] == [False, True]
    assert walks == [sha256(BASE)] * 2


def test_an_image_that_lies_of_a_shared_layer_leaves_nothing_behind(tmp_path: Path) -> None:
    cache, path = str(tmp_path / "cache"), lying(tmp_path)
    plain = read_inventories(path, ImageOptions())
    for _ in range(3):
        assert read_inventories(path, ImageOptions(cache=cache)) == plain
    assert sum(entry.name.startswith("whole") for entry in CacheDirectory(cache).entries()) == 1
    honest = write(tmp_path / "honest.tar", docker_save(OTHER))
    assert {fact.path for fact in read_inventories(honest, ImageOptions(cache=cache))[0].files} == {
        f"srv/{n}" for n in range(30)
    }


def test_all_images_together_have_no_more_entries_than_one_may(tmp_path: Path, walks: list[str]) -> None:
    others = [tar(*(info(f"o{number}/{at}", mode=0o4755) for at in range(30))) for number in range(6)]
    path = write(tmp_path / "app.tar", saved(*((other,) for other in others)))
    found = read_inventories(path, ImageOptions(bounds=Bounds(entries=75)))
    assert [len(image.files) for image in found] == [30, 30, 30, 0, 0, 0]
    assert len(walks) == 3
    for image in found[3:]:
        assert [error.message for error in image.errors] == [
            "its layers were not read: the images before it exceed the limit of 75 entries for all images (--max-entries)"
        ]


def test_the_same_image_named_without_end_ends(tmp_path: Path, walks: list[str]) -> None:
    path = write(tmp_path / "app.tar", saved(*[(BASE,)] * 300))
    found = read_inventories(path, ImageOptions(bounds=Bounds(entries=200, images=250)))
    assert len(found) == 250
    assert len(walks) == 1
    assert any("only the first 250 of 300 images" in error.message.lower() for error in found[0].errors)
    assert found[-1].errors


def test_a_large_configuration_named_without_end_is_read_a_few_times(tmp_path: Path) -> None:
    large = config(BASE) + b" " * 20_000
    listed = [{"Config": "config.json", "RepoTags": [f"app:{number}"], "Layers": ["layer.tar"]} for number in range(9)]
    members = {"config.json": large, "layer.tar": BASE, "manifest.json": json.dumps(listed).encode()}
    found = read_inventories(write(tmp_path / "app.tar", members), ImageOptions(bounds=Bounds(metadata=len(large))))
    assert [bool(image.id) for image in found] == [True] * 3 + [False] * 6
    assert "configuration" in found[-1].errors[0].message


def test_entries_are_cut_alike_however_layers_are_read(tmp_path: Path) -> None:
    """Threads and processes read layers in any order: what is left out must not hang on who is the first."""
    path = write(tmp_path / "app.tar", docker_save(files(a=b"1"), BASE, OTHER))
    found = [read_inventories(path, ImageOptions(bounds=Bounds(entries=40)))[0] for _ in range(12)]
    assert {len(image.files) for image in found} == {39}
    assert len({tuple(fact.path for fact in image.files) for image in found}) == 1


@pytest.mark.parametrize("helpers", [0, 2], ids=["threads", "processes"])
def test_what_is_beyond_the_bound_is_not_walked(tmp_path: Path, helpers: int) -> None:
    """A layer may be named a thousand times, and may have as many entries as there are bytes."""
    large = tar(*(info(f"opt/{number}", mode=0o4755) for number in range(400)))
    path = write(tmp_path / "app.tar", docker_save(*[large] * 40))
    program = (
        "import sys; from sealock.scan import processes\n"
        "from sealock.scan.images import ImageOptions, read_inventories, workers\n"
        "from sealock.image.entry import Bounds\n"
        "from sealock.image.tarreader import TarReader\n"
        "workers.WORTH, workers.SPACING, processes.count_children = 0, 50_000, lambda: int(sys.argv[2])\n"
        "begin = TarReader.entries\n"
        "def noted(reader): print('walk', flush=True); yield from begin(reader)\n"
        "TarReader.entries = noted\n"
        "(image,) = read_inventories(sys.argv[1], ImageOptions(bounds=Bounds(entries=500)))\n"
        "print(len(image.files), len(image.errors))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path, str(helpers)],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    *walked, told = done.stdout.splitlines()
    assert told == "500 39"
    # The archive's own members, a few layers or pieces, and each layer's first header in the end.
    assert len(walked) < 60
