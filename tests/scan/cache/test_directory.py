"""The directory of the cache: what is read and written where, what is recorded of uses, and what goes first."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from sealock.scan.cache import directory
from sealock.scan.cache.directory import LARGEST, CacheDirectory

NAMES = [f"facts-{number:064x}" for number in range(4)]
TEMPORARY = ".coming-1-0123456789abcdef"


@pytest.fixture(name="path")
def make_path(tmp_path: Path) -> Path:
    path = tmp_path / "above" / "cache"
    CacheDirectory(str(path)).write(NAMES[0], b"content")
    return path


def at(monkeypatch: pytest.MonkeyPatch, moment: float) -> None:
    monkeypatch.setattr(directory, "time", SimpleNamespace(time=lambda: moment))


def sparse(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        pytest.param(lambda path: path.chmod(0o720), "is writable by others", id="a group can write to it"),
        pytest.param(lambda path: path.chmod(0o702), "is writable by others", id="anybody can write to it"),
        pytest.param(lambda path: path.chmod(0o755), "", id="anybody can read it"),
    ],
)
def test_a_directory_that_others_can_write_to_is_not_used(
    path: Path, change: Callable[[Path], None], trouble: str
) -> None:
    change(path)
    cache = CacheDirectory(str(path))
    cache.write(NAMES[1], b"more")
    assert cache.trouble == (f"{path} {trouble}" if trouble else "")
    assert cache.read(NAMES[0]) == (None if trouble else b"content")
    assert (path / NAMES[1]).exists() is not bool(trouble)
    cache.tidy()
    assert (path / NAMES[0]).exists()


def test_a_directory_is_made_only_for_its_owner_and_only_where_that_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "above" / "cache"
    absent = CacheDirectory(str(path), make=False)
    absent.write(NAMES[0], b"content")
    assert (absent.trouble, absent.read(NAMES[0]), absent.entries(), absent.prune(0)) == ("", None, [], (0, 0))
    assert not path.parent.exists()
    assert CacheDirectory(str(path)).trouble == ""
    assert path.stat().st_mode & 0o777 == 0o700
    assert path.parent.stat().st_mode & 0o700 == 0o700


def test_without_a_path_there_is_no_cache() -> None:
    cache = CacheDirectory("")
    cache.write(NAMES[0], b"content")
    assert cache.trouble == "no directory is configured"
    assert (cache.read(NAMES[0]), cache.entries()) == (None, [])


@pytest.mark.parametrize(
    ("make", "stays"),
    [
        pytest.param(lambda entry: entry.write_bytes(b""), False, id="an empty file"),
        pytest.param(lambda entry: entry.write_bytes(b"sealock cache 1\n"), False, id="without a checksum"),
        pytest.param(lambda entry: entry.mkdir(), False, id="an empty directory"),
        pytest.param(lambda entry: (entry.mkdir(), (entry / "x").write_text("x")), True, id="a directory with a file"),
        pytest.param(os.mkfifo, False, id="a pipe"),
        pytest.param(lambda entry: entry.symlink_to(NAMES[0]), True, id="a link to another entry"),
        pytest.param(
            lambda entry: entry.write_bytes((entry.parent / NAMES[0]).read_bytes()), False, id="another entry's bytes"
        ),
        pytest.param(lambda entry: sparse(entry, LARGEST + 1), False, id="larger than any entry"),
    ],
)
def test_what_is_no_entry_is_not_read(path: Path, make: Callable[[Path], object], stays: bool) -> None:  # noqa: FBT001  a column
    make(path / NAMES[1])
    cache = CacheDirectory(str(path))
    assert cache.read(NAMES[1]) is None
    assert os.path.lexists(path / NAMES[1]) is stays
    assert cache.read(NAMES[0]) == b"content"


def test_what_is_absent_is_no_entry(path: Path) -> None:
    cache = CacheDirectory(str(path))
    assert cache.read(NAMES[1]) is None
    cache.remove(NAMES[1])
    assert [entry.name for entry in cache.entries()] == [NAMES[0]]


def test_a_write_that_fails_leaves_nothing_and_is_the_last(path: Path) -> None:
    (path / NAMES[1] / "x").mkdir(parents=True)
    cache = CacheDirectory(str(path))
    cache.write(NAMES[1], b"content")
    assert cache.trouble.startswith(f"{path} cannot be written to: ")
    cache.write(NAMES[2], b"content")
    assert sorted(item.name for item in path.iterdir()) == NAMES[:2]


@pytest.mark.parametrize(("size", "stays"), [(0, True), (500, True), (501, False)])
def test_an_entry_has_at_most_half_of_the_limit(path: Path, size: int, stays: bool) -> None:  # noqa: FBT001  a column
    cache = CacheDirectory(str(path), limit=1000)
    cache.write(NAMES[1], bytes(size))
    assert cache.read(NAMES[1]) == (bytes(size) if stays else None)


@pytest.mark.parametrize(("after", "recorded"), [(60, False), (61, True), (-5, False)])
def test_a_use_is_recorded_again_after_a_minute(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    after: int,
    recorded: bool,  # noqa: FBT001  a column
) -> None:
    os.utime(path / NAMES[0], (1000, 1000))
    at(monkeypatch, 1000 + after)
    assert CacheDirectory(str(path)).read(NAMES[0]) == b"content"
    assert ((path / NAMES[0]).stat().st_mtime != 1000) is recorded


def test_the_least_recently_used_go_first_and_no_more_than_must(path: Path) -> None:
    cache = CacheDirectory(str(path))
    for number, name in enumerate(NAMES):
        cache.write(name, bytes(9000))
        os.utime(path / name, (1000 - number, 1000 - number))
    entries = cache.entries()
    assert [entry.name for entry in entries] == NAMES[::-1]
    size = entries[0].size
    assert size >= 9000
    assert cache.prune(4 * size) == (0, 0)
    assert cache.prune(3 * size) == (1, size)
    assert cache.prune(2 * size - 1) == (2, 2 * size)
    assert [entry.name for entry in cache.entries()] == NAMES[:1]


@pytest.mark.parametrize(
    ("age", "most", "stays"),
    [(3600, 1 << 30, True), (3601, 1 << 30, False), (0, 1, True), (0, 0, False)],
)
def test_a_temporary_file_stays_for_an_hour(
    path: Path,
    monkeypatch: pytest.MonkeyPatch,
    age: int,
    most: int,
    stays: bool,  # noqa: FBT001  a column
) -> None:
    (path / TEMPORARY).write_bytes(b"half")
    (path / f"{TEMPORARY}x").write_bytes(b"of another program")
    os.utime(path / TEMPORARY, (1000, 1000))
    at(monkeypatch, 1000 + age)
    CacheDirectory(str(path)).prune(most)
    assert (path / TEMPORARY).exists() is stays
    assert (path / NAMES[0]).exists() is (most > 1)
    assert (path / f"{TEMPORARY}x").exists()


def test_room_is_made_once_after_something_was_written(path: Path) -> None:
    cache = CacheDirectory(str(path), limit=1)
    cache.tidy()
    assert (path / NAMES[0]).exists()
    cache = CacheDirectory(str(path), limit=2)
    cache.write(NAMES[1], b"x")
    cache.tidy()
    assert not cache.entries()
    (path / NAMES[2]).write_bytes(b"of another process")
    cache.tidy()
    assert (path / NAMES[2]).exists()
