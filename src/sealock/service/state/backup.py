"""Writes the state to one file, and reads it back into an empty database, on either of the two.

The file is lines of JSON, compressed: first what it is, then for each table its columns and its rows, and at the end a
digest of all before. So a state can move from SQLite to PostgreSQL and back. Secrets are in it as they are in the
database: logins encrypted, passwords and tokens as their hashes. Jobs are not: what waits is put in again.
"""

from __future__ import annotations

import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError

from sealock.errors import UNDECODABLE, reason_of
from sealock.service.state.database import Database, StateError, failure, migrate, place_of, version
from sealock.service.state.rows import take_turn

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAGIC: Final = "sealock state 1"
_LEFT_OUT: Final = frozenset({"alembic_version", "job", "claim", "facts", "rate"})
"""Tables that are empty after a restore: who works on what, a cache, and what may still be asked."""
_AT_ONCE: Final = 2000
_LONGEST: Final = 256 << 20
"""Bytes of one line."""


class _Head(Struct):
    """The first line."""

    magic: str
    version: str
    made: float


class BackupResult(Struct, frozen=True):
    """How many rows were written or read, of how many tables; the version of the tables."""

    rows: int
    tables: int
    version: str


def backup(database: Database, path: str, now: float) -> BackupResult:
    """Write the state to a new file, as it is at one moment; others may go on working. StateError where that fails."""
    temporary = Path(f"{path}.part-{os.getpid()}")
    digest = sha256()
    count = 0
    try:
        # For this user only: hashes of passwords are in it.
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as raw, zstd.open(raw, "wb") as file, database.read() as connection:

            def write(value: object) -> None:
                line = msgspec.json.encode(value) + b"\n"
                digest.update(line)
                file.write(line)

            if not (revision := version(connection)):
                msg = f"there is no state in {place_of(database)}: name the one that the service uses"
                raise StateError(msg)
            write(_Head(MAGIC, revision, now))
            tables = _tables(connection)
            for table in tables:
                write({"table": str(table.name), "columns": [str(column.name) for column in table.columns]})
                for row in connection.execution_options(yield_per=_AT_ONCE).execute(select(table)):
                    write(tuple(map(_marked, row)))
                    count += 1
            file.write(msgspec.json.encode({"end": digest.hexdigest(), "rows": count}) + b"\n")
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        msg = f"the backup {path} cannot be written: {reason_of(error)}"
        raise StateError(msg) from None
    except DBAPIError as error:
        raise StateError(failure(database, error)) from None
    finally:
        with suppress(OSError):  # it has its last name by now, or there is none
            temporary.unlink()
    return BackupResult(count, len(tables), revision)


def restore(database: Database, path: str) -> BackupResult:
    """Read a backup into an empty database, all of it or nothing; then bring the tables to this sealock's version.

    StateError where the file is no whole backup, or the database is not empty.
    """
    try:
        head = _check(path)
        _prepare(database, head.version)
        with database.write() as connection:
            take_turn(connection)
            tables = {table.name: table for table in _tables(connection)}
            count = _load(connection, tables, _lines(path))
            _set_counters(connection, tables.values())
    except (OSError, zstd.ZstdError, EOFError) as error:
        msg = f"the backup {path} cannot be read: {error}"
        raise StateError(msg) from None
    except DBAPIError as error:
        raise StateError(failure(database, error)) from None
    migrate(database)
    return BackupResult(count, len(tables), head.version)


def _tables(connection: Connection) -> list[Table]:
    """The tables that are in the database, those that others refer to first."""
    reflected = MetaData()
    reflected.reflect(connection)
    return [
        table
        for table in reflected.sorted_tables
        if table.name not in _LEFT_OUT and not table.name.startswith(("procrastinate_", "sqlite_"))
    ]


def _marked(value: object) -> object:
    """A value of a column; bytes are marked as such."""
    return {"bytes": b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value


def _lines(path: str) -> Iterator[bytes]:
    with zstd.open(path, "rb") as file:
        while line := file.readline(_LONGEST + 1):
            if len(line) > _LONGEST:
                msg = f"the backup {path} has a line of more than {_LONGEST} bytes"
                raise StateError(msg)
            yield line


def _check(path: str) -> _Head:
    """Read a backup to its end before anything is changed."""
    digest = sha256()
    head: _Head | None = None
    last = b""
    for line in _lines(path):
        if last:
            digest.update(last)
        elif head is None:
            head = _decoded(path, line, _Head)
        last = line
    end = _decoded(path, last or b"{}", dict[str, Any])
    if head is None or head.magic != MAGIC or end.get("end") != digest.hexdigest():
        msg = f"{path} is no whole backup of sealock: it is damaged, cut off, or something else"
        raise StateError(msg)
    return head


def _decoded(path: str, line: bytes, kind: Callable[..., Any]) -> Any:  # noqa: ANN401  of the given kind
    try:
        return msgspec.json.decode(line, type=kind)
    except UNDECODABLE:
        msg = f"{path} is no whole backup of sealock: it is damaged, cut off, or something else"
        raise StateError(msg) from None


def _prepare(database: Database, revision: str) -> None:
    """Make the tables of the backup's version, in a database that has nothing in it."""
    with database.read() as connection:
        rows = sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _tables(connection)
        )
    if rows:
        msg = f"the database {place_of(database)} is not empty: restore into a new one"
        raise StateError(msg)
    migrate(database, revision)


def _load(connection: Connection, tables: dict[str, Table], lines: Iterator[bytes]) -> int:
    next(lines)
    table: Table | None = None
    columns: Sequence[str] = ()
    waiting: list[dict[str, Any]] = []
    count = 0

    def flush() -> None:
        if waiting and table is not None:
            connection.execute(insert(table), waiting)
            waiting.clear()

    for line in lines:
        value = msgspec.json.decode(line)
        if isinstance(value, list):
            waiting.append({name: _value(entry) for name, entry in zip(columns, value, strict=True)})
            count += 1
            if len(waiting) >= _AT_ONCE:
                flush()
        elif "table" in value:
            flush()
            table, columns = tables[value["table"]], value["columns"]
    flush()
    return count


def _value(entry: Any) -> Any:  # noqa: ANN401  a value of any column
    return b64decode(entry["bytes"]) if isinstance(entry, dict) else entry


def _set_counters(connection: Connection, tables: Any) -> None:  # noqa: ANN401  tables
    """Let PostgreSQL count on where the rows end; SQLite sees them by itself."""
    if connection.dialect.name != "postgresql":
        return
    for table in tables:
        key = list(table.primary_key)
        if len(key) == 1 and key[0].name == "id":
            connection.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "  # noqa: S608  a name of the schema
                    f"coalesce((SELECT max(id) FROM {table.name}), 0) + 1, false)"
                )
            )
