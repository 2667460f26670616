"""Tokens of machines in the state: issued, used and revoked."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import OperationalError

from sealock.errors import UsageError
from sealock.service.access.actors import Actor
from sealock.service.access.audit import record
from sealock.service.access.tokens import PREFIX, Role, Scope, digest_secret, make_token
from sealock.service.state.database import Database
from sealock.service.state.moments import is_recent
from sealock.service.state.tables.access import token
from sealock.text import line

_TOUCH_SECONDS = 300
"""How old the time of a token's last use may be: not every request writes."""


class TokenRow(Struct, frozen=True):
    """A token without its secret. `scope` is () for all repositories; `until` None: it does not end."""

    id: int
    name: str
    role: Role
    scope: tuple[str, ...]
    made_by: str
    made: float
    until: float | None = None
    used: float | None = None


def issue(  # noqa: PLR0913  a token has as many parts
    connection: Connection,
    name: str,
    role: Role,
    scope: Scope,
    *,
    by: Actor,
    now: float,
    until: float | None = None,
    address: str = "",
) -> tuple[TokenRow, str]:
    """Make a token, and return it with its secret, which nothing shows again; UsageError for what cannot be."""
    shown = line(name, 100)
    if not shown:
        message = "a token needs a name, by which the audit log knows it"
        raise UsageError(message)
    secret = make_token()
    values = {"name": shown, "role": role, "made_by": by.name, "made": now, "until": until}
    made = insert(token).values(
        digest=digest_secret(secret), scope=msgspec.json.encode(scope.entries).decode(), **values
    )
    number = connection.execute(made.returning(token.c.id)).scalar_one()
    limits = ", ".join(scope.entries) or "all repositories"
    record(connection, now, by.name, "token issued", f"{shown} ({role}, {limits})", address)
    return TokenRow(number, shown, role, scope.entries, by.name, now, until), secret


def machine_of(database: Database, secret: str, now: float) -> Actor | None:
    """Whose token it is; None for one that was revoked, ended, or never was."""
    if not secret.startswith(PREFIX):
        return None
    with database.read() as connection:
        row = connection.execute(select(token).where(token.c.digest == digest_secret(secret))).first()
    if row is None or (row.until is not None and row.until < now):
        return None
    if row.used is None or not is_recent(row.used, now, _TOUCH_SECONDS):
        with suppress(OperationalError), database.write() as connection:  # a full disk does not end reading
            connection.execute(update(token).where(token.c.id == row.id).values(used=now))
    scope = Scope(msgspec.json.decode(row.scope, type=tuple[str, ...]))
    return Actor(f"token {row.name}", row.role, scope, f"token {row.id}")


def list_tokens(connection: Connection) -> list[TokenRow]:
    """All tokens, by name."""
    return [_row(row) for row in connection.execute(select(token).order_by(token.c.name, token.c.id))]


def revoke(connection: Connection, number: int, *, by: Actor, now: float, address: str = "") -> bool:
    """End a token; False where there is none with this id."""
    name = connection.execute(delete(token).where(token.c.id == number).returning(token.c.name)).scalar()
    if name is not None:
        record(connection, now, by.name, "token revoked", name, address)
    return name is not None


def _row(row: Any) -> TokenRow:  # noqa: ANN401  a row of the table
    scope = msgspec.json.decode(row.scope, type=tuple[str, ...])
    return TokenRow(row.id, row.name, row.role, scope, row.made_by, row.made, row.until, row.used)
