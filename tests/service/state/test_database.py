from __future__ import annotations

import pkgutil
import re
import sqlite3
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import (
    Boolean,
    Connection,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    delete,
    func,
    insert,
    select,
    text,
)

from sealock.service.state import tables
from sealock.service.state.database import Database, StateError, migrate, newest, parse_url, version, versions


def test_the_newest_tables_are_those_that_the_code_names(database: Database) -> None:
    with database.write() as connection:
        context = MigrationContext.configure(connection)
        for module in pkgutil.iter_modules(tables.__path__):
            import_module(f"{tables.__name__}.{module.name}")
        assert compare_metadata(context, tables.metadata) == []


def _tables(connection: Connection) -> dict[str, Table]:
    """The tables as they are in the database now."""
    reflected = MetaData()
    reflected.reflect(connection)
    return {table.name: table for table in reflected.sorted_tables if table.name != "alembic_version"}


def _fill(connection: Connection, names: set[str]) -> None:
    """One row in each of these tables, each value made of its type."""
    values: dict[type[Any], Any] = {Boolean: True, Float: 1.5, Integer: 1, LargeBinary: b"\0x"}
    for table in _tables(connection).values():
        if table.name in names:
            row = {
                column.name: next((value for kind, value in values.items() if isinstance(column.type, kind)), "é\n'")
                for column in table.columns
            }
            connection.execute(insert(table).values(**row))


Rows = dict[str, list[dict[str, Any]]]


def _dump(connection: Connection) -> Rows:
    """The rows of all tables."""
    return {
        name: [dict(row) for row in connection.execute(select(table)).mappings()]
        for name, table in _tables(connection).items()
    }


def _keep_all(before: Rows, after: Rows) -> None:
    """Every row is there as it was, in the columns that both versions have."""
    for name in before.keys() & after.keys():
        assert len(before[name]) == len(after[name])
        for old, new in zip(before[name], after[name], strict=True):
            common = old.keys() & new.keys()
            assert common
            assert {column: old[column] for column in common} == {column: new[column] for column in common}


@pytest.mark.repeats
def test_migrations_go_forward_and_back_and_keep_the_rows_of_the_tables_that_stay(url: str) -> None:
    opened = Database(url)
    dumps: dict[str, Rows] = {}
    former: Rows = {}
    for step in versions():
        migrate(opened, step)
        with opened.write() as connection:
            assert version(connection) == step
            _keep_all(former, _dump(connection))
            _fill(connection, set(_tables(connection)) - set(former))
            former = dumps[step] = _dump(connection)
    assert set(former) >= set(tables.metadata.tables)
    for step in reversed(versions()):
        migrate(opened, step)
        with opened.read() as connection:
            assert version(connection) == step
            now = _dump(connection)
        assert now.keys() == dumps[step].keys()
        _keep_all(dumps[step], now)
    migrate(opened, "base")
    with opened.read() as connection:
        assert not _tables(connection)
    migrate(opened)
    with opened.read() as connection:
        assert version(connection) == newest() == versions()[-1]
    opened.close()


def test_ids_of_events_and_findings_are_not_used_again_after_a_migration(url: str) -> None:
    # A webhook remembers the last event that it took, also where retention has removed it.
    opened = Database(url)
    rows: dict[str, dict[str, Any]] = {
        "event": {"uid": "a", "kind": "added", "at": 1.0},
        "finding": {"repository_id": 1, "rule": "F001", "thing": "x", "severity": 4, "first_seen": 1, "last_seen": 1},
    }
    for number, step in enumerate(("m0006_configurations", "m0007_indexes", "m0006_configurations"), 1):
        migrate(opened, step)
        with opened.write() as connection:
            known = _tables(connection)
            if number == 1:
                connection.execute(insert(known["repository"]).values(name="registry.example/app", first_seen=1))
            for name, row in rows.items():
                assert connection.execute(insert(known[name]).values(**row)).inserted_primary_key == (number,)
                connection.execute(delete(known[name]))
    opened.close()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(tables.setting).values(name="a", value="1"))
    migrate(database)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.setting)).scalar() == 1


def test_a_database_of_a_newer_sealock_is_refused_and_stays(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'm9999_later'"))
    with pytest.raises(StateError, match=r"newer sealock \(its version is m9999_later\)"):
        migrate(database)
    with database.read() as connection:
        assert version(connection) == "m9999_later"


def test_a_version_that_is_not_there_is_an_error(database: Database) -> None:
    with pytest.raises(StateError, match="no version 'm1234'"):
        migrate(database, "m1234")


def test_nothing_of_a_transaction_that_fails_stays(database: Database) -> None:
    def fail() -> None:
        with database.write() as connection:
            connection.execute(insert(tables.setting).values(name="a", value="1"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.read() as connection:
        assert not connection.execute(select(tables.setting)).all()


def test_transactions_that_read_and_then_write_wait_for_each_other(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(tables.setting).values(name="sum", value="0"))

    def add() -> None:
        for _ in range(20):
            with database.write() as connection:
                row = select(tables.setting.c.value).where(tables.setting.c.name == "sum").with_for_update()
                value = int(connection.execute(row).scalar_one())
                connection.execute(tables.setting.update().values(value=str(value + 1)))

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        assert connection.execute(select(tables.setting.c.value)).scalar_one() == "80"


def test_a_reader_sees_one_state_and_cannot_write(database: Database) -> None:
    with database.read() as reading:
        assert not reading.execute(select(tables.setting)).all()
        with database.write() as connection:
            connection.execute(insert(tables.setting).values(name="a", value="1"))
        assert not reading.execute(select(tables.setting)).all()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("state.db", r"sqlite:////.*/state\.db"),
        ("/var/lib/sealock/state.db", "sqlite:////var/lib/sealock/state.db"),
        ("sqlite:///state.db", "sqlite:///state.db"),
        ("postgresql://me:word@db/sealock", r"postgresql\+psycopg://me:\*\*\*@db/sealock"),
        ("postgres://db/sealock", r"postgresql\+psycopg://db/sealock"),
        ("postgresql+asyncpg://db/sealock", r"postgresql\+psycopg://db/sealock"),
    ],
)
def test_a_url_names_sqlite_or_postgresql(written: str, meant: str) -> None:
    assert re.fullmatch(meant, parse_url(written).render_as_string(hide_password=True))


@pytest.mark.parametrize(
    "written",
    ["mysql://me:word@db/x", "http://db", "://", "oracle://x", "sql lite://x", "postgresql://me:word@h:port/x"],
)
def test_another_url_is_an_error_that_does_not_repeat_the_password(written: str) -> None:
    with pytest.raises(StateError, match="write a path") as caught:
        parse_url(written)
    assert "word" not in str(caught.value)


def test_a_database_that_cannot_be_reached_is_an_error_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be used") as caught:
        migrate(Database(f"postgresql://me:word@/x?host={tmp_path}"))
    assert "word" not in str(caught.value)


def test_a_file_that_is_no_database_is_an_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StateError, match="cannot be used: file is not a database"):
        migrate(Database(str(path)))
    assert path.read_bytes() == b"not a database" * 100


def test_sqlite_keeps_what_was_committed_where_the_machine_fails(tmp_path: Path) -> None:
    opened = Database(str(tmp_path / "state.db"))
    with opened.read() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    opened.close()
    with sqlite3.connect(tmp_path / "state.db") as plain:
        assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_only_its_user_reads_a_new_file(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    database = Database(str(tmp_path / "state.db"))
    migrate(database)
    with database.write():
        modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("state.db", "state.db-shm", "state.db-wal"), 0o600)
    database.close()
