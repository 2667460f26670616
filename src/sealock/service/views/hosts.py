"""Hosts that reported, and their containers."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, bindparam, case, func, or_, select

from sealock.model.severity import Severity
from sealock.service.access.tokens import Scope
from sealock.service.state.reports import ITSELF, runs_now
from sealock.service.state.tables import container, container_finding, host
from sealock.service.views.advisories import container_within
from sealock.service.views.common import behind, cursor, page, word
from sealock.service.views.nouns import ContainerRow, HostFinding, HostRow, ListPage
from sealock.service.views.statements import keep
from sealock.text import sentence


def list_hosts(connection: Connection, scope: Scope, *, after: str = "", limit: int = 100) -> ListPage[HostRow]:
    """Hosts by name; a limited scope sees those that run an image of it."""
    query = _hosts().order_by(host.c.name).limit(limit + 1)
    if not scope.is_everything:
        runs = select(container.c.id).where(container.c.host_id == host.c.id, container_within(scope))
        query = query.where(runs.exists())
    if after:
        query = query.where(host.c.name > behind(after, str)[0])
    return page(
        connection.execute(query).all(), limit, lambda row: _host(connection, scope, row), lambda row: cursor(row.name)
    )


def find_host(connection: Connection, scope: Scope, name: str) -> tuple[str, HostRow] | None:
    """What a host reported of itself as JSON, and the host; None where it does not exist in the scope."""
    row = connection.execute(_hosts().where(host.c.name == name)).first()
    if row is None:
        return None
    found = _host(connection, scope, row)
    if not found.containers and not scope.is_everything:
        return None
    return row.data if scope.is_everything else "", found


@keep
def _hosts() -> Select[Any]:
    """The hosts, each with what it said of itself."""
    own = container.alias()
    mine = and_(own.c.host_id == host.c.id, own.c.name == ITSELF)
    return select(host, own.c.data.label("itself")).outerjoin(own, mine)


def _host(connection: Connection, scope: Scope, row: Any) -> HostRow:  # noqa: ANN401  a row of the table
    running = (container.c.host_id == row.id, runs_now(), container_within(scope))
    containers = connection.execute(select(func.count()).select_from(container).where(*running)).scalar() or 0
    loaded = (
        select(func.count(container_finding.c.rule.distinct()))
        .join_from(container_finding, container, container.c.id == container_finding.c.container_id)
        .where(*running, container_finding.c.use == "loaded", container_finding.c.severity >= Severity.HIGH)
    )
    return HostRow(
        row.name,
        row.first_seen,
        row.last_seen,
        row.version,
        row.engine,
        containers,
        connection.execute(loaded).scalar() or 0,
        _unevaluated(row.itself or "") if scope.is_everything else (),
    )


def _unevaluated(data: str) -> tuple[str, ...]:
    """What a report could not say of a target, in sentences."""
    reported = msgspec.json.decode(data) if data else {}
    kinds = (("errors", "could not be read or analysed"), ("skipped", "checks were skipped"))
    return tuple(sentence(f"{words}: {text}") for kind, words in kinds for text in reported.get(kind, ()))


def list_containers(  # noqa: PLR0913  a list has as many filters
    connection: Connection, scope: Scope, *, on: str = "", of: str = "", after: str = "", limit: int = 100
) -> ListPage[ContainerRow]:
    """Running containers by host and name; `on` is a host, `of` an image's digest."""
    query = _running(scope)
    if on:
        query = query.where(host.c.name == on)
    if of:
        query = query.where(or_(container.c.digest == of, container.c.configuration == of))
    if after:
        of_host, name = behind(after, str, str)
        query = query.where(or_(host.c.name > of_host, (host.c.name == of_host) & (container.c.name > name)))
    rows = connection.execute(query.order_by(host.c.name, container.c.name).limit(limit + 1)).all()
    numbers = {row.container_id: row for row in connection.execute(_numbers(), {"ids": [row.id for row in rows]})}
    return page(rows, limit, lambda row: _container(row, numbers.get(row.id)), lambda row: cursor(row.host, row.name))


@keep
def _running(scope: Scope) -> Select[Any]:
    """The containers of a scope that run, each with its host."""
    return (
        select(container, host.c.name.label("host"))
        .join_from(container, host, host.c.id == container.c.host_id)
        .where(runs_now(), container_within(scope))
    )


@keep
def _numbers() -> Select[Any]:
    """How many findings the containers `ids` have: grave ones, those of them that are loaded, and any with a use."""
    grave = container_finding.c.severity >= Severity.HIGH
    return (
        select(
            container_finding.c.container_id,
            func.count(case((grave, 1))).label("grave"),
            func.count(case((grave & (container_finding.c.use == "loaded"), 1))).label("loaded"),
            func.count(case((container_finding.c.use.in_(("loaded", "reachable", "present")), 1))).label("graded"),
        )
        .where(container_finding.c.container_id.in_(bindparam("ids", expanding=True)))
        .group_by(container_finding.c.container_id)
    )


def _container(row: Any, numbers: Any) -> ContainerRow:  # noqa: ANN401  rows of the two queries
    return ContainerRow(
        row.host,
        row.name,
        row.reference,
        row.digest,
        row.first_seen,
        row.last_seen,
        numbers.grave if numbers else 0,
        numbers.loaded if numbers else 0,
        bool(numbers and numbers.graded),
        _unevaluated(row.data),
    )


def list_host_findings(connection: Connection, scope: Scope, name: str, limit: int = 200) -> list[HostFinding]:
    """The gravest findings on a host, what is loaded first; those of the host itself name no container."""
    rank = case({"loaded": 0, "reachable": 1, "unknown": 2, "": 2}, value=container_finding.c.use, else_=3)
    query = (
        select(
            container_finding.c.rule,
            container_finding.c.thing,
            container_finding.c.severity,
            container_finding.c.use,
            container.c.name,
        )
        .join_from(container_finding, host, host.c.id == container_finding.c.host_id)
        .outerjoin(container, container.c.id == container_finding.c.container_id)
        .where(host.c.name == name, container.c.gone.is_(None), container_within(scope))
        .order_by(rank, container_finding.c.severity.desc(), container_finding.c.rule)
        .limit(limit)
    )
    return [
        HostFinding(row.rule, row.thing, word(row.severity), row.use, row.name or "")
        for row in connection.execute(query)
    ]
