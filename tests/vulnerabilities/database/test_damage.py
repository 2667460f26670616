"""What a database with a right stamp holds may still be damaged: it is an error where it is read, never an answer."""

from __future__ import annotations

import shutil
import socket
import sqlite3
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.msgpack import encode

from sealock.errors import DatabaseError
from sealock.vulnerabilities.builder import _train_dictionary
from sealock.vulnerabilities.claim import NoAdvisories
from sealock.vulnerabilities.database import seal, update
from sealock.vulnerabilities.database.artifact import _digest
from sealock.vulnerabilities.database.location import NAME, is_absent
from sealock.vulnerabilities.database.sources import FetchedFile, SourceFolder
from sealock.vulnerabilities.feeds.catalog import FEEDS
from sealock.vulnerabilities.feeds.feed import FeedError
from sealock.vulnerabilities.records import Packing
from sealock.vulnerabilities.store import AdvisoryStore
from support import feedmirror

CVE = "CVE-2026-1000"
JUNK = encode({"odd": 3})
_SHORT, _LONG = array("I", (7,)).tobytes(), array("I", (7, 8)).tobytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("damage")
    feedmirror.updated(folder / "db", feedmirror.mirror(folder / "mirror"))
    return folder / "db"


DAMAGE: dict[str, tuple[str, bytes, Callable[[AdvisoryStore], Any]]] = {
    "bytes that nothing expands": ("claim", b"\xff\xff", lambda store: store.about("PyPI", ["lock-gate"])),
    "a stream that does not end": ("claim", b"\x00\x11", lambda store: store.about("PyPI", ["lock-gate"])),
    "something behind a stream": ("claim", Packing().pack(b"\x90") + b"x", lambda store: store.about("PyPI", ["lock-gate"])),
    "claims that are none": ("claim", Packing().pack(JUNK), lambda store: store.about("PyPI", ["lock-gate"])),
    "claims that are none, in an update": ("claim", Packing().pack(JUNK), lambda store: store.extract(["osv/PyPI"])),
    "a block that is none": ("detail", Packing().pack(b"\x93"), lambda store: store.details([CVE])),
    "records that are none": ("detail", Packing().pack(encode({CVE: 3})), lambda store: store.details([CVE])),
    "scores that are none": ("epss", Packing().pack(JUNK), lambda store: store.epss([CVE])),
    "scores of half a number": ("epss", Packing().pack(encode((b"xy", b"xyz", _SHORT))), lambda store: store.epss([CVE])),
    "more scores than CVEs": ("epss", Packing().pack(encode((b"xy", _LONG, _LONG))), lambda store: store.epss([CVE])),
    "more percentiles than scores": ("epss", Packing().pack(encode((b"xy", _SHORT, _LONG))), lambda store: store.epss([CVE])),
    "states that are none": ("feed", JUNK, lambda store: store.feeds()),
    "names of blocks that are none": ("meta firsts", Packing().pack(JUNK), lambda store: store.details([CVE])),
    "a catalogue that is none": ("meta exploited", Packing().pack(encode([3])), lambda store: store.exploited([CVE])),
    "ends of support that are none": ("meta ended", Packing().pack(encode([3])), lambda store: store.ended),
}  # fmt: skip


@pytest.mark.parametrize(("table", "data", "ask"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_an_error_where_it_is_read(
    folder: Path, tmp_path: Path, table: str, data: bytes, ask: Callable[[AdvisoryStore], Any]
) -> None:
    path = Path(shutil.copy(folder / NAME, tmp_path / NAME))
    seal.unseal(str(path))
    name, _, row = table.partition(" ")
    query = f"UPDATE {name} SET data = ?" + " WHERE name = ?" * bool(row)  # noqa: S608  of the table above
    with sqlite3.connect(path) as connection:
        connection.execute(query, (data, row) if row else (data,))
    connection.close()
    seal.seal(str(path))
    store = seal.opened(str(path))
    with pytest.raises(DatabaseError, match="the advisory database is damaged; `sealock db update` rebuilds it"):
        ask(store)
    store.close()


def test_the_stamp_of_what_has_none_is_empty(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"x")
    (tmp_path / "other").write_bytes(b"x" * 100)
    assert [seal.stamped(str(tmp_path / name)) for name in ("gone", "short", "other")] == ["", "", ""]
    assert len(seal.stamped(str(folder / NAME))) == 64


def test_what_cannot_be_opened_is_named_with_its_reason(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind("door")  # a name in the directory, since the path of a socket is short
        with pytest.raises(DatabaseError, match=f"{tmp_path}/door cannot be opened: No such device or address"):
            seal.opened(str(tmp_path / "door"))
    path = Path(shutil.copy(folder / NAME, tmp_path / NAME))
    monkeypatch.setattr(seal, "_check", lambda *_words, **_named: path.unlink())
    with pytest.raises(DatabaseError, match="is damaged"):
        seal.opened(str(path))


def test_what_cannot_be_looked_at_is_not_taken_for_absent(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    absent = {name: is_absent(str(tmp_path / name)) for name in ("file", "gone", "file/below")}
    assert absent == {"file": False, "gone": True, "file/below": False}


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(OSError(28, "No space left on device"), id="a full disk"),
        pytest.param(sqlite3.OperationalError("database or disk is full"), id="a full disk that SQLite sees"),
    ],
)
def test_an_update_that_cannot_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def build(*_given: object) -> None:
        raise error

    monkeypatch.setattr(update, "build", build)
    with pytest.raises(DatabaseError, match="cannot be written"):
        feedmirror.updated(tmp_path / "db", feedmirror.mirror(tmp_path / "mirror"), "kev")
    assert [path.name for path in (tmp_path / "db").iterdir()] == ["lock"]


def test_a_database_that_cannot_be_read_is_not_pushed(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=f"the advisory database {tmp_path} cannot be read: Is a directory"):
        _digest(str(tmp_path))


def test_a_dictionary_is_made_of_many_samples_only() -> None:
    samples = [f"a record of {number * 7919} on package {number}".encode() for number in range(500)]
    assert _train_dictionary(samples)
    assert _train_dictionary(samples[1:]) == b""


def test_no_database_covers_nothing() -> None:
    assert not NoAdvisories().covers("Debian:12")


def test_what_a_mirror_has_in_place_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = FEEDS["kev"].files[0]
    for where in ("gone", "file", "file/below"):
        assert SourceFolder(str(tmp_path / where)).fetch(file, None, "") == "absent"
    (tmp_path / "mirror" / file.path).mkdir(parents=True)
    with pytest.raises(FeedError, match=f"{tmp_path}/mirror/{file.path} (cannot be opened: Is a directory|is not a)"):
        SourceFolder(str(tmp_path / "mirror")).fetch(file, None, "")


class FullDisk:
    """A source whose files cannot be saved."""

    complete = True

    def fetch(self, *_given: object) -> FetchedFile:
        raise OSError(28, "No space left on device")


def test_a_feed_that_cannot_be_saved_is_a_failure_of_its_own(tmp_path: Path) -> None:
    (outcome,) = update.update(str(tmp_path / "db"), FullDisk(), [FEEDS["kev"]])
    assert (outcome.result, outcome.why) == ("failed", "it could not be saved: No space left on device")
