"""An image among the files of a directory is named once, and its files are none of the project's."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets.fileinputs import Options, read_found
from sealock.targets.imagelayouts import WHY
from sealock.targets.inputs import FileInput, ImageInput, Input, SkippedInput
from sealock.targets.resolve import resolve
from support.packing import zstd

HASH = "ab" * 32
CONFIG = b'{"architecture": "amd64", "config": {"Cmd": ["docker run --privileged x"]}, "rootfs": {"type": "layers"}}'
SCRIPT = b"#!/bin/sh\ndocker run --privileged x\n"
SAVED = f'[{{"Config": "{HASH}.json", "RepoTags": ["a:1"], "Layers": ["{HASH}/layer.tar"]}}]'.encode()


RANDOM = random.Random(1).randbytes(1 << 20)  # noqa: S311  bytes that do not compress


def archive(*names: str, size: int = 0, pax: bool = False) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = 0 if name.endswith("/") else size
            info.pax_headers = {"mtime": "1.5", "LIBARCHIVE.creationtime": "1.5" * 400} if pax else {}
            tar.addfile(info, io.BytesIO(RANDOM))
    return written.getvalue()


DIRECTORIES: dict[str, Mapping[str, bytes]] = {
    "an OCI layout": {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": b'{"manifests": []}',
        f"blobs/sha256/{HASH}": CONFIG,
        "blobs/sha256/" + "cd" * 32: SCRIPT,
        "blobs/sha256/up.sh": SCRIPT,
    },
    "an OCI layout without the file that says so": {
        "index.json": b'{"manifests": []}',
        f"blobs/sha256/{HASH}": CONFIG,
    },
    "an unpacked archive of docker save": {
        "manifest.json": SAVED,
        "repositories": b"{}",
        f"{HASH}.json": CONFIG,
        f"{HASH}/json": CONFIG,
        f"{HASH}/VERSION": b"1.0",
    },
    "a directory that skopeo copied an image into": {
        "version": b"Directory Transport Version: 1.1\n",
        "manifest.json": b'{"schemaVersion": 2}',
        HASH: CONFIG,
        f"{HASH}.manifest.json": b'{"schemaVersion": 2, "config": {}, "image": "docker"}',
        "signature-1": SCRIPT,
    },
}


def lay(directory: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)


def shape(inputs: Iterator[Input]) -> list[tuple[str, str]]:
    """Each input's name, and why it was skipped or what it is."""
    return [
        (input_.name, input_.unevaluated[0].reason if isinstance(input_, SkippedInput) else input_.kind)
        if isinstance(input_, SkippedInput | FileInput)
        else (input_.name, type(input_).__name__)
        for input_ in inputs
    ]


each = pytest.mark.parametrize("files", [pytest.param(files, id=sense) for sense, files in DIRECTORIES.items()])


@each
def test_an_image_in_a_directory_is_named_once(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    lay(tmp_path / "out" / "image", files)
    lay(
        tmp_path, {"Dockerfile": b"FROM scratch\n", "out/image/up.sh": SCRIPT, "out/image/more/Dockerfile": b"FROM a\n"}
    )
    assert shape(resolve(str(tmp_path), Options())) == [
        ("Dockerfile", "dockerfile"),
        ("out/image", WHY),
        ("out/image/up.sh", "run"),
        ("out/image/more/Dockerfile", "dockerfile"),
    ]


@each
def test_an_image_alone_is_no_pass(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    lay(tmp_path / "image", files)
    report = check(str(tmp_path), settings=Settings(only=("C001",), vulnerabilities=False))
    assert report.status == 2


@each
def test_a_hook_names_an_image_of_which_files_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: Mapping[str, bytes]
) -> None:
    lay(tmp_path / "image", files)
    lay(tmp_path, {"image/up.sh": SCRIPT})
    monkeypatch.chdir(tmp_path)
    changed = [f"image/{name}" for name in (*files, "up.sh")]
    assert shape(read_found(changed, Options())) == [("image", WHY), ("image/up.sh", "run")]


@each
def test_a_file_that_makes_a_directory_an_image_takes_no_check_away(tmp_path: Path, files: Mapping[str, bytes]) -> None:
    lay(tmp_path, files)
    (image,) = resolve(str(tmp_path), Options())
    assert isinstance(image, ImageInput)
    lay(tmp_path, {"Dockerfile": b"FROM scratch\n"})
    image, *others = resolve(str(tmp_path), Options())
    assert isinstance(image, ImageInput)
    assert shape(iter(others)) == [("Dockerfile", "dockerfile")]


SAVED_TAR = archive("blobs/", "blobs/sha256/", f"blobs/sha256/{HASH}", size=1 << 20)
ARCHIVES = {
    "of docker save": (archive("blobs/", f"blobs/sha256/{HASH}"), True),
    "of an older docker save": (archive(f"{HASH}/", f"{HASH}/layer.tar"), True),
    "of skopeo": (archive(f"{HASH}.tar", "manifest.json"), True),
    "of crane": (archive(f"sha256:{HASH}", "manifest.json"), True),
    "of Jib": (archive("config.json", f"{HASH}.tar.gz", "manifest.json", size=3000), True),
    "with a dot before each name": (archive("./oci-layout"), True),
    "of a directory, which comes first": (archive("./", "./blobs/", f"./blobs/sha256/{HASH}"), True),
    "that begins with a pax header": (archive("blobs/", f"blobs/sha256/{HASH}", pax=True), True),
    "of an image and large blobs": (SAVED_TAR, True),
    "of sources": (archive("src/", "src/manifest.json"), False),
    "of sources after a pax header": (archive("src/", "src/manifest.json", pax=True), False),
    "of a configuration and sources": (archive("config.json", "src/main.c"), False),
    "of nothing": (b"", False),
    "of a header that has no number for its size": (archive("./")[:124] + b"x" * 12 + archive("./")[136:], False),
}
GZIP, XZ, BZIP2 = gzip.compress(SAVED_TAR, 1), lzma.compress(SAVED_TAR, preset=0), bz2.compress(SAVED_TAR)
PACKED = {
    "image.tar.gz": GZIP,
    "image.tgz": GZIP,
    "image.gz": GZIP,
    "image.tar.xz": XZ,
    "image.txz": XZ,
    "image.tar.bz2": BZIP2,
    "image.tar.zst": zstd.compress(SAVED_TAR),
    "image.tzst": b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd.compress(SAVED_TAR),
    "image": SAVED_TAR,
    "image-1.27": GZIP,
    "IMAGE.OCI": SAVED_TAR,
}
UNPACKABLE = {
    "sources.tar.gz": gzip.compress(archive("src/", "src/manifest.json")),
    "program.gz": gzip.compress(b"\x7fELF" + RANDOM, 1),
    "broken.tar.gz": GZIP[:20] + RANDOM,
    "broken.tar.xz": XZ[:20] + RANDOM,
    "broken.tar.bz2": BZIP2[:20] + RANDOM,
    "broken.tar.zst": zstd.compress(SAVED_TAR)[:20] + RANDOM,
    "frames.tar.zst": b"\x50\x2a\x4d\x18\0\0\0\0" * 20_000 + zstd.compress(SAVED_TAR),
    "image.zip": SAVED_TAR,
}


def walk(directory: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """What a walk yields, and what it did not look into."""
    passed: list[str] = []
    found = shape(resolve(str(directory), Options(unexamined=passed.append)))
    return found, [Path(path).name for path in passed]


@pytest.mark.parametrize(
    ("data", "is_image"), [pytest.param(*row, id=f"an archive {sense}") for sense, row in ARCHIVES.items()]
)
def test_an_archive_of_an_image_is_named(tmp_path: Path, data: bytes, *, is_image: bool) -> None:
    lay(tmp_path, {"image.tar": data})
    assert walk(tmp_path) == (([("image.tar", WHY)], []) if is_image else ([], ["image.tar"]))


def test_an_archive_of_an_image_is_named_whatever_compresses_it(tmp_path: Path) -> None:
    lay(tmp_path, PACKED)
    assert walk(tmp_path) == ([(name, WHY) for name in sorted(PACKED)], [])


def test_what_only_looks_like_an_archive_of_an_image_is_counted(tmp_path: Path) -> None:
    lay(tmp_path, UNPACKABLE)
    assert walk(tmp_path) == ([], sorted(UNPACKABLE))
