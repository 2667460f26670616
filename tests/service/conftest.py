"""The tests of the state run on both databases: each `database` test has a SQLite and a PostgreSQL row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from sealock.service.state.database import Database, migrate
from support.postgresql import BOTH, PostgresServer, postgres_server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """One for all tests of a process: each test has a database of its own. What is left in those is not swept."""
    with postgres_server(autovacuum="off") as started:
        yield started


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/state.db"
    started: PostgresServer = request.getfixturevalue("postgresql")
    return started.database()


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the newest tables."""
    path = tmp_path_factory.mktemp("made") / "state.db"
    opened = Database(str(path))
    migrate(opened)
    opened.close()
    return path


@pytest.fixture(scope="session")
def template(postgresql: PostgresServer) -> str:
    """A PostgreSQL database with the newest tables."""
    made = postgresql.database()
    opened = Database(made)
    migrate(opened)
    opened.close()
    return made


@pytest.fixture(params=BOTH)
def migrated(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with the newest tables."""
    if request.param == "sqlite":
        copyfile(request.getfixturevalue("made"), tmp_path / "state.db")
        return f"sqlite:///{tmp_path}/state.db"
    started: PostgresServer = request.getfixturevalue("postgresql")
    return started.database(request.getfixturevalue("template"))


@pytest.fixture
def database(migrated: str) -> Iterator[Database]:
    """An open database with the newest tables."""
    opened = Database(migrated)
    yield opened
    opened.close()
