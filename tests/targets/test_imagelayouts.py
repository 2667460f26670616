"""An image among the files of a directory is named once, and its files are none of the project's."""

from __future__ import annotations

import io
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

HASH = "ab" * 32
CONFIG = b'{"architecture": "amd64", "config": {"Cmd": ["docker run --privileged x"]}, "rootfs": {"type": "layers"}}'
SCRIPT = b"#!/bin/sh\ndocker run --privileged x\n"
SAVED = f'[{{"Config": "{HASH}.json", "RepoTags": ["a:1"], "Layers": ["{HASH}/layer.tar"]}}]'.encode()


def archive(*names: str) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name in names:
            tar.addfile(tarfile.TarInfo(name))
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


ARCHIVES = {
    "of docker save": (archive("blobs/", f"blobs/sha256/{HASH}"), True),
    "of an older docker save": (archive(f"{HASH}/", f"{HASH}/layer.tar"), True),
    "of skopeo": (archive(f"{HASH}.tar", "manifest.json"), True),
    "of crane": (archive(f"sha256:{HASH}", "manifest.json"), True),
    "with a dot before each name": (archive("./oci-layout"), True),
    "of sources": (archive("src/", "src/manifest.json"), False),
    "of nothing": (b"", False),
}


@pytest.mark.parametrize(
    ("data", "is_image"), [pytest.param(*row, id=f"an archive {sense}") for sense, row in ARCHIVES.items()]
)
def test_an_archive_of_an_image_is_named(tmp_path: Path, data: bytes, *, is_image: bool) -> None:
    lay(tmp_path, {"image.tar": data})
    passed: list[str] = []
    found = shape(resolve(str(tmp_path), Options(unexamined=passed.append)))
    assert found == ([("image.tar", WHY)] if is_image else [])
    assert [Path(path).name for path in passed] == ([] if is_image else ["image.tar"])
