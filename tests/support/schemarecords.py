"""Records the tables of the service's database: as the code names them, and as each migration makes and takes them away.

`tests/vectors/schema/NAME.sql` holds the statements for SQLite and PostgreSQL, and `tests/test_records.py` compares. A
change that is meant is written down with `./dev records`. A migration that was released must never change.
"""

from __future__ import annotations

import io
import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from sealock.service.state import tables
from sealock.service.state.database import Database, migrate, versions
from sealock.service.state.migrations import versions as migrations

RECORDS = Path(__file__).parent.parent / "vectors" / "schema"
_CHANGES = re.compile(r"\s*(CREATE|DROP|ALTER|INSERT|UPDATE|DELETE)\b")


def _steps() -> Iterator[ModuleType]:
    for name in versions():
        yield import_module(f"{migrations.__name__}.{name}")


def _of_the_code() -> Iterator[str]:
    for module in pkgutil.iter_modules(tables.__path__):
        import_module(f"{tables.__name__}.{module.name}")
    for dialect in (sqlite.dialect(), postgresql.dialect()):  # type: ignore[no-untyped-call]  # the library's
        yield f"-- {dialect.name}"
        for table in tables.metadata.sorted_tables:
            yield str(CreateTable(table).compile(dialect=dialect))
            yield from sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)


def _on_sqlite() -> Iterator[str]:
    """What the migrations execute, from nothing to the newest version and back."""
    rows: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if _CHANGES.match(statement) and "alembic_version" not in statement:
            rows.append(statement)

    with TemporaryDirectory() as directory:
        database = Database(f"{directory}/state.db")
        event.listen(database.engine, "before_cursor_execute", note)
        for step in (*versions(), *reversed(versions()), "base"):
            rows.append(f"-- to {step}")
            migrate(database, step)
        database.close()
    # A table that is made again gets its columns, constraints and indexes in any order.
    for again, group in groupby(rows, lambda row: row.startswith("CREATE INDEX") or "_alembic_tmp_" in row):
        statements = [
            "\n".join(sorted(line.strip(" ,\t") for line in row.split("\n"))) if again else row for row in group
        ]
        yield from sorted(statements) if again else statements


def _on_postgresql() -> Iterator[str]:
    for step in _steps():
        for way in ("upgrade", "downgrade"):
            text = io.StringIO()
            context = MigrationContext.configure(
                dialect_name="postgresql", opts={"as_sql": True, "output_buffer": text}
            )
            with Operations.context(context):
                getattr(step, way)()
            yield f"-- {way} {step.revision}, after {step.down_revision}"
            yield text.getvalue()


_RECORDED: dict[str, Callable[[], Iterator[str]]] = {
    "code": _of_the_code,
    "migrations-sqlite": _on_sqlite,
    "migrations-postgresql": _on_postgresql,
}
NAMES = tuple(_RECORDED)


def record(name: str) -> str:
    """The statements, without empty lines."""
    rows = (row.rstrip() for text in _RECORDED[name]() for row in text.splitlines())
    return "".join(f"{row}\n" for row in rows if row)


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.sql").write_text(record(record_name), encoding="utf-8")
