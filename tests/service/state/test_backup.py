"""A backup is the whole state, goes from one database to the other, and a damaged one changes nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, insert, select

from sealock.service.state import backup as backup_module
from sealock.service.state.backup import _lines, backup, restore
from sealock.service.state.database import Database, StateError, migrate, version, versions
from sealock.service.state.matchagain import match_again
from sealock.service.state.reports import keep_report, parse_report
from sealock.service.state.tables import credential, event, facts
from sealock.service.work.carriers import open_jobs
from sealock.service.work.requests import parse_request, put_waiting, request_scan
from support.madedatabases import Table
from support.servicestate import deb, flaw, image_of, pypi, rule, scan

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

APP = "registry.example/app"


def fill(database: Database) -> None:
    table = Table(flaw("CVE-2026-0001", "Debian:12", "openssl", fixed="3.0.15-1"))
    scan(
        database,
        APP,
        "1",
        image_of("a é", deb("openssl", "3.0.14-1"), pypi("flask", "1.0", 1)),
        table,
        now=10.0,
        findings=[rule("F001", "x")],
    )
    scan(database, APP, "1", image_of("b", deb("openssl", "3.0.15-1"), layers=("other",)), table, now=20.0)
    with database.write() as connection:
        keep_report(
            connection,
            parse_report(
                b'{"host":"one","version":"1","targets":[{"name":"container:web","kind":"container","findings":[{"rule":"C001","thing":"x","severity":"high"}]}]}'
            ),
            5.0,
        )
        connection.execute(insert(credential).values(host="a.example", login=b"\0\xff", changed=1.0))
        connection.execute(insert(facts).values(name="facts-x", data=b"x", used=1.0))


def dump(database: Database) -> dict[str, list[Any]]:
    with database.read() as connection:
        reflected = MetaData()
        reflected.reflect(connection)
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in reflected.sorted_tables
            if table.name not in {"facts", "alembic_version"} and not table.name.startswith("procrastinate")
        }


@pytest.fixture
def others(tmp_path: Path, request: pytest.FixtureRequest, migrated: str) -> list[Callable[[], str]]:
    """Empty databases, of both kinds where there are both."""
    kinds = [lambda: f"sqlite:///{tmp_path}/other.db"]
    if migrated.startswith("postgresql"):
        kinds.append(request.getfixturevalue("postgresql").database)
    return kinds


def test_a_restored_state_is_the_same_and_goes_on(
    database: Database, tmp_path: Path, others: list[Callable[[], str]]
) -> None:
    fill(database)
    open_jobs(database)
    result = backup(database, str(tmp_path / "backup"), 30.0)
    assert result.rows > 20
    for make in others:
        other = Database(make())
        assert restore(other, str(tmp_path / "backup")) == result
        assert dump(other) == dump(database)
        with other.read() as connection:
            assert not connection.execute(select(facts)).all()
        # It goes on where it was: new rows get new numbers.
        before = len(dump(other)["event"])
        match_again(other, Table(flaw("CVE-2026-0002", "Debian:12", "openssl")), "g", 40.0)
        with other.read() as connection:
            kinds = connection.execute(select(event.c.kind).order_by(event.c.id)).scalars().all()
        assert kinds[before:] == ["added"]
        with pytest.raises(StateError, match="is not empty"):
            restore(other, str(tmp_path / "backup"))
        other.close()


def test_a_backup_of_an_older_version_is_brought_up_to_date(database: Database, tmp_path: Path) -> None:
    fill(database)
    migrate(database, versions()[2])
    backup(database, str(tmp_path / "backup"), 30.0)
    migrate(database)
    other = Database(str(tmp_path / "other.db"))
    assert restore(other, str(tmp_path / "backup")).version == versions()[2]
    with other.read() as connection:
        assert version(connection) == versions()[-1]
    assert len(dump(other)["event"]) == len(dump(database)["event"])
    other.close()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "missing"])
def test_a_damaged_backup_changes_nothing(tmp_path: Path, damage: str) -> None:
    source = Database(str(tmp_path / "source.db"))
    migrate(source)
    fill(source)
    path = tmp_path / "backup"
    backup(source, str(path), 30.0)
    source.close()
    data = path.read_bytes()
    damages = {
        "cut": data[: len(data) // 2],
        "flipped": data[:200] + bytes([data[200] ^ 1]) + data[201:],
        "empty": b"",
        "text": b"hello",
    }
    path.unlink() if damage == "missing" else path.write_bytes(damages[damage])
    other = Database(str(tmp_path / "other.db"))
    migrate(other)
    with pytest.raises(StateError, match="backup"):
        restore(other, str(path))
    assert not any(dump(other).values())
    other.close()


@pytest.mark.parametrize("more", [0, 1])
def test_a_line_of_the_most_bytes_is_read_and_no_longer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: int
) -> None:
    monkeypatch.setattr(backup_module, "_LONGEST", 8)
    lines = [b"short\n", b"x" * (7 + more) + b"\n", b"last"]
    with zstd.open(tmp_path / "a", "wb") as file:
        file.write(b"".join(lines))
    if more:
        with pytest.raises(StateError, match="has a line of more than 8 bytes"):
            list(_lines(str(tmp_path / "a")))
    else:
        assert list(_lines(str(tmp_path / "a"))) == lines


@pytest.mark.parametrize(
    ("where", "why"),
    [
        pytest.param("none/backup", "No such file or directory", id="in a directory that does not exist"),
        pytest.param("file/backup", "Not a directory", id="below a file"),
        pytest.param("directory", "Is a directory", id="in place of a directory"),
    ],
)
def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path, where: str, why: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    source = Database(str(tmp_path / "source.db"))
    migrate(source)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StateError, match=f"cannot be written: {why}"):
        backup(source, str(tmp_path / where), 30.0)
    assert sorted(tmp_path.rglob("*")) == before
    source.close()


def test_a_backup_of_what_holds_no_state_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "odd.db").write_text("x" * 5000, encoding="ascii")
    for name, why in (("odd.db", "odd.db cannot be used: file is not a database"), ("new.db", "there is no state in")):
        source = Database(str(tmp_path / name))
        with pytest.raises(StateError, match=why):
            backup(source, str(tmp_path / "backup"), 30.0)
        assert not list(tmp_path.glob("backup*"))
        source.close()


def test_a_backup_cannot_be_restored_into_what_is_no_database(tmp_path: Path) -> None:
    source = Database(str(tmp_path / "source.db"))
    migrate(source)
    backup(source, str(tmp_path / "backup"), 30.0)
    source.close()
    (tmp_path / "odd.db").write_text("x" * 5000, encoding="ascii")
    other = Database(str(tmp_path / "odd.db"))
    with pytest.raises(StateError, match="cannot be used: file is not a database"):
        restore(other, str(tmp_path / "backup"))
    other.close()


def test_scans_that_wait_have_their_jobs_again_after_a_restore(
    database: Database, tmp_path: Path, others: list[Callable[[], str]]
) -> None:
    jobs = open_jobs(database)
    with database.write() as connection:
        for name in ("a", "b"):
            request_scan(connection, jobs, parse_request(f"{APP}:{name}"), 1.0)
    backup(database, str(tmp_path / "backup"), 30.0)
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600
    for make in others:
        other = Database(make())
        restore(other, str(tmp_path / "backup"))
        restored = open_jobs(other)
        assert restored.counts().waiting == 0
        assert [put_waiting(other, restored) for _ in range(2)] == [2, 2]
        assert restored.counts().waiting == 2
        other.close()
