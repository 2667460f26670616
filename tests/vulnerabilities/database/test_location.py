"""Whoever can write the database decides what is vulnerable: only this user and root may."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sealock.errors import DatabaseError
from sealock.vulnerabilities.database.location import _INCOMING, _LOCK, NAME, clear, put, writing
from sealock.vulnerabilities.database.seal import NoDatabaseError, opened

ROOT = os.geteuid() == 0


@pytest.mark.parametrize(
    ("place", "mode", "owner", "why"),
    [
        pytest.param("db", 0o777, -1, "is writable by others", id="a directory that all may write"),
        pytest.param("db", 0o1777, -1, "is writable by others", id="a sticky one"),
        pytest.param(f"db/{NAME}", 0o666, -1, "is writable by others", id="a file that all may write"),
        pytest.param("db", 0o755, 12345, "belongs to another user", id="another user's directory"),
        pytest.param(f"db/{NAME}", 0o644, 12345, "belongs to another user", id="another user's file"),
        pytest.param("db", 0o775, -1, "", id="a directory of this user's own group"),
        pytest.param("db", 0o700, -1, "", id="a private directory"),
    ],
)
def test_who_may_write_the_database(tmp_path: Path, place: str, mode: int, owner: int, why: str) -> None:
    if owner > 0 and not ROOT:
        pytest.skip("needs root")  # CI runs as root
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / NAME).touch()
    (tmp_path / place).chmod(mode)
    os.chown(tmp_path / place, owner, -1)
    with pytest.raises(DatabaseError) as opening:
        opened(str(tmp_path / "db" / NAME))
    if not why:
        assert "is not an advisory database" in str(opening.value)
        return
    message = f"{tmp_path / place} {why}, so the advisory database is not used: set SEALOCK_DB_DIR to a directory"
    assert str(opening.value).startswith(message)
    with pytest.raises(DatabaseError, match=why), writing(str(tmp_path / "db")):
        pass
    with pytest.raises(DatabaseError, match=why):
        clear(str(tmp_path / "db"))


def test_a_database_that_is_a_named_pipe_does_not_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(DatabaseError):
        opened(str(tmp_path / NAME))


def test_no_database_is_no_foreign_one(tmp_path: Path) -> None:
    with pytest.raises(NoDatabaseError):
        opened(str(tmp_path / "gone" / NAME))


def _update(where: Path) -> None:
    with writing(str(where)) as incoming:
        put(f"{incoming}/new", str(where))


@pytest.mark.parametrize(
    ("blocked", "work", "why"),
    [
        pytest.param(f"db/{_LOCK}/x", _update, "Is a directory", id="the lock is a directory"),
        pytest.param(f"db/{_INCOMING}PID", _update, "File exists", id="a file where updates put theirs"),
        pytest.param("db/x", _update, "No such file or directory", id="a new database that is gone"),
        pytest.param(f"db/{NAME}/x", lambda where: put(str(where / "x"), str(where)), "Is a directory", id="a directory in place of the database"),
        pytest.param(f"db/{NAME}/x", lambda where: clear(str(where)), "Is a directory", id="a directory to remove"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_an_error_with_its_reason(
    tmp_path: Path, blocked: str, work: Callable[[Path], None], why: str
) -> None:
    blocked = blocked.replace("PID", str(os.getpid()))
    (tmp_path / blocked).parent.mkdir(parents=True)
    (tmp_path / blocked).touch()
    if work is not _update:
        (tmp_path / "db" / "x").touch()
    with pytest.raises(DatabaseError) as refused:
        work(tmp_path / "db")
    advice = "set SEALOCK_DB_DIR to another directory for the advisory database"
    assert str(refused.value) == f"{tmp_path / 'db'} cannot be written ({why}); {advice}"


def test_what_an_update_that_was_killed_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / f"{_INCOMING}1").mkdir()
    (tmp_path / "other").mkdir()
    with writing(str(tmp_path)) as incoming:
        assert sorted(path.name for path in tmp_path.iterdir()) == sorted([Path(incoming).name, _LOCK, "other"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([_LOCK, "other"])
    assert clear(str(tmp_path)) is False
    (tmp_path / NAME).touch()
    assert clear(str(tmp_path)) is True
    assert clear(str(tmp_path / "gone")) is False
