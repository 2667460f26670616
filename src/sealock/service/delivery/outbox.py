"""The outbox: which messages are to be sent. Each event goes into one message of each webhook that wants it.

Messages are made in the transaction that marks their events as taken, and keep their id at every try, so that a
receiver can drop what comes twice. Any number of senders may work at once: a message is sent by who has its lease.
"""

from __future__ import annotations

from random import uniform
from secrets import token_hex
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, insert, or_, select, true, update

from sealock.service.access.actors import Actor
from sealock.service.access.audit import record
from sealock.service.access.tokens import Scope
from sealock.service.state.database import Database
from sealock.service.state.moments import SLACK, has_come
from sealock.service.state.tables import event, repository
from sealock.service.state.tables.access import message, message_event, webhook
from sealock.service.views.common import within
from sealock.service.views.events import EVENTS, event_row
from sealock.service.views.nouns import EventRow

MOST_EVENTS: Final = 200
"""Events of a message; a digest of more comes in parts."""
LEASE_SECONDS: Final = 120
_STILL_OPEN: Final = 900
"""Seconds after which no transaction that wrote an event can still be open: only younger ids may yet appear below."""
_WAITS: Final = (5, 60, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds before each further try; after the last the message is dead."""
_SPREAD: Final = 1.1
"""A wait is longer or shorter by up to a tenth."""
_LONGEST: Final = {tries: wait * _SPREAD for tries, wait in enumerate(_WAITS, 1)}
"""Seconds that a message waits at most after so many tries."""
_PERIODS: Final = {"hour": 3600, "day": 86400}


class OutgoingMessage(Struct, frozen=True):
    """A message that its holder of the lease sends: where, signed with which (encrypted) secret, and what."""

    id: int
    uid: str
    webhook: int
    url: str
    secret: bytes
    made: float
    tries: int
    events: tuple[EventRow, ...]


def collect(database: Database, now: float) -> int:
    """Put new events into messages, for every webhook; give the number of messages."""
    with database.read() as connection:
        hooks = connection.execute(select(webhook.c.id).where(webhook.c.disabled == "")).scalars().all()
    return sum(_collect(database, number, now) for number in hooks)


def _collect(database: Database, number: int, now: float) -> int:
    made = last = 0
    while True:
        with database.write() as connection:
            # The lock keeps two senders from taking the same events.
            row = connection.execute(select(webhook).where(webhook.c.id == number).with_for_update()).first()
            if row is None or row.disabled:
                return made
            wanted = connection.execute(
                select(event.c.id, event.c.at)
                .select_from(event.outerjoin(repository, repository.c.id == event.c.repository_id))
                .where(_is_wanted(row), event.c.id > last, _is_due(row, now))
                .order_by(event.c.id)
                .limit(MOST_EVENTS)
            ).all()
            if wanted:
                _make(connection, row.id, [entry.id for entry in wanted], now)
                # An update of advisories makes thousands of messages: none looks at what those before it took.
                made, last = made + 1, wanted[-1].id
            if len(wanted) < MOST_EVENTS:
                _settle(connection, row, now)
                return made


def _is_wanted(row: Any) -> ColumnElement[bool]:  # noqa: ANN401  a row of the table
    """The condition that a webhook wants an event that no message of it has."""
    kinds = msgspec.json.decode(row.kinds, type=list[str])
    scope = Scope(msgspec.json.decode(row.scope, type=tuple[str, ...]))
    taken = exists().where(message_event.c.webhook_id == row.id, message_event.c.event_id == event.c.id)
    return and_(
        event.c.id > row.settled,
        event.c.kind.in_(kinds) if kinds else true(),
        or_(event.c.severity < 1, event.c.severity >= row.least),
        within(scope),
        ~taken,
    )


def _is_due(row: Any, now: float) -> ColumnElement[bool]:  # noqa: ANN401  a row of the table
    """The condition that the hour or day of an event is over; it is at once for who wants no digest."""
    seconds = _PERIODS.get(row.period)
    if not seconds:
        return true()
    # What seems to be of the future was written before the clock went back.
    return or_(event.c.at < now // seconds * seconds, event.c.at > now + SLACK)


def _make(connection: Connection, hook: int, events: list[int], now: float) -> None:
    values = {"webhook_id": hook, "uid": f"msg_{token_hex(16)}", "state": "waiting", "made": now, "due": now}
    number = connection.execute(insert(message).values(**values).returning(message.c.id)).scalar_one()
    rows = [{"webhook_id": hook, "event_id": entry, "message_id": number} for entry in events]
    connection.execute(insert(message_event), rows)


def _settle(connection: Connection, row: Any, now: float) -> None:  # noqa: ANN401  a row of the table
    """Remember up to where events need no look again: what is old, and taken or not wanted."""
    seconds = _PERIODS.get(row.period, 0)
    before = min(now - _STILL_OPEN, now // seconds * seconds if seconds else now)
    young = connection.execute(
        select(func.min(event.c.id)).where(event.c.id > row.settled, event.c.at >= before, event.c.at <= now + SLACK)
    ).scalar()
    newest = connection.execute(select(func.max(event.c.id)).where(event.c.id > row.settled)).scalar()
    settled = young - 1 if young is not None else newest
    if settled is not None and settled > row.settled:
        connection.execute(update(webhook).where(webhook.c.id == row.id).values(settled=settled))


def take(database: Database, now: float) -> OutgoingMessage | None:
    """Take the lease of the next message that is due; None where there is none."""
    free = or_(message.c.lease.is_(None), has_come(message.c.lease, now, LEASE_SECONDS))
    with database.write() as connection:
        row = connection.execute(
            select(message, webhook.c.url, webhook.c.secret)
            .join_from(message, webhook)
            .where(
                message.c.state == "waiting",
                has_come(message.c.due, now, case(_LONGEST, value=message.c.tries, else_=0.0)),
                free,
                webhook.c.disabled == "",
            )
            .order_by(message.c.due, message.c.id)
            .limit(1)
            .with_for_update(of=message, skip_locked=True)
        ).first()
        if row is None:
            return None
        connection.execute(update(message).where(message.c.id == row.id).values(lease=now + LEASE_SECONDS))
        query = EVENTS.join(message_event, message_event.c.event_id == event.c.id)
        events = connection.execute(query.where(message_event.c.message_id == row.id).order_by(event.c.id))
        return OutgoingMessage(
            row.id,
            row.uid,
            row.webhook_id,
            row.url,
            row.secret,
            row.made,
            row.tries,
            tuple(map(event_row, events)),
        )


def delivered(database: Database, sent: OutgoingMessage, now: float) -> None:
    """Note that the receiver took a message."""
    _finish(database, sent, {"state": "delivered", "finished": now, "error": ""})


def failed(database: Database, sent: OutgoingMessage, why: str, now: float, *, gone: bool = False) -> None:
    """Try a message again later, or give it up; `gone` disables its webhook, which asked for that."""
    if gone or sent.tries >= len(_WAITS):
        _finish(database, sent, {"state": "dead", "finished": now, "error": why})
    else:
        wait = _WAITS[sent.tries] * uniform(2 - _SPREAD, _SPREAD)  # noqa: S311  it spreads the tries
        _finish(database, sent, {"due": now + wait, "error": why})
    if gone:
        with database.write() as connection:
            connection.execute(update(webhook).where(webhook.c.id == sent.webhook).values(disabled=why))


def _finish(database: Database, sent: OutgoingMessage, values: dict[str, object]) -> None:
    with database.write() as connection:
        connection.execute(
            update(message)
            .where(message.c.id == sent.id, message.c.state == "waiting")
            .values(lease=None, tries=sent.tries + 1, **values)
        )


def retry(connection: Connection, number: int, *, by: Actor, now: float, address: str = "") -> bool:
    """Send a dead message again, with all of its tries; False where there is none."""
    where = and_(message.c.id == number, message.c.state == "dead")
    values = {"state": "waiting", "due": now, "tries": 0, "finished": None, "error": "", "lease": None}
    to = select(webhook.c.name).where(webhook.c.id == message.c.webhook_id).scalar_subquery()
    again = connection.execute(update(message).where(where).values(**values).returning(message.c.uid, to)).first()
    if again is not None:
        record(connection, now, by.name, "message sent again", f"{again[0]} to {again[1]}", address)
    return again is not None
