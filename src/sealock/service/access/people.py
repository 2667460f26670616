"""Accounts of people: made through a link that works once, used through sessions."""

from __future__ import annotations

from contextlib import suppress
from secrets import token_urlsafe
from typing import Final, cast

from sqlalchemy import ColumnElement, Connection, delete, exists, func, insert, select, update
from sqlalchemy.exc import OperationalError

from sealock.errors import UsageError
from sealock.patterns import compile_lazily
from sealock.service.access.actors import Actor
from sealock.service.access.audit import record
from sealock.service.access.passwords import hash_password, verify_password
from sealock.service.access.tokens import Role, Scope, digest_secret
from sealock.service.state.database import Database
from sealock.service.state.moments import has_come, is_recent
from sealock.service.state.tables.access import REFUSED, account, invitation, session

INVITATION_SECONDS: Final = 24 * 3600
_IDLE_SECONDS: Final = 12 * 3600
_MOST_SECONDS: Final = 7 * 24 * 3600
_TOUCH_SECONDS: Final = 300
"""How old the time of a session's last use may be: not every request writes."""
_NAME: Final = compile_lazily(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")


def has_people(connection: Connection) -> bool:
    """Whether any account exists."""
    return bool(connection.execute(select(exists().where(account.c.id > 0))).scalar())


def invite(connection: Connection, role: Role, by: str, now: float) -> str:
    """Make an invitation and return the secret of its link; earlier ones of the service itself end."""
    secret = token_urlsafe(32)
    connection.execute(delete(invitation).where(invitation.c.until < now))
    if not by:
        connection.execute(delete(invitation).where(invitation.c.made_by == ""))
    connection.execute(
        insert(invitation).values(digest=digest_secret(secret), role=role, made_by=by, until=now + INVITATION_SECONDS)
    )
    return secret


def is_invitation(connection: Connection, secret: str, now: float) -> bool:
    """Whether a link still works."""
    where = (invitation.c.digest == digest_secret(secret)) & _is_valid(now)
    return bool(connection.execute(select(exists().where(where))).scalar())


def _is_valid(now: float) -> ColumnElement[bool]:
    valid: ColumnElement[bool] = ~has_come(invitation.c.until, now, INVITATION_SECONDS)
    return valid


def accept(database: Database, secret: str, name: str, password: str, *, now: float, address: str = "") -> str:  # noqa: PLR0913
    """Make the account of an invitation and return the secret of its first session; UsageError says why not."""
    if not _NAME.fullmatch(name):
        message = "a name has letters, digits and . _ @ -, at most 64 characters"
        raise UsageError(message)
    if not _is_open(database, secret, now):
        raise UsageError(_ENDED)
    hashed = hash_password(password)
    with database.write() as connection:
        where = (invitation.c.digest == digest_secret(secret)) & _is_valid(now)
        role = connection.execute(delete(invitation).where(where).returning(invitation.c.role)).scalar()
        if role is None:
            raise UsageError(_ENDED)
        if connection.execute(select(account.c.id).where(func.lower(account.c.name) == name.lower())).first():
            message = f"there is an account {name} already: choose another name"
            raise UsageError(message)
        made = insert(account).values(name=name, password=hashed, role=role, made=now).returning(account.c.id)
        own = cast("int", connection.execute(made).scalar())
        record(connection, now, name, "account made", role, address)
        return _start(connection, own, now)


_ENDED: Final = "the link was used before or is too old: an administrator, or `sealock serve invite`, makes another"


def _is_open(database: Database, secret: str, now: float) -> bool:
    with database.read() as connection:
        return is_invitation(connection, secret, now)


def log_in(database: Database, name: str, password: str, *, now: float, address: str = "") -> str:
    """Start a session and return its secret, "" where name and password do not fit."""
    with database.read() as connection:
        row = connection.execute(select(account).where(func.lower(account.c.name) == name.lower())).first()
    # The hash is computed outside of any transaction, and for a name that does not exist too.
    verified = verify_password(password, row.password if row is not None else None)
    with database.write() as connection:
        if row is None or not verified:
            record(connection, now, row.name if row is not None else name, REFUSED, "", address)
            return ""
        record(connection, now, row.name, "login", "", address)
        return _start(connection, row.id, now)


def _start(connection: Connection, of: int, now: float) -> str:
    secret = token_urlsafe(32)
    # One that seems to be of the future ends too, and stays: the clock may come back.
    ended = (session.c.used < now - _IDLE_SECONDS) | (session.c.made < now - _MOST_SECONDS)
    connection.execute(delete(session).where(ended))
    connection.execute(insert(session).values(digest=digest_secret(secret), account_id=of, made=now, used=now))
    return secret


def person_of(database: Database, secret: str, now: float) -> Actor | None:
    """Who is in a session; None where it ended, or never was."""
    digest = digest_secret(secret)
    with database.read() as connection:
        query = select(account.c.name, account.c.role, account.c.id, session.c.made, session.c.used)
        row = connection.execute(query.join_from(session, account).where(session.c.digest == digest)).first()
    if row is None or not (is_recent(row.used, now, _IDLE_SECONDS) and is_recent(row.made, now, _MOST_SECONDS)):
        return None
    if row.used < now - _TOUCH_SECONDS:
        with suppress(OperationalError), database.write() as connection:  # a full disk does not end reading
            connection.execute(update(session).where(session.c.digest == digest).values(used=now))
    return Actor(row.name, row.role, Scope(), f"person {row.id}", secret)


def log_out(database: Database, secret: str) -> None:
    """End a session."""
    with database.write() as connection:
        connection.execute(delete(session).where(session.c.digest == digest_secret(secret)))


def change_password(  # noqa: PLR0913  who, what and from where
    database: Database, secret: str, present: str, new: str, *, now: float, address: str = ""
) -> None:
    """Give the account of a session another password, and end its other sessions; UsageError says why not.

    It asks for the present one: a session that somebody left open is not enough.
    """
    digest = digest_secret(secret)
    query = select(account.c.id, account.c.name, account.c.password).join_from(session, account)
    with database.read() as connection:
        row = connection.execute(query.where(session.c.digest == digest)).first()
    if row is None or not verify_password(present, row.password):
        if row is not None:
            with database.write() as connection:
                record(connection, now, row.name, REFUSED, "change of the password", address)
        message = "the present password is another one"
        raise UsageError(message)
    hashed = hash_password(new)
    with database.write() as connection:
        # Who changed it in the meantime knows what it is now.
        mine = (account.c.id == row.id) & (account.c.password == row.password)
        if not connection.execute(update(account).where(mine).values(password=hashed)).rowcount:
            message = "the password was changed just now: log in with the new one"
            raise UsageError(message)
        connection.execute(delete(session).where(session.c.account_id == row.id, session.c.digest != digest))
        record(connection, now, row.name, "password changed", "", address)


def list_people(connection: Connection) -> list[tuple[int, str, str, float]]:
    """Id, name, role and when it was made, of every account."""
    query = select(account.c.id, account.c.name, account.c.role, account.c.made).order_by(account.c.name)
    return [(row.id, row.name, row.role, row.made) for row in connection.execute(query)]


def remove_person(connection: Connection, number: int, by: Actor, now: float, address: str = "") -> None:
    """Remove an account, its sessions and the links it made; UsageError for the last administrator."""
    row = connection.execute(select(account.c.name, account.c.role).where(account.c.id == number)).first()
    if row is None:
        return
    others = select(exists().where(account.c.role == "admin", account.c.id != number))
    if row.role == "admin" and not connection.execute(others).scalar():
        message = f"{row.name} is the last administrator: invite another first"
        raise UsageError(message)
    connection.execute(delete(account).where(account.c.id == number))
    connection.execute(delete(invitation).where(invitation.c.made_by == row.name))
    record(connection, now, by.name, "account removed", row.name, address)
