"""Events, and acknowledgements of findings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from sealock.service.access.tokens import Scope
from sealock.service.state.tables import acknowledgement, event, repository
from sealock.service.state.tables.findings import RARE
from sealock.service.views.common import behind, cursor, page, within, word
from sealock.service.views.nouns import AcknowledgementRow, EventRow, ListPage

EVENTS = select(event, repository.c.name.label("repository")).outerjoin_from(
    event, repository, repository.c.id == event.c.repository_id
)


def list_events(  # noqa: PLR0913  a list has as many filters
    connection: Connection,
    scope: Scope,
    *,
    of: str = "",
    kind: str = "",
    rule: str = "",
    least: int = 0,
    after: str = "",
    limit: int = 100,
) -> ListPage[EventRow]:
    """Events, newest first, of at least a severity; `of` is a repository."""
    query = EVENTS.where(within(scope))
    for column, value in ((repository.c.name, of), (event.c.kind, kind), (event.c.rule, rule)):
        if value:
            query = query.where(column == value)
    if kind and kind != "added":
        query = query.where(RARE)
    if least:
        query = query.where(event.c.severity >= least)
    if after:
        query = query.where(event.c.id < behind(after, int)[0])
    rows = connection.execute(query.order_by(event.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit, event_row, lambda row: cursor(row.id))


def event_row(row: Any) -> EventRow:  # noqa: ANN401  a row of EVENTS
    """The noun of a row."""
    return EventRow(
        row.uid, row.kind, row.at, row.repository or "", row.rule, row.thing, word(row.severity), row.detail
    )


class EventGroup(Struct, frozen=True):
    """Events of one kind on one rule that came together: the first, how many, and in how many repositories."""

    first: EventRow
    number: int
    repositories: int


def group_events(rows: Iterable[EventRow]) -> list[EventGroup]:
    """Group events that stand together in a list; those without a rule stand alone."""
    groups: list[list[EventRow]] = []
    for row in rows:
        last = groups[-1][0] if groups else None
        if last is not None and row.rule and (last.kind, last.rule) == (row.kind, row.rule):
            groups[-1].append(row)
        else:
            groups.append([row])
    return [EventGroup(some[0], len(some), len({row.repository for row in some})) for some in groups]


def list_acknowledgements(
    connection: Connection, scope: Scope, *, rule: str = "", after: str = "", limit: int = 100
) -> ListPage[AcknowledgementRow]:
    """Acknowledgements, newest first; a limited scope sees those for its repositories and those for all."""
    query = select(acknowledgement, repository.c.name.label("repository")).outerjoin_from(acknowledgement, repository)
    query = query.where(acknowledgement.c.repository_id.is_(None) | within(scope))
    if rule:
        query = query.where(acknowledgement.c.rule == rule)
    if after:
        query = query.where(acknowledgement.c.id < behind(after, int)[0])
    rows = connection.execute(query.order_by(acknowledgement.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit, _acknowledgement, lambda row: cursor(row.id))


def _acknowledgement(row: Any) -> AcknowledgementRow:  # noqa: ANN401  a row of the query
    return AcknowledgementRow(
        row.id,
        row.rule,
        row.thing,
        row.repository or "",
        row.reason,
        row.justification,
        row.until,
        row.made_by,
        row.made,
    )
