"""The kinds of columns, and the metadata that all tables share."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Integer, MetaData, Text, text

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_Number: Final = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only what it calls INTEGER."""


def number() -> Column[int]:
    """A number that is never used again, also where the row is gone: ids of events rest on it."""
    return Column("id", _Number, primary_key=True, autoincrement=True)


def reference(table: str, *, key: bool = False, null: bool = False, name: str = "") -> Column[int]:
    """A reference to a row that takes this one with it when it goes."""
    column = name or f"{table}_id"
    return Column(column, _Number, ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=key, nullable=null)


def unchecked(table: str, *, null: bool = False) -> Column[int]:
    """A reference to a row that is never deleted, in a table that grows by half a million rows in a transaction.

    The database does not look at each of them whether its row is there: that takes as long as writing it.
    """
    return Column(f"{table}_id", _Number, nullable=null)


def words(name: str) -> Column[str]:
    """A text, "" where there is none."""
    return Column(name, Text, nullable=False, server_default="")


def moment(name: str, *, null: bool = False) -> Column[float]:
    """A time, in seconds since 1970."""
    return Column(name, Double, nullable=null)


def flag(name: str) -> Column[bool]:
    """Yes or no; no unless said."""
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def count(name: str) -> Column[int]:
    """A count from 0."""
    return Column(name, Integer, nullable=False, server_default=text("0"))
