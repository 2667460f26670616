"""Rows in bulk, in the same words for both databases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, func, select, text
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
AT_ONCE: Final = 500
"""Values that one statement names."""
_TURN: Final = 0x5EA10C
"""The number of the lock in PostgreSQL."""


def take_turn(connection: Connection) -> None:
    """Wait for the transactions that change contents or findings; call it before anything else in such a one.

    What one of them sees then stays as it is until it ends. SQLite lets one transaction write at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_TURN)))


def take_memory(connection: Connection) -> None:
    """Let each statement of a large transaction sort in 64 MB of memory until it ends; SQLite takes what it needs."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL work_mem = '64MB'"))


def chunks(items: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Pieces of a list."""
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, and leave those that are there as they are.

    Sort them by their key: two transactions that insert the same rows in another order would wait for each other.
    """
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], keep: Iterable[str] = ()) -> None:
    """Insert rows, and replace those that are there: their columns that a row names, but for those to keep."""
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table)
        keys = [column.name for column in table.primary_key]
        new = {name: statement.excluded[name] for name in rows[0] if name not in (*keys, *keep)}
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=new), rows)


def numbers(connection: Connection, table: Table, column: ColumnElement[str], keys: Iterable[str]) -> dict[str, int]:
    """The ids of rows by a column with one row for each value; values without a row are left out."""
    ids: dict[str, int] = {}
    for some in chunks(sorted(set(keys))):
        rows = connection.execute(_numbers(table, column), {"keys": some})
        ids.update({key: number for key, number in rows})  # noqa: C416  rows are no pairs
    return ids


@cache
def _numbers(table: Table, column: ColumnElement[str]) -> Select[Any]:
    return select(column, table.c.id).where(column.in_(bindparam("keys", expanding=True)))
