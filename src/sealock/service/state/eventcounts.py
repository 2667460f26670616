"""How many events of each kind there are, without counting all of them each time that somebody asks.

The state keeps how many there are up to one of them, and only what came since is counted. Whoever removes events drops
what is kept in the same transaction, so that it is right, whichever process counts or ends in between.
"""

from __future__ import annotations

from collections import Counter
from secrets import token_hex
from typing import Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, func, select

from sealock.service.state.database import Database
from sealock.service.state.rows import put, take_turn
from sealock.service.state.tables import event, setting

_KEPT: Final = "event counts"
"""The setting."""


class _Counted(Struct, frozen=True):
    """The number of events of each kind up to the one with this number; `mark` is another each time it is dropped."""

    upto: int = 0
    kinds: dict[str, int] = {}
    mark: str = ""


def count_events(connection: Connection) -> dict[str, int]:
    """The number of events of each kind."""
    kept = _decode(_kept(connection))
    return Counter(kept.kinds) + _count(connection, kept.upto)


def keep_event_counts(database: Database, least: int = 0) -> None:
    """Count up to the newest event, for those who ask later, where `least` events or more came since that was done."""
    if least:
        with database.read() as connection:
            if _newest(connection) - _decode(_kept(connection)).upto < least:
                return
    with database.write() as connection:
        take_turn(connection)  # whoever writes events does: none with a lower number comes after this
        newest = _newest(connection)
    with database.read() as connection:
        before = _kept(connection)
        kept = _decode(before)
        kinds = Counter(kept.kinds) + _count(connection, kept.upto, newest)
    with database.write() as connection:
        take_turn(connection)
        if _kept(connection) == before:
            _keep(connection, _Counted(newest, kinds, kept.mark))


def drop_event_counts(connection: Connection) -> None:
    """Forget what is kept, in a transaction that removes events."""
    take_turn(connection)
    _keep(connection, _Counted(mark=token_hex(8)))


def _newest(connection: Connection) -> int:
    return connection.execute(select(func.max(event.c.id))).scalar() or 0


def _kept(connection: Connection) -> str:
    return connection.execute(select(setting.c.value).where(setting.c.name == _KEPT)).scalar() or ""


def _decode(kept: str) -> _Counted:
    return msgspec.json.decode(kept, type=_Counted) if kept else _Counted()


def _keep(connection: Connection, counted: _Counted) -> None:
    put(connection, setting, [{"name": _KEPT, "value": msgspec.json.encode(counted).decode()}])


def _count(connection: Connection, after: int, upto: int | None = None) -> Counter[str]:
    query = select(event.c.kind, func.count()).where(event.c.id > after).group_by(event.c.kind)
    if upto is not None:
        query = query.where(event.c.id <= upto)
    return Counter({kind: number for kind, number in connection.execute(query)})  # noqa: C416  rows are no pairs
