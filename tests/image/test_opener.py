"""Images of every shape, opened: what they hold, which one is chosen, and what is said of broken ones."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import tarfile
import tempfile
import threading
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.image import store
from sealock.image.entry import Bounds, ImageSource
from sealock.image.opener import open_image
from support.madeimages import (
    Layout,
    config,
    contents,
    docker_save,
    files,
    info,
    listed,
    sha256,
    spread,
    tar,
    troubles,
    write,
)
from support.packing import zstd

BASE = files(etc__passwd="root", opt__a="a", opt__b="b")
UPPER = files(opt__c="c", **{"etc__.wh.passwd": "", "opt__.wh..wh..opq": ""})
SEEN = [
    [("file", "etc/passwd"), ("file", "opt/a"), ("file", "opt/b")],
    [("file", "opt/c"), ("whiteout", "etc/passwd"), ("opaque", "opt")],
]
WAYS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": partial(gzip.compress, mtime=0),
    "zstd": zstd.compress,
    "xz": partial(lzma.compress, preset=0),
    "bzip2": partial(bz2.compress, compresslevel=1),
}


def one(path: str, **more: Any) -> ImageSource:
    """The only image there."""
    (image,) = open_image(path, **more)
    return image


def layout(way: str = "plain", **more: Any) -> tuple[dict[str, bytes], Layout]:
    made = Layout()
    return made.index(made.image((BASE, WAYS[way](BASE)), (UPPER, WAYS[way](UPPER)), **more)), made


@pytest.mark.parametrize("way", WAYS)
def test_docker_archives_old_ones_too_even_compressed_as_a_whole(way: str, tmp_path: Path) -> None:
    path = write(tmp_path / "app.tar", docker_save(BASE, UPPER))
    Path(path).write_bytes(WAYS[way](Path(path).read_bytes()))
    image = one(path)
    assert listed(image) == SEEN
    assert listed(image) == SEEN  # layers can be read again
    assert contents(image) == {"etc/passwd": b"root", "opt/a": b"a", "opt/b": b"b", "opt/c": b"c"}
    assert troubles(image) == ""
    assert (image.names, image.platform, image.manifest) == (("app:1",), "linux/amd64", "")
    assert image.id == sha256(image.config)
    assert [layer.layer.diff_id for layer in image.layers] == [sha256(BASE), sha256(UPPER)]
    assert [layer.layer.created_by for layer in image.layers] == ["RUN 1", "RUN 2"]


@pytest.mark.parametrize("name", ["config.json", "00ff.json", "app"])
def test_a_configuration_whose_name_is_no_digest_states_none(name: str, tmp_path: Path) -> None:
    members = docker_save(BASE, Config=name)
    members[name] = next(data for path, data in members.items() if path.endswith(".json") and path != "manifest.json")
    image = one(write(tmp_path / "app.tar", members))
    assert troubles(image) == ""
    assert image.id == sha256(image.config)


@pytest.mark.parametrize("shape", ["directory", "archive"])
@pytest.mark.parametrize("way", WAYS)
def test_layouts_as_directories_and_archives(way: str, shape: str, tmp_path: Path) -> None:
    members, _ = layout(way, annotations={"org.opencontainers.image.ref.name": "app:2"})
    path = spread(tmp_path / "lay", members) if shape == "directory" else write(tmp_path / "lay.tar", members)
    image = one(path)
    assert listed(image) == SEEN
    assert contents(image)["etc/passwd"] == b"root"
    assert troubles(image) == ""
    assert image.names == ("app:2",)
    assert [layer.layer.digest for layer in image.layers] == [sha256(WAYS[way](BASE)), sha256(WAYS[way](UPPER))]


def test_an_archive_with_both_kinds_of_index_tells_names_and_manifest(tmp_path: Path) -> None:
    made = Layout()
    manifest = made.image((BASE, BASE))
    members = made.index(manifest)
    id_ = json.loads(made.files["blobs/" + manifest["digest"].replace(":", "/")])["config"]["digest"]
    told = {"Config": "blobs/" + id_.replace(":", "/"), "RepoTags": ["app:3"]}
    told |= {"Layers": ["blobs/" + sha256(BASE).replace(":", "/")]}
    members["manifest.json"] = json.dumps([told]).encode()
    image = one(write(tmp_path / "app.tar", members))
    assert (image.names, image.manifest, image.id) == (("app:3",), manifest["digest"], id_)
    assert image.layers[0].layer.digest == sha256(BASE)


@pytest.mark.parametrize(
    "changed",
    [
        {"history": None},
        {"history": [{"created_by": None, "empty_layer": None}]},
        {"os": None, "variant": None},
        {"rootfs": None},
    ],
    ids=str,
)
def test_configurations_that_leave_things_out(changed: dict[str, Any], tmp_path: Path) -> None:
    made = Layout()
    (tmp_path / "lay").mkdir()
    raw = json.dumps(json.loads(config(BASE)) | changed).encode()
    image = one(spread(tmp_path / "lay", made.index(made.image((BASE, BASE), configuration=raw))))
    assert listed(image) == [SEEN[0]]
    assert "JSON" not in troubles(image)
    assert bool(troubles(image)) == ("rootfs" in changed)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b'{"rootfs": 5}', b'{"rootFS": {"diff_ids": []}}', b'{"history": [[[[[' + b"[" * 100000]
)
def test_configurations_that_make_no_sense_cost_no_layer(raw: bytes, tmp_path: Path) -> None:
    made = Layout()
    image = one(spread(tmp_path, made.index(made.image((BASE, BASE), configuration=raw))))
    assert listed(image) == [SEEN[0]]
    assert "The configuration sha256:" in troubles(image)


def test_a_layer_that_comes_twice_is_a_link_in_old_archives(tmp_path: Path) -> None:
    members = docker_save(BASE, BASE)
    first, second = json.loads(members["manifest.json"])[0]["Layers"]
    made = [info(name, data) for name, data in members.items() if name != second]
    made.append(info(second, type=tarfile.SYMTYPE, linkname=f"../{first}"))
    (tmp_path / "app.tar").write_bytes(tar(*made))
    image = one(str(tmp_path / "app.tar"))
    assert listed(image) == [SEEN[0], SEEN[0]]
    assert troubles(image) == ""


def test_a_layer_that_comes_twice_may_be_a_hard_link(tmp_path: Path) -> None:
    members = docker_save(BASE, BASE)
    first, second = json.loads(members["manifest.json"])[0]["Layers"]
    made = [info(name, data) for name, data in members.items() if name != second]
    made.append(info(second, type=tarfile.LNKTYPE, linkname=f"./{first}"))
    (tmp_path / "app.tar").write_bytes(tar(*made))
    image = one(str(tmp_path / "app.tar"))
    assert listed(image) == [SEEN[0], SEEN[0]]
    assert troubles(image) == ""


def test_the_members_of_an_image_are_kept_behind_very_many_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(store, "_MEMBERS", 5)
    others = {f"usr/{number}": b"" for number in range(10)}
    assert listed(one(write(tmp_path / "app.tar", others | docker_save(BASE)))) == [SEEN[0]]


def several() -> dict[str, bytes]:
    members, other = docker_save(BASE), docker_save(UPPER, names=("other:1", "other:latest"))
    both = json.loads(members["manifest.json"]) + json.loads(other["manifest.json"])
    moved = json.dumps(both).replace("layer.tar", "second.tar")
    second = {name.replace("layer.tar", "second.tar"): data for name, data in other.items()}
    first_of = json.loads(moved)
    first_of[0]["Layers"] = both[0]["Layers"]
    return members | second | {"manifest.json": json.dumps(first_of).encode()}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("", [("app:1",), ("other:1", "other:latest")]),
        ("app:1", [("app:1",)]),
        ("other", [("other:1", "other:latest")]),
        ("docker.io/library/app:1", [("app:1",)]),
    ],
)
def test_several_images_and_one_of_them_by_name(name: str, found: list[tuple[str, ...]], tmp_path: Path) -> None:
    path = write(tmp_path / "both.tar", several())
    assert [image.names for image in open_image(path, name=name)] == found


def test_an_image_can_be_chosen_by_its_id(tmp_path: Path) -> None:
    path = write(tmp_path / "both.tar", several())
    wanted = open_image(path)[1].id
    assert [image.id for image in open_image(path, name=wanted)] == [wanted]
    assert [image.id for image in open_image(path, name=wanted[7:19])] == [wanted]
    assert [image.id for image in open_image(path, name=wanted[7:13])] == [wanted]
    for other in ("none:1", wanted[7:12]):
        with pytest.raises(TargetError, match=rf"holds no image named {other}; it holds app:1, other:1, other:latest"):
            open_image(path, name=other)


def test_an_image_without_a_name_can_be_chosen_by_its_manifest(tmp_path: Path) -> None:
    made = Layout()
    manifest = made.image((BASE, BASE))
    path = spread(tmp_path, made.index(manifest, made.image((UPPER, UPPER))))
    for name in (manifest["digest"], manifest["digest"].removeprefix("sha256:")):
        assert listed(one(path, name=name)) == [SEEN[0]]
    ids = ", ".join(image.id[:19] for image in open_image(path))
    with pytest.raises(TargetError, match=f"holds no image named other; it holds {ids}"):
        open_image(path, name="other")


PLATFORMS = ("linux/s390x", "linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/arm64/v8", "windows/amd64")


def for_platforms(*, nested: bool) -> dict[str, bytes]:
    made = Layout()
    manifests: list[dict[str, Any]] = [
        made.image((BASE, BASE), annotations={"vnd.docker.reference.type": "attestation-manifest"})
    ]
    for platform in PLATFORMS:
        system, architecture, *variant = platform.split("/")
        told = {"os": system, "architecture": architecture} | ({"variant": variant[0]} if variant else {})
        layer = files(name=platform)
        manifests.append(made.image((layer, gzip.compress(layer)), configuration=config(layer, **told), platform=told))
    return made.index(made.nested(*manifests)) if nested else made.index(*manifests)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize(
    ("platform", "chosen", "error"),
    [
        ("linux/amd64", "linux/amd64", ""),
        ("linux/arm64", "linux/arm64/v8", ""),
        ("linux/arm", "linux/arm/v7", ""),
        ("linux/arm/v6", "linux/arm/v6", ""),
        ("windows/amd64", "windows/amd64", ""),
        ("linux/riscv64", "linux/s390x", "The image is for linux/s390x, not for linux/riscv64"),
    ],
)
def test_the_platform_that_is_wanted(platform: str, chosen: str, error: str, *, nested: bool, tmp_path: Path) -> None:
    image = one(spread(tmp_path, for_platforms(nested=nested)), platform=platform)
    assert contents(image) == {"name": chosen.encode()}
    assert troubles(image) == error


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize(
    ("platforms", "notes"),
    [
        (("other/one", "linux/other", "linux/arm/v9"), ("other/one", "linux/other, linux/arm/v9")),
        (("other/one",), ()),
    ],
)
def test_an_index_without_this_machines_platform_says_what_is_read(
    platforms: tuple[str, ...], notes: tuple[str, ...], *, nested: bool, tmp_path: Path
) -> None:
    made, manifests = Layout(), []
    for platform in platforms:
        told = dict(zip(("os", "architecture", "variant"), platform.split("/"), strict=False))
        layer = files(name=platform)
        manifests.append(made.image((layer, layer), configuration=config(layer, **told), platform=told))
    image = one(spread(tmp_path, made.index(made.nested(*manifests)) if nested else made.index(*manifests)))
    assert contents(image) == {"name": platforms[0].encode()}
    said = "is read for {}, since it has nothing for this machine; not for {} (--platform)"
    assert image.notes == ((said.format(*notes),) if notes else ())


def test_entries_for_one_platform_are_images_of_their_own(tmp_path: Path) -> None:
    made, told = Layout(), {"os": "linux", "architecture": "amd64"}
    manifests = [made.image((files(name=name), files(name=name)), platform=told) for name in ("one", "two")]
    images = open_image(spread(tmp_path, made.index(*manifests)))
    assert [contents(image) for image in images] == [{"name": b"one"}, {"name": b"two"}]


def test_entries_of_different_names_are_images_of_their_own(tmp_path: Path) -> None:
    made = Layout()
    manifests = [
        made.image(
            (files(name=name), files(name=name)),
            platform={"os": "linux", "architecture": name},
            annotations={"io.containerd.image.name": "", "org.opencontainers.image.ref.name": f"app:{name}"},
        )
        for name in ("amd64", "arm64")
    ]
    images = open_image(spread(tmp_path, made.index(*manifests)))
    assert [image.names for image in images] == [("app:amd64",), ("app:arm64",)]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("whole", ["plain", "gzip", "zstd", "xz"])
def test_a_wrong_digest_is_told_and_the_layer_is_listed(way: str, whole: str, tmp_path: Path) -> None:
    members, _ = layout(way)
    forged = files(etc__passwd="evil")
    members["blobs/" + sha256(WAYS[way](BASE)).replace(":", "/")] = WAYS[way](forged)
    path = write(tmp_path / "lay.tar", members)
    Path(path).write_bytes(WAYS[whole](Path(path).read_bytes()))
    image = one(path)
    assert listed(image) == [[("file", "etc/passwd")], SEEN[1]]
    told = troubles(image)
    assert f"instead of {sha256(BASE)[:23]}..." in told
    assert f"instead of {sha256(WAYS[way](BASE))[:23]}..." in told
    assert f"ayer 1 ({sha256(BASE)[:19]})" in told
    assert "ayer 2" not in told
    trusting = one(path, verify=False)
    assert listed(trusting)[0] == [("file", "etc/passwd")]
    assert troubles(trusting) == ""


def test_a_wrong_digest_of_a_layer_that_comes_twice_is_not_missed(tmp_path: Path) -> None:
    forged = files(etc__passwd="evil")
    members = docker_save(BASE, BASE)
    second = json.loads(members["manifest.json"])[0]["Layers"][1]
    image = one(write(tmp_path / "app.tar", members | {second: forged}))
    told = troubles(image)
    assert "Layer 2" in told
    assert "Layer 1" not in told


def without(members: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: data for name, data in members.items() if not name.startswith(names)}


def with_layer(stored: bytes) -> dict[str, bytes]:
    made = Layout()
    return made.index(made.image((b"", stored), (UPPER, UPPER)))


@pytest.mark.parametrize(
    ("members", "told"),
    [
        (without(layout()[0], "blobs/" + sha256(BASE).replace(":", "/")), "it is not in the archive"),
        (with_layer(gzip.compress(BASE)[:-20]), "its gzip data is cut short"),
        (with_layer(gzip.compress(BASE)[:40] + b"\xff" * 40), "its gzip data is broken"),
        (with_layer(gzip.compress(BASE) + b"rubbish"), "its gzip data is broken"),
        (with_layer(zstd.compress(BASE)[:-20]), "its zstd data is cut short"),
        (with_layer(zstd.compress(BASE) + b"\xff" * 40), "its zstd data is broken"),
        (with_layer(bz2.compress(BASE)[:-9]), "its bzip2 data is cut short"),
        (with_layer(bz2.compress(BASE)[:20] + b"\xff" * 40), "its bzip2 data is broken"),
        (with_layer(lzma.compress(BASE)[:-20]), "its xz data is cut short"),
        (with_layer(lzma.compress(BASE)[:30] + b"\xff" * 40), "its xz data is broken"),
        (with_layer(b"\x04\x22\x4d\x18\0\0\0"), "it is compressed with lz4, which is not supported"),
        (with_layer(b"no archive at all" * 100), "the tar header at offset 0 has a wrong checksum"),
        (with_layer(tar(info("x/.wh.", b""), info("x/.wh...", b""), info(".wh..wh.aufs", b""))), "the whiteout 'x/.wh.' names nothing"),
    ],
)  # fmt: skip
def test_a_broken_layer_costs_no_other(members: dict[str, bytes], told: str, tmp_path: Path) -> None:
    before = threading.active_count()
    image = one(write(tmp_path / "lay.tar", members), bounds=Bounds(ratio=500, calm=64 << 20))
    assert listed(image)[-1] == SEEN[1]
    assert told in troubles(image)
    assert threading.active_count() <= before


@pytest.mark.repeats
@pytest.mark.parametrize("way", [way for way in WAYS if way != "plain"])
def test_a_layer_that_is_a_bomb_costs_no_other(way: str, tmp_path: Path) -> None:
    test_a_broken_layer_costs_no_other(with_layer(WAYS[way](bytes(100 << 20))), "like a decompression bomb", tmp_path)


def test_layers_compressed_in_several_members(tmp_path: Path) -> None:
    halves = gzip.compress(BASE[:700]) + gzip.compress(BASE[700:]) + bytes(100)
    frames = b"\x50\x2a\x4d\x18\x03\0\0\0abc" + zstd.compress(BASE[:700]) + zstd.compress(BASE[700:])
    made = Layout()
    image = one(spread(tmp_path, made.index(made.image((BASE, halves), (BASE, frames)))))
    assert listed(image) == [SEEN[0], SEEN[0]]
    assert troubles(image) == ""


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (Bounds(entries=4), "there are more than 1 entries, the limit for an image"),
        (Bounds(layer=1000), "it has more than 1000 uncompressed bytes"),
        (Bounds(total=15_000), "all layers together have more than 15000 uncompressed bytes"),
        (Bounds(layers=1), "Only the first of 2 layers is read"),
        (Bounds(metadata=300), "(limit: 300)"),
    ],
)
def test_bounds_are_kept_and_told(bounds: Bounds, told: str, tmp_path: Path) -> None:
    members, _ = layout("gzip")
    path = spread(tmp_path, members)
    try:
        assert told in troubles(one(path, bounds=bounds))
    except TargetError as error:
        assert told in str(error)  # noqa: PT017  either way of being told will do


@pytest.mark.parametrize("layers", [2, 3])
def test_an_image_with_as_many_layers_as_are_read_is_whole(layers: int, tmp_path: Path) -> None:
    members, _ = layout("gzip")
    assert troubles(one(spread(tmp_path, members), bounds=Bounds(layers=layers))) == ""


def test_a_manifest_that_is_an_index_as_well_is_refused(tmp_path: Path) -> None:
    made = Layout()
    inner = made.image((BASE, BASE))
    both = json.loads(made.files["blobs/" + inner["digest"].replace(":", "/")]) | {"manifests": [inner]}
    path = spread(tmp_path, made.index(made.blob(json.dumps(both).encode()), made.image((UPPER, UPPER))))
    image = one(path)
    assert listed(image) == [SEEN[1]]
    assert "has both manifests and layers" in troubles(image)


@pytest.mark.parametrize(
    ("depth", "bounds", "told"),
    [
        pytest.param(2, Bounds(depth=2), "", id="as deep as is allowed"),
        pytest.param(3, Bounds(depth=2), "is nested too deep (--max-depth)", id="one deeper"),
        pytest.param(1, Bounds(images=1), "", id="as many manifests as are followed"),
        pytest.param(2, Bounds(images=1), "is one of too many", id="one more"),
    ],
)
def test_an_index_within_an_index(depth: int, bounds: Bounds, told: str, tmp_path: Path) -> None:
    made = Layout()
    entry = made.image((BASE, BASE))
    for _ in range(depth):
        entry = made.nested(entry)
    path = spread(tmp_path, made.index(entry))
    if told:
        with pytest.raises(TargetError) as caught:
            one(path, bounds=bounds)
        assert told in str(caught.value)
    else:
        assert listed(one(path, bounds=bounds)) == [SEEN[0]]


@pytest.mark.parametrize(("most", "told"), [(2, ""), (1, "Only the first of 2 images is read")])
def test_as_many_images_as_are_read(most: int, told: str, tmp_path: Path) -> None:
    made = Layout()
    path = spread(tmp_path, made.index(made.image((BASE, BASE)), made.image((UPPER, UPPER))))
    images = open_image(path, bounds=Bounds(images=most))
    assert (len(images), troubles(images[0])) == (most, told)


def test_indexes_that_lead_round_or_too_deep_end(tmp_path: Path) -> None:
    made = Layout()
    deep = made.image((BASE, BASE))
    for _ in range(12):
        deep = made.nested(deep)
    round_about = sha256(b"a")
    made.files["blobs/" + round_about.replace(":", "/")] = json.dumps({"manifests": [{"digest": round_about}]}).encode()
    path = spread(tmp_path, made.index({"digest": round_about}, deep, made.image((UPPER, UPPER))))
    image = one(path)
    assert listed(image) == [SEEN[1]]
    told = troubles(image)
    assert f"The index {round_about[:19]} leads back to itself" in told
    assert "is nested too deep" in told


@pytest.mark.parametrize("digest", ["sha256:../../etc/passwd", "md5:00", "", "sha256:", "sha256:" + "A" * 64])
def test_digests_that_are_none_open_nothing(digest: str, tmp_path: Path) -> None:
    made = Layout()
    path = spread(tmp_path, made.index({"digest": digest}, made.image((UPPER, UPPER))))
    assert f"{digest[:100]!r} is not a valid digest" in troubles(one(path))


def test_links_of_a_layout_lead_nowhere(tmp_path: Path) -> None:
    members, _ = layout()
    path = Path(spread(tmp_path / "lay", members))
    blob = path / "blobs" / sha256(BASE).replace(":", "/")
    (tmp_path / "secret").write_bytes(BASE)
    blob.unlink()
    blob.symlink_to(tmp_path / "secret")
    image = one(str(path))
    assert listed(image) == [SEEN[1]]
    assert "Layer 1" in troubles(image)
    blob.unlink()
    os.mkfifo(blob)
    assert "it is not a regular file" in troubles(one(str(path)))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it is empty"),
        (b"hello", "it is not a tar archive"),
        (b"hello" * 1000, "it is not a tar archive"),
        (bytes(10240), "it is not a tar archive"),
        (b"\x1f\x8b\x08\0rubbish", "its gzip data is"),
        (gzip.compress(b"hello" * 1000, mtime=0), "has a wrong checksum"),
        (b"\xfd7zXZ\0" + bytes(600), "its xz data is broken"),
        (b"\x04\x22\x4d\x18" + bytes(600), "it is compressed with lz4, which is not supported"),
        (tar(info("blobs/sha256/" + "a" * 64, b"x" * 100))[:600], "neither manifest.json nor index.json; "),
        (tar(info("manifest.json", b"[")), "it is not valid JSON of the expected shape"),
        (tar(info("manifest.json", b"[]")), "it names no image"),
        (tar(info("manifest.json", b"[" * 100000)), "it is not valid JSON of the expected shape"),
        (tar(info("index.json", b"{}")), "index.json names no manifests"),
        (tar(info("manifest.json", b'[{"Config":"c","Layers":[],"layers":["l"]}]')), "engines read as 'Layers'"),
        (
            tar(info("index.json", b'{"manifests":[],"Manifests":[]}')),
            "engines read as 'manifests' and others ignore",
        ),
        (tar(info("index.json", b'{"manifests":[],"manifests":[]}')), "it has the key 'manifests' twice"),
        (tar(info("manifest.json", b'[{"Config":"c","Layers":[],"Layers":["l"]}]')), "it has the key 'Layers' twice"),
        (
            tar(info("index.json", b'{"manifests":[{"Digest":"x"}]}')),
            "it has the key 'Digest', which engines read as 'digest'",
        ),
    ],
)
def test_what_is_no_image_is_said_to_be_none(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(TargetError) as raised:
        open_image(str(tmp_path / "x"))
    assert told in str(raised.value)
    assert str(tmp_path / "x") in str(raised.value)


@pytest.mark.parametrize("compress", [gzip.compress, zstd.compress])
def test_of_what_ends_too_early_no_digest_is_told(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    """That of a part is none that anybody named."""
    made = Layout()
    path = write(tmp_path / "x.tar", made.index(made.image((BASE, compress(BASE)[:-9]))))
    assert "cut short" in troubles(one(path))
    assert "has the digest" not in troubles(one(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="nowhere could not be opened: No such file or directory"):
        open_image(str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("word", "hint"),
    [("nowhere", True), ("nowhere/else", False), ("nowhere.tar", False), ("n" * 300, False)],
    ids=["a word", "a path", "a file's name", "a word that is too long for a file's name"],
)
def test_what_a_word_may_mean_that_names_no_file_is_said(
    word: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, hint: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError) as caught:
        open_image(word)
    assert ("(a container is " in str(caught.value)) is hint


@cache
def root_archive(extra: tuple[tuple[str, str], ...]) -> bytes:
    many = {f"usr__{number}": "x" for number in range(5000)}
    return files(**many, **dict(extra), **{"etc__.wh.x": "kept"})


REFUSED = {
    "a key twice": b'[{"Config":"c","Layers":[],"Layers":["l"]}]',
    "a key in another case as well": b'[{"Config":"c","Layers":["clean"],"layers":["evil"]}]',
    "text behind the list": b'[{"Config":"c","Layers":["l"]}] x',
    "a byte order mark": b'\xef\xbb\xbf[{"Config":"c","Layers":["l"]}]',
    "an empty list": b"[]",
    "an empty file": b"",
    "null": b"null",
    "garbage": b"{]",
    "lists without end": b"[" * 100_000,
    "the manifest of a registry": b'{"schemaVersion": 2, "layers": []}',
    "too many bytes": b" " * (17 << 20),
}
PLACES: dict[str, Callable[[bytes], bytes]] = {
    "after it": lambda manifest: tar(info("manifest.json", manifest), info("etc/passwd", b"root")),
    "before it": lambda manifest: tar(info("c.json", b"{}"), info("./manifest.json", manifest)),
    "as a link to another": lambda manifest: tar(
        info("a/b", manifest), info("manifest.json", type=tarfile.SYMTYPE, linkname="a/b")
    ),
    "far behind very many": lambda manifest: tar(
        *(info(f"usr/{number}") for number in range(5000)), info("manifest.json", manifest)
    ),
}


@pytest.mark.repeats
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("manifest", REFUSED)
def test_a_manifest_that_is_refused_is_an_error_whatever_lies_beside_it(
    manifest: str, place: str, tmp_path: Path
) -> None:
    """An engine may load the archive, so its layers must not be passed over for those files."""
    (tmp_path / "x.tar").write_bytes(PLACES[place](REFUSED[manifest]))
    with pytest.raises(TargetError, match=r"x\.tar could not be read as an image: .*manifest\.json"):
        open_image(str(tmp_path / "x.tar"))


@pytest.mark.parametrize(
    ("manifest", "read_as"),
    [
        (b'[{"Config": "c", "Layers": ["gone/layer.tar"]}', ""),
        (b'{"schemaVersion": 2, "layers": []}', ""),
        (b" " * (17 << 20), ""),
        (b'{"name": "an app"}', "a directory, because its manifest.json describes no images"),
        (b'{"LAYERS": "of clothes"}', ""),
    ],
    ids=["an unpacked archive that is damaged", "an image by a registry's rules", "too many bytes", "of an app", "in capitals"],
)  # fmt: skip
def test_a_directory_whose_manifest_may_describe_an_image_is_not_read_without_it(
    manifest: bytes, read_as: str, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest)
    if read_as:
        assert one(str(tmp_path)).read_as == read_as
    else:
        with pytest.raises(TargetError, match="could not be read as an image: "):
            open_image(str(tmp_path))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        pytest.param(
            {"index.json": b'{"manifests":[],"manifests":[]}'},
            "the key 'manifests' twice",
            id="an index with a key twice",
        ),
        pytest.param({"index.json": b"{]"}, "index.json: it is not valid JSON", id="an index that is garbage"),
        pytest.param(
            {"a" * 64 + "/json": b"{}", "a" * 64 + "/layer.tar": b""},
            "the format of Docker 1.9 and older",
            id="layers as Docker saved them before there was a manifest",
        ),
    ],
)
def test_other_descriptions_of_images_are_no_root_file_system(
    members: dict[str, bytes], message: str, tmp_path: Path
) -> None:
    with pytest.raises(TargetError, match=message):
        open_image(write(tmp_path / "x.tar", members | {"README": b"", "etc/passwd": b"root"}))


@pytest.mark.parametrize(
    ("members", "read_as"),
    [
        ({}, "a root file system, because it has neither manifest.json nor index.json"),
        (
            {"manifest.json": b'{"name": "an app", "icons": []}'},
            "a root file system, because its manifest.json describes no images",
        ),
        (
            {"usr/share/a/layer.tar": b"", "usr/share/a/json": b"{}"},
            "a root file system, because it has neither manifest.json nor index.json",
        ),
        ({"a/layer.tar": b""}, "a root file system, because it has neither manifest.json nor index.json"),
        ({"index.json": b'["a"]'}, "a root file system, because its index.json describes no images"),
    ],
)
def test_a_root_file_system_says_why_it_is_read_as_one(members: dict[str, bytes], read_as: str, tmp_path: Path) -> None:
    assert one(write(tmp_path / "x.tar", {"etc/passwd": b"root"} | members)).read_as == read_as


@pytest.mark.parametrize(
    "name", ["z" * 64, "a" * 63], ids=["as long as a digest", "shorter than one, of its characters"]
)
def test_a_name_that_is_no_digest_may_be_of_a_root_file_system(name: str, tmp_path: Path) -> None:
    assert one(write(tmp_path / "x.tar", {name: b"x"})).read_as.startswith("a root file system")
    with pytest.raises(TargetError, match=r"neither manifest\.json nor index\.json"):
        open_image(write(tmp_path / "x.tar", {"a" * 64: b"x"}))


@pytest.mark.parametrize(
    ("members", "reads"),
    [
        pytest.param({"index.json": b"[]"}, "a directory", id="an index without blobs"),
        pytest.param({"index.json": b"[]", "blobs/x": b""}, "", id="an index beside blobs"),
        pytest.param({"index.json": b"[]", "oci-layout": b""}, "", id="an index beside the mark of a layout"),
        pytest.param(
            {"manifest.json": b'{"x": {"Layers": 1}}'}, "a directory, because", id="a manifest of other things"
        ),
    ],
)
def test_what_of_a_directory_is_a_layout(members: dict[str, bytes], reads: str, tmp_path: Path) -> None:
    path = spread(tmp_path, {"etc/passwd": b"root"} | members)
    if reads:
        assert one(path).read_as.startswith(reads)
    else:
        with pytest.raises(TargetError, match="could not be read as an image"):
            open_image(path)


@pytest.mark.parametrize(
    ("manifest", "read_as"),
    [
        (None, "a directory"),
        (b"[]", "a directory, because its manifest.json describes no images"),
        (b'{"layers": {"a": 1}}', ""),
        (b'[{"Config":"c","Layers":["clean"],"layers":["evil"]}]', ""),
    ],
)
def test_an_unpacked_archive_is_no_root_file_system(manifest: bytes | None, read_as: str, tmp_path: Path) -> None:
    spread(tmp_path, {"etc/passwd": b"root"} | ({"manifest.json": manifest} if manifest else {}))
    if read_as:
        assert one(str(tmp_path)).read_as == read_as
    else:
        with pytest.raises(TargetError, match=r"could not be read as an image"):
            open_image(str(tmp_path))


def test_an_image_is_read_as_nothing_else(tmp_path: Path) -> None:
    assert one(write(tmp_path / "x.tar", docker_save(BASE))).read_as == ""


@pytest.mark.parametrize("name", [".wh.manifest.json", ".wh..wh..opq"])
def test_the_name_of_a_whiteout_beside_the_layers_removes_nothing(name: str, tmp_path: Path) -> None:
    image = one(write(tmp_path / "x.tar", docker_save(BASE) | {name: b""}))
    assert (image.read_as, contents(image), troubles(image)) == (
        "",
        {"etc/passwd": b"root", "opt/a": b"a", "opt/b": b"b"},
        "",
    )


@pytest.mark.repeats
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("extra", [{}, {"manifest.json": '{"name": "an app"}'}, {"index.json": "[]"}], ids=str)
def test_a_root_file_system_in_an_archive(way: str, extra: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "root.tar").write_bytes(WAYS[way](root_archive(tuple(extra.items()))))
    image = one(str(tmp_path / "root.tar"))
    assert (image.config, image.id, len(image.layers)) == (b"", "", 1)
    assert len(listed(image)[0]) == 5001 + len(extra)
    assert contents(image)["etc/.wh.x"] == b"kept"
    assert troubles(image) == ""


def test_layers_far_within_a_compressed_archive_are_read_from_marks(tmp_path: Path) -> None:
    noise = os.urandom(4 << 20)
    layers = [tar(info(f"noise{number}", noise + bytes([number]))) for number in range(5)]
    path = write(tmp_path / "app.tar", docker_save(*layers))
    Path(path).write_bytes(gzip.compress(Path(path).read_bytes(), 1))
    image = one(path)
    assert contents(image, 8 << 20) == {f"noise{number}": noise + bytes([number]) for number in range(5)}
    assert troubles(image) == ""


def test_a_walk_that_is_left_early_leaves_no_thread(tmp_path: Path) -> None:
    big = tar(*(info(f"f{number}", bytes(1 << 20)) for number in range(40)))
    made = Layout()
    image = one(spread(tmp_path, made.index(made.image((big, gzip.compress(big, 1))))))
    before = set(threading.enumerate())
    walk = iter(image.layers[0].entries())
    assert next(walk).path == "f0"
    walk.close()  # type: ignore[attr-defined]  # it is a generator
    left = set(threading.enumerate()) - before
    for thread in left:  # a digest that is being taken is taken to its end, and no further
        thread.join(30)
    assert not any(thread.is_alive() for thread in left)


@pytest.mark.repeats
@pytest.mark.parametrize("whole", ["zstd", "xz", "bzip2"])
def test_an_archive_compressed_as_a_whole_is_inflated_once(whole: str, tmp_path: Path) -> None:
    noise = os.urandom(3 << 20)
    layers = [files(**{f"opt__{number}": noise}) for number in range(3)]
    path = Path(write(tmp_path / "app.tar", docker_save(*layers)))
    path.write_bytes(WAYS[whole](path.read_bytes()))
    image = one(str(path))
    path.write_bytes(b"")
    assert contents(image, 4 << 20) == {f"opt/{number}": noise for number in range(3)}


def test_an_archive_that_cannot_be_inflated_names_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(write(tmp_path / "app.tar", docker_save(files(a=b"x"))))
    path.write_bytes(WAYS["xz"](path.read_bytes()))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(
        TargetError, match=r"could not be inflated to a temporary file in .*missing \(TMPDIR\): No such"
    ):
        one(str(path))


@pytest.mark.parametrize("whole", ["gzip", "zstd", "xz", "bzip2"])
def test_an_archive_compressed_as_a_whole_that_is_cut_short_gives_what_came_before(whole: str, tmp_path: Path) -> None:
    layers = [files(**{f"opt__{number}": os.urandom(1 << 20)}) for number in range(3)]
    members = docker_save(*layers)
    last = dict(sorted(members.items(), key=lambda member: "layer.tar" in member[0]))
    path = Path(write(tmp_path / "app.tar", last))
    data = WAYS[whole](path.read_bytes())
    path.write_bytes(data[: len(data) * 3 // 5])
    image = one(str(path))
    assert listed(image)[0] == [("file", "opt/0")]
    assert f"ts {whole} data is cut short" in troubles(image)


def test_a_bomb_of_an_archive_is_refused(tmp_path: Path) -> None:
    for way in ("gzip", "zstd", "xz", "bzip2"):
        (tmp_path / "x").write_bytes(WAYS[way](tar(info("blobs/sha256/" + "a" * 64, bytes(32 << 20)))))
        with pytest.raises(TargetError, match="like a decompression bomb"):
            open_image(str(tmp_path / "x"), bounds=Bounds(calm=8 << 20))


@pytest.mark.parametrize("verify", [True, False], ids=["verified", "not verified"])
@pytest.mark.parametrize("left", [0.9, 0.4, 0.0], ids=["a little", "half", "everything"])
def test_an_archive_that_becomes_shorter_while_it_is_read_is_told_of(
    tmp_path: Path, left: float, *, verify: bool
) -> None:
    many = tar(*(info(f"opt/{number}", b"x" * 600) for number in range(200)))
    path = write(tmp_path / "app.tar", docker_save(many))
    image = one(path, verify=verify)
    os.truncate(path, int(Path(path).stat().st_size * left))
    seen = [entry.path for layer in image.layers for entry in layer.entries()]
    assert len(seen) < 200
    told = [error.message for error in (*image.layers[0].errors, *image.errors)]
    assert any("was longer when it was opened" in message for message in told), told
