"""Directories with more files than a process may hold open, and files that are changed or replaced meanwhile."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from sealock.image import digests, lazyfiles
from sealock.image.bytesources import Stretch, UnreadableError
from sealock.image.digests import Verifier
from sealock.image.lazyfiles import LazyFile, OpenFiles
from sealock.image.opener import open_image
from sealock.image.safefiles import open_directory
from support.madeimages import Layout, info, spread, tar

OPEN = 64
"""Files that a process may hold open in these tests; one at rest has fewer than ten."""

NAMES = """
import sys
from sealock.scan.images import ImageOptions, read_inventories
for one in read_inventories(sys.argv[1], ImageOptions()):
    print(*(package.name for package in one.packages), *one.errors)
"""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN, OPEN))


def program(number: int, size: int = 0) -> bytes:
    """A layer with one package, and a large file."""
    about = json.dumps({"name": f"p{number}", "version": "1.0.0"}).encode()
    return tar(info(f"app/node_modules/p{number}/package.json", about), info(f"srv/{number}", bytes(size)))


def listed(path: str, cache: Path) -> dict[str, Any]:
    result = subprocess.run(
        [sys.executable, "-m", "sealock", "sbom", path, "--format", "json", "-q"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limited,
        env=os.environ | {"SEALOCK_CACHE_DIR": str(cache)},
    )
    assert (result.returncode, result.stderr) == (0, "")
    told: dict[str, Any] = json.loads(result.stdout)
    return told


@pytest.mark.repeats
@pytest.mark.parametrize("size", [0, 200_000], ids=["small layers", "layers that processes share"])
def test_an_image_of_more_layers_than_files_may_be_open_is_listed(size: int, tmp_path: Path) -> None:
    layers = [program(number, size) for number in range(4 * OPEN)]
    made = Layout()
    path = spread(tmp_path / "image", made.index(made.image(*((layer, layer) for layer in layers))))
    for _ in ("read", "remembered"):
        told = listed(path, tmp_path / "cache")
        assert {package["name"] for package in told["packages"]} == {f"p{number}" for number in range(4 * OPEN)}
        assert told["errors"] == []


def test_an_index_of_more_images_than_files_may_be_open_is_listed(tmp_path: Path) -> None:
    made = Layout()
    images = [
        made.image((layer, layer), annotations={"org.opencontainers.image.ref.name": f"app:{number}"})
        for number, layer in enumerate(map(program, range(4 * OPEN)))
    ]
    path = spread(tmp_path / "image", made.index(*images))
    told = subprocess.run(
        [sys.executable, "-c", NAMES, path], capture_output=True, text=True, check=True, preexec_fn=limited
    ).stdout
    assert told.split() == [f"p{number}" for number in range(4 * OPEN)]


@pytest.fixture
def blob(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LazyFile:
    """A file that is closed as soon as another one is read."""
    monkeypatch.setattr(lazyfiles, "MOST_OPEN", 1)
    (tmp_path / "a").write_bytes(b"first")
    (tmp_path / "b").write_bytes(b"other")
    return LazyFile(OpenFiles(open_directory(str(tmp_path))), "a")


def closed(lazy_file: LazyFile) -> None:
    """Read another file of its directory."""
    LazyFile(lazy_file.files, "b")


def test_a_file_is_opened_again_when_it_is_read_again(blob: LazyFile) -> None:
    closed(blob)
    assert Stretch(blob).fetch(1, 3) == b"irs"
    closed(blob)
    assert blob.status().st_size == 5


@pytest.mark.parametrize("how", ["written to", "replaced", "replaced by one as old", "removed"])
def test_a_file_that_is_another_one_now_is_not_read_on(how: str, blob: LazyFile, tmp_path: Path) -> None:
    closed(blob)
    path = tmp_path / "a"
    match how:
        case "written to":
            path.write_bytes(b"evil!")
        case "removed":
            path.unlink()
        case _:
            (tmp_path / "c").write_bytes(b"evil!")
            if how == "replaced by one as old":
                shutil.copystat(path, tmp_path / "c")
            (tmp_path / "c").rename(path)
    told = "No such file or directory" if how == "removed" else "it was changed or replaced while it was read"
    with pytest.raises(UnreadableError, match=told):
        Stretch(blob).fetch(0, 5)
    with pytest.raises(UnreadableError, match=told):
        blob.status()


def test_threads_that_read_many_files_at_once_read_what_is_in_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazyfiles, "MOST_OPEN", 2)
    one = OpenFiles(open_directory(str(tmp_path)))
    for number in range(20):
        (tmp_path / str(number)).write_bytes(b"%d" % number * 5000)
    stretches = [Stretch(LazyFile(one, str(number))) for number in range(20)]
    wrong: list[int] = []

    def read(step: int) -> None:
        for turn in range(2000):
            number = turn * step % 20
            if next(stretches[number].chunks(1 << 20)) != b"%d" % number * 5000:
                wrong.append(number)

    threads = [threading.Thread(target=read, args=(step,)) for step in (1, 3, 7, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_file_replaced_while_an_image_is_read_is_a_problem_and_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazyfiles, "MOST_OPEN", 1)
    made = Layout()
    layers = [program(number) for number in range(3)]
    path = spread(tmp_path / "image", made.index(made.image(*((layer, layer) for layer in layers))))
    (image,) = open_image(path)
    second = Path(path) / "blobs" / image.layers[1].layer.digest.replace(":", "/")
    content = second.read_bytes()
    second.unlink()
    second.write_bytes(content)
    found = [[entry.path for entry in layer.entries()] for layer in image.layers]
    assert [len(one) for one in found] == [2, 0, 2]
    told = {error.message for layer in image.layers for error in layer.errors}
    assert {message.rpartition(": ")[2] for message in told} == {"it was changed or replaced while it was read"}


def test_digests_of_very_many_layers_are_taken_by_a_few_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Layout()
    layers = [program(number) for number in range(200)]
    path = spread(tmp_path, made.index(made.image(*((layer, layer) for layer in layers))))
    (image,) = open_image(path, verify=False)
    monkeypatch.setattr(digests, "_THREADS", 3)
    verifier, most = Verifier(), 0
    before = threading.active_count()
    for layer in image.layers:
        stretch = layer.stretch  # type: ignore[attr-defined]  # it is one that is stored in a file
        verifier.check(str(layer.layer.index), stretch, layer.layer.digest)
        most = max(most, threading.active_count() - before)
    assert verifier.faults() == ()
    assert len(verifier.outcome().confirmed) == 200
    assert 1 <= most <= 3


def test_digests_are_taken_even_where_no_thread_is_to_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(_thread: threading.Thread) -> None:
        message = "can't start new thread"
        raise RuntimeError(message)

    (tmp_path / "a").write_bytes(b"first")
    stretch = Stretch(LazyFile(OpenFiles(open_directory(str(tmp_path))), "a"))
    verifier = Verifier()
    monkeypatch.setattr(threading.Thread, "start", none)
    verifier.check("a layer", stretch, "sha256:" + "0" * 64)
    assert [fault.partition(" instead")[0][:27] for fault in verifier.faults()] == ["a layer has the digest a793"]


def test_what_could_not_be_verified_for_want_of_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spent(*_: object) -> bytes:
        raise MemoryError

    (tmp_path / "a").write_bytes(b"first")
    stretch = Stretch(LazyFile(OpenFiles(open_directory(str(tmp_path))), "a"))
    monkeypatch.setattr(Stretch, "chunks", spent)
    verifier = Verifier()
    verifier.check("a layer", stretch, "sha256:" + "0" * 64)
    assert verifier.faults() == ("a layer could not be verified (MemoryError())",)
