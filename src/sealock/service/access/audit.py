"""The audit log: who changed what, from where."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, insert, select

from sealock.service.state.tables.access import audit
from sealock.text import line

_MOST: Final = 500
"""Characters of a field."""


class AuditRow(Struct, frozen=True):
    """An entry. `address` is the client's."""

    id: int
    at: float
    who: str
    action: str
    about: str
    address: str


def record(  # noqa: PLR0913, PLR0917  an entry has as many parts
    connection: Connection, at: float, who: str, action: str, about: str = "", address: str = ""
) -> None:
    """Write an entry in the transaction of the change."""
    values = {"who": who, "action": action, "about": about, "address": address}
    connection.execute(insert(audit).values(at=at, **{name: line(text, _MOST) for name, text in values.items()}))


def list_audit(connection: Connection, *, before: int = 0, limit: int = 100) -> list[AuditRow]:
    """The newest entries, or those older than the one with an id."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if before:
        query = query.where(audit.c.id < before)
    return [AuditRow(row.id, row.at, row.who, row.action, row.about, row.address) for row in connection.execute(query)]
