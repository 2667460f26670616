"""The layers that a machine keeps: what comes back is what was fetched, and the directory never matters."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from sealock.errors import TransportError
from sealock.service.work.spool import LayerSpool


def digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def keep(spool: LayerSpool, data: bytes) -> bytes:
    return b"".join(spool.keep(digest(data), len(data), iter((data[:3], data[3:]))))


def kept(spool: LayerSpool, data: bytes) -> bytes | None:
    chunks = spool.read(digest(data))
    return None if chunks is None else b"".join(chunks)


def test_what_was_fetched_to_its_end_comes_back(tmp_path: Path) -> None:
    spool, data = LayerSpool(str(tmp_path / "layers")), os.urandom(600_000)
    assert kept(spool, data) is None
    assert keep(spool, data) == data
    assert kept(spool, data) == data
    assert [path.name for path in (tmp_path / "layers").iterdir()] == [digest(data).replace(":", "-")]
    assert (tmp_path / "layers").stat().st_mode & 0o777 == 0o700


def _breaks() -> Iterator[bytes]:
    yield b"first"
    raise TransportError


def test_what_broke_off_or_was_left_in_the_middle_is_not_kept(tmp_path: Path) -> None:
    spool = LayerSpool(str(tmp_path))
    with pytest.raises(TransportError):
        list(spool.keep(digest(b"x"), 10, _breaks()))
    left = spool.keep(digest(b"x"), 10, iter((b"a", b"b")))
    next(left)
    left.close()  # type: ignore[attr-defined]  # it is a generator
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", [b"", b"dat", b"data of a layer and more", b"data of a layes"])
def test_a_copy_that_was_damaged_is_an_error_and_goes(tmp_path: Path, harm: bytes) -> None:
    spool, data = LayerSpool(str(tmp_path)), b"data of a layer"
    keep(spool, data)
    (path,) = tmp_path.iterdir()
    path.write_bytes(harm)
    with pytest.raises(TransportError, match="damaged, and is fetched again"):
        kept(spool, data)
    assert kept(spool, data) is None


def test_the_layers_that_were_not_used_for_longest_go(tmp_path: Path) -> None:
    spool = LayerSpool(str(tmp_path), limit=4000)
    layers = [bytes([number]) * 1000 for number in range(6)]
    for number, data in enumerate(layers[:4]):
        keep(spool, data)
        os.utime(tmp_path / digest(data).replace(":", "-"), (number, number))
    assert kept(spool, layers[0]) is not None
    keep(spool, layers[4])
    assert [kept(spool, data) is not None for data in layers] == [True, False, True, True, True, False]
    keep(spool, b"x" * 1001)
    assert kept(spool, b"x" * 1001) is None


def test_what_cannot_be_removed_stays_and_fails_nothing(tmp_path: Path) -> None:
    spool = LayerSpool(str(tmp_path), limit=4000)
    # A file system that is mounted there has a directory of its own.
    (tmp_path / "lost+found").mkdir()
    os.truncate(_file(tmp_path / "lost+found" / "x"), 10)
    os.utime(tmp_path / "lost+found", (1, 1))
    layers = [bytes([number]) * 1000 for number in range(5)]
    for data in layers:
        assert keep(spool, data) == data
    assert (tmp_path / "lost+found" / "x").exists()
    assert len(list(tmp_path.iterdir())) <= 5


def test_a_layer_whose_time_cannot_be_set_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, data = LayerSpool(str(tmp_path)), b"data of a layer"
    keep(spool, data)
    monkeypatch.setattr("sealock.service.work.spool.os.utime", _full)
    assert kept(spool, data) == data


def test_a_file_that_nobody_finished_goes_after_an_hour(tmp_path: Path) -> None:
    spool = LayerSpool(str(tmp_path), limit=1000)
    now = time.time()
    for name, age in {".old": 3700.0, ".new": 3500.0, ".far-ahead": -3500.0}.items():
        _file(tmp_path / name).write_bytes(b"x" * 900)
        os.utime(tmp_path / name, (now - age, now - age))
    keep(spool, b"layer")
    assert [path.name for path in tmp_path.iterdir() if path.name[0] == "."] == [".new"]


@pytest.mark.parametrize("what", ["no directory", "a file in its place", "a full disk", "another kind of digest"])
def test_without_a_directory_that_can_be_used_layers_are_fetched(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    where = {"no directory": "", "a file in its place": str(tmp_path / "file")}.get(what, str(tmp_path / "layers"))
    spool, data = LayerSpool(where), b"data of a layer"
    if what == "a full disk":
        monkeypatch.setattr("sealock.service.work.spool.os.write", _full)
    if what == "another kind of digest":
        assert spool.read("sha512:../../etc/passwd") is None
        assert list(spool.keep("sha512:../x", 3, iter((b"abc",)))) == [b"abc"]
        return
    assert keep(spool, data) == data
    assert kept(spool, data) is None
    assert not list(tmp_path.glob("layers/*"))


GIB = 1 << 30
DISKS = [
    # bytes of the disk, of them free, of the layer; whether it is kept
    (20 * GIB, 8 * GIB, GIB // 4, True),
    (252 * GIB, 20 * GIB, GIB // 4, True),  # less than a tenth is free, and still far more than all layers take
    (252 * GIB, GIB + 100, 100, True),
    (252 * GIB, GIB + 99, 100, False),
    (4 * GIB, 500 << 20, 90 << 20, True),
    (4 * GIB, 499 << 20, 90 << 20, False),  # a tenth of a small disk
    (252 * GIB, 200 * GIB, GIB // 4 + 1, False),  # more than a quarter of the limit
]


@pytest.mark.parametrize(("whole", "free", "size", "is_kept"), DISKS)
def test_a_disk_is_not_filled(
    tmp_path: Path, whole: int, free: int, size: int, monkeypatch: pytest.MonkeyPatch, *, is_kept: bool
) -> None:
    monkeypatch.setattr("sealock.service.work.spool.disk_usage", lambda _path: (whole, whole - free, free))
    spool, data = LayerSpool(str(tmp_path / "layers")), b"data of a layer"
    assert b"".join(spool.keep(digest(data), size, iter((data,)))) == data
    assert (kept(spool, data) == data) is is_kept


def _file(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def _full(_descriptor: int, _data: object = None) -> int:
    raise OSError(28, "No space left on device")
