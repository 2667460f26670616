"""Everything at a glance: what needs attention today, how many, and the trend."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Integer, and_, case, cast, exists, func, or_, select

from sealock.model.severity import Severity
from sealock.service.access.tokens import Scope
from sealock.service.state.moments import is_recent
from sealock.service.state.reports import runs_now
from sealock.service.state.tables import (
    acknowledgement,
    container,
    container_finding,
    finding,
    host,
    image,
    repository,
    scan,
)
from sealock.service.views.advisories import container_within
from sealock.service.views.common import counts_of, image_within, within, word
from sealock.service.views.events import list_events
from sealock.service.views.nouns import AttentionRow, Counts, Overview

_DAY: Final = 86400
_DAYS: Final = 30
_MOST: Final = 10
_EVENTS: Final = 200


def read_overview(connection: Connection, scope: Scope, now: float) -> Overview:
    """Count and rank. This reads every open grave finding: ask it once a minute, not at each view."""
    sums = [func.sum(getattr(repository.c, name)).label(name) for name in Counts.__struct_fields__]
    totals = connection.execute(select(func.count().label("number"), *sums).where(within(scope))).one()
    running = runs_now() & container_within(scope)
    return Overview(
        repositories=totals.number,
        images=_count(connection, select(func.count()).select_from(image).where(image_within(scope, image.c.id))),
        hosts=_count(connection, select(func.count(container.c.host_id.distinct())).where(running))
        if not scope.is_everything
        else _count(connection, select(func.count()).select_from(host)),
        containers=_count(connection, select(func.count()).select_from(container).where(running)),
        counts=counts_of(totals),
        attention=_attention(connection, scope, now),
        trend=_trend(connection, scope, now),
        events=list_events(connection, scope, limit=_EVENTS).items,
        waiting=_count(
            connection,
            select(func.count()).select_from(scan.join(repository)).where(scan.c.state == "waiting", within(scope)),
        ),
        made=now,
    )


def _count(connection: Connection, query: Any) -> int:  # noqa: ANN401  a select
    return connection.execute(query).scalar() or 0


def _attention(connection: Connection, scope: Scope, now: float) -> tuple[AttentionRow, ...]:
    """Grave flaws that are exploited, loaded somewhere, or new since yesterday: most urgent first."""
    loaded = (
        select(container_finding.c.rule, func.count(container_finding.c.container_id.distinct()).label("loaded"))
        .join_from(container_finding, container, container.c.id == container_finding.c.container_id)
        .where(
            container_finding.c.use == "loaded",
            container_finding.c.severity >= Severity.HIGH,
            runs_now(),
            container_within(scope),
        )
        .group_by(container_finding.c.rule)
        .subquery()
    )
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    acknowledged = exists().where(
        acknowledgement.c.rule == finding.c.rule,
        or_(acknowledgement.c.thing == "", acknowledgement.c.thing == finding.c.thing),
        or_(acknowledgement.c.repository_id.is_(None), acknowledgement.c.repository_id == finding.c.repository_id),
        or_(acknowledgement.c.until == "", acknowledgement.c.until >= today),
    )
    exploited = func.max(cast(finding.c.exploited, Integer))
    newest = func.max(finding.c.first_seen)
    in_use = func.coalesce(func.max(loaded.c.loaded), 0)
    query = (
        select(
            finding.c.rule,
            func.max(finding.c.severity).label("severity"),
            exploited.label("exploited"),
            newest.label("newest"),
            in_use.label("loaded"),
            func.count(finding.c.repository_id.distinct()).label("repositories"),
            func.min(finding.c.thing).label("thing"),
            func.max(finding.c.fixed).label("fixed"),
        )
        .join_from(finding, repository, repository.c.id == finding.c.repository_id)
        .outerjoin(loaded, loaded.c.rule == finding.c.rule)
        .where(
            finding.c.gone.is_(None),
            finding.c.severity >= Severity.HIGH,
            or_(finding.c.exploited, is_recent(finding.c.first_seen, now, _DAY), loaded.c.loaded > 0),
            within(scope),
            ~acknowledged,
        )
        .group_by(finding.c.rule)
        .order_by(
            exploited.desc(),
            case((in_use > 0, 1), else_=0).desc(),
            func.max(finding.c.severity).desc(),
            func.count(finding.c.repository_id.distinct()).desc(),
            finding.c.rule,
        )
        .limit(_MOST)
    )
    return tuple(
        AttentionRow(
            row.rule,
            word(row.severity),
            tuple(
                reason
                for reason, applies in (
                    ("known to be exploited", row.exploited),
                    ("loaded in running containers", row.loaded),
                    ("new since yesterday", is_recent(row.newest, now, _DAY)),
                )
                if applies
            ),
            row.repositories,
            row.loaded,
            row.thing,
            row.fixed,
            row.newest,
            bool(row.exploited),
        )
        for row in connection.execute(query)
    )


def _trend(connection: Connection, scope: Scope, now: float) -> tuple[tuple[str, int, int], ...]:
    """Open critical and high findings at the end of each of the last days."""
    today = int(now // _DAY)
    changes: dict[tuple[int, int], int] = {}
    for column, sign in ((finding.c.first_seen, 1), (finding.c.gone, -1)):
        day = (
            cast(func.floor(column / _DAY), Integer)
            if connection.dialect.name != "sqlite"
            else cast(column / _DAY, Integer)
        )
        query = (
            select(day.label("day"), finding.c.severity, func.count().label("number"))
            .join_from(finding, repository, repository.c.id == finding.c.repository_id)
            .where(and_(finding.c.severity >= Severity.HIGH, column.is_not(None), within(scope)))
            .group_by(day, finding.c.severity)
        )
        for row in connection.execute(query):
            key = max(row.day, today - _DAYS), row.severity
            changes[key] = changes.get(key, 0) + sign * row.number
    critical = high = 0
    days = []
    for day_number in range(today - _DAYS, today + 1):
        critical += changes.get((day_number, Severity.CRITICAL), 0)
        high += changes.get((day_number, Severity.HIGH), 0)
        days.append((datetime.fromtimestamp(day_number * _DAY, UTC).date().isoformat(), critical, high))
    return tuple(days)
