"""Opens the service's database: SQLite in a file, or PostgreSQL. Transactions that write say so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from sealock.errors import SealockError

PATIENCE: Final = 60
"""Seconds that a transaction waits for another's on SQLite, which writes one at a time."""
_WRITES: Final = "sealock_writes"


class StateError(SealockError):
    """The database cannot be opened, is of another version, or holds what this sealock does not understand."""


class Database:
    """An open database. Safe to use from any number of threads and processes."""

    def __init__(self, url: str, *, pool: int = 5) -> None:
        """Open a database by its URL: "sqlite:///PATH", "postgresql://USER@HOST/NAME"; a path means SQLite.

        StateError where the URL is not one of these.
        """
        self.url = parse_url(url)
        options: dict[str, Any] = {"pool_pre_ping": True} if self.is_postgresql else {}
        self.engine: Engine = create_engine(self.url, pool_size=pool, max_overflow=pool * 2, **options)
        if self.is_postgresql:
            event.listen(self.engine, "connect", _prepare_postgresql)
        else:
            event.listen(self.engine, "do_connect", _make_private)
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._writing = self.engine.execution_options(**{_WRITES: True})
        self._reading = self.engine
        if self.is_postgresql:
            self._reading = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @property
    def is_postgresql(self) -> bool:
        """Whether it is PostgreSQL, and not SQLite."""
        return self.url.get_backend_name() == "postgresql"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: all of its queries see one state."""
        with self._reading.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that writes: all of it, or nothing where an exception leaves it."""
        with self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def parse_url(url: str) -> URL:
    """The URL of a database; StateError where it is neither SQLite nor PostgreSQL."""
    if "://" not in url:
        return URL.create("sqlite", database=os.path.abspath(url))  # noqa: PTH100  as the argument is written
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError):
        backend = ""
    if backend == "sqlite":
        return parsed
    if backend in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    msg = "the database is not one that sealock knows: write a path, sqlite:///PATH or postgresql://USER@HOST/NAME"
    raise StateError(msg)


def _make_private(_dialect: object, _record: object, arguments: list[str], _more: object) -> None:
    """Make a new file that only its user reads, as SQLite then makes those beside it: it has hashes of secrets."""
    if arguments[0] == ":memory:":
        return
    with suppress(OSError):  # it is there, or SQLite says why it cannot be
        os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  what the driver gives
    connection.isolation_level = None  # transactions begin in _begin_sqlite
    for pragma in (
        f"busy_timeout={PATIENCE * 1000}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16384",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_postgresql(connection: Any, _record: object) -> None:  # noqa: ANN401  what the driver gives
    # It takes seconds to compile statements that then run for less.
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
        connection.commit()
    except Exception:
        # The database may end right here, and no pool has this connection yet.
        connection.close()
        raise


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes then fails where another wrote in between: it takes the lock at once.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, to: str = "head") -> None:
    """Bring the tables to a version: the newest, or an earlier one, whose tables it then has.

    StateError where the database cannot be reached, or is of a newer sealock.
    """
    try:
        with database.write() as connection:
            config, now = _config(connection), version(connection)
            scripts = ScriptDirectory.from_config(config)
            known = {script.revision for script in scripts.walk_revisions()}
            if now and now not in known:
                msg = f"the database is of a newer sealock (its version is {now}): start that one"
                raise StateError(msg)
            back = to == "base" or (bool(now) and to in known and to != now and _is_before(scripts, to, now))
            (command.downgrade if back else command.upgrade)(config, to)
    except DBAPIError as error:
        raise StateError(failure(database, error)) from None
    except CommandError as error:
        msg = f"the database has no version {to!r}: {error}"
        raise StateError(msg) from None


def version(connection: Connection) -> str:
    """The version of the tables, "" for a database without any."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def versions() -> tuple[str, ...]:
    """All versions of the tables, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return tuple(reversed([script.revision for script in scripts]))


def newest() -> str:
    """The version of the tables that this sealock uses."""
    return versions()[-1]


def _is_before(scripts: ScriptDirectory, earlier: str, later: str) -> bool:
    return any(script.revision == earlier for script in scripts.iterate_revisions(later, "base"))


def place_of(database: Database) -> str:
    """The URL of a database, without the password."""
    return database.url.render_as_string(hide_password=True)


def failure(database: Database, error: DBAPIError) -> str:
    """What went wrong, without the password."""
    reason = " ".join(str(error.orig).split())[:300]
    return f"the database {place_of(database)} cannot be used: {reason}"
