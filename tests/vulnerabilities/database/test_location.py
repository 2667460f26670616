"""Whoever can write the database decides what is vulnerable: only this user and root may."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealock.errors import DatabaseError
from sealock.vulnerabilities.database.location import NAME, clear, writing
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
