"""Flaws and rules: which images have them, and which containers have them loaded."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, case, func, or_, select, true

from sealock.model.advisory import Vulnerability
from sealock.service.access.tokens import Scope
from sealock.service.state.reports import runs_now
from sealock.service.state.tables import (
    container,
    container_finding,
    finding,
    hit,
    host,
    image,
    image_finding,
    image_slice,
    package,
    repository,
    repository_image,
    slice_package,
    tag,
)
from sealock.service.views.common import behind, cursor, image_within, page, within, word
from sealock.service.views.nouns import AdvisoryView, AffectedContainer, AffectedImage, ListPage

_MOST_CONTAINERS: Final = 200
_MOST_FIXES: Final = 30
_MOST_TAGS: Final = 5


def find_advisory(connection: Connection, scope: Scope, rule: str) -> AdvisoryView | None:
    """What is known of a flaw or a rule; None where nothing in the scope has it."""
    open_ones = (
        select(
            func.max(finding.c.severity).label("severity"),
            func.min(finding.c.first_seen).label("first_seen"),
            func.count(finding.c.repository_id.distinct()).label("repositories"),
        )
        .join_from(finding, repository, repository.c.id == finding.c.repository_id)
        .where(finding.c.rule == rule, finding.c.gone.is_(None), within(scope))
    )
    known = connection.execute(open_ones).one()
    containers = list_containers_with(connection, scope, rule)
    if not known.repositories and not containers:
        return None
    severity = max([known.severity or 0, *(entry.severity for entry, _ in containers)])
    text, exploited, aliases, references = _described(connection, rule)
    return AdvisoryView(
        rule,
        text,
        word(severity),
        exploited,
        connection.execute(select(func.count()).select_from(_images(scope, rule).subquery())).scalar() or 0,
        tuple(row for _, row in containers),
        _fixes(connection, scope, rule),
        aliases,
        references,
        known.first_seen,
    )


def _described(connection: Connection, rule: str) -> tuple[str, bool, tuple[str, ...], tuple[str, ...]]:
    """Title, whether it is exploited, other ids and links, by what was matched last."""
    text = connection.execute(select(hit.c.data).where(hit.c.flaw == rule).limit(1)).scalar()
    if text:
        flaw = msgspec.json.decode(text, type=Vulnerability)
        links = tuple(url for url in flaw.references if url.startswith(("https://", "http://")))[:10]
        return flaw.summary, flaw.exploited is not None, flaw.aliases, links
    for table in (image_finding, container_finding):
        text = connection.execute(select(table.c.data).where(table.c.rule == rule).limit(1)).scalar()
        if text:
            title = msgspec.json.decode(text).get("title", "")
            return str(title), False, (), ()
    return "", False, (), ()


def _fixes(connection: Connection, scope: Scope, rule: str) -> tuple[tuple[str, str], ...]:
    query = (
        select(finding.c.thing, finding.c.fixed)
        .join_from(finding, repository, repository.c.id == finding.c.repository_id)
        .where(finding.c.rule == rule, finding.c.gone.is_(None), finding.c.fixed != "", within(scope))
        .distinct()
        .order_by(finding.c.thing)
        .limit(_MOST_FIXES)
    )
    return tuple((row.thing, row.fixed) for row in connection.execute(query))


def _images(scope: Scope, rule: str) -> Any:  # noqa: ANN401  a select
    """The numbers of current images that have a flaw or a finding of a rule."""
    current = (
        select(repository_image.c.image_id)
        .join_from(repository_image, repository)
        .where(repository_image.c.current, within(scope))
    )
    flawed = (
        select(image_slice.c.image_id)
        .join_from(hit, slice_package, slice_package.c.package_id == hit.c.package_id)
        .join(image_slice, image_slice.c.slice_id == slice_package.c.slice_id)
        .where(hit.c.flaw == rule, hit.c.suppressed == "")
    )
    ruled = select(image_finding.c.image_id).where(image_finding.c.rule == rule)
    return select(image.c.id).where(image.c.id.in_(current), or_(image.c.id.in_(flawed), image.c.id.in_(ruled)))


def list_images_with(
    connection: Connection, scope: Scope, rule: str, *, after: str = "", limit: int = 100
) -> ListPage[AffectedImage]:
    """The current images that have a flaw or a finding of a rule, newest first."""
    query = select(image).where(image.c.id.in_(_images(scope, rule)))
    if after:
        query = query.where(image.c.id < behind(after, int)[0])
    rows = connection.execute(query.order_by(image.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit, lambda row: _affected(connection, scope, rule, row), lambda row: cursor(row.id))


def _affected(connection: Connection, scope: Scope, rule: str, row: Any) -> AffectedImage:  # noqa: ANN401  a row
    tags = connection.execute(
        select(repository.c.name.label("repository"), tag.c.name)
        .join_from(tag, repository)
        .where(tag.c.image_id == row.id, tag.c.until.is_(None), within(scope))
        .order_by(repository.c.name, tag.c.name)
        .limit(_MOST_TAGS)
    ).all()
    names = connection.execute(
        select(repository.c.name)
        .join_from(repository_image, repository)
        .where(repository_image.c.image_id == row.id, within(scope))
        .limit(1)
    ).scalar()
    flawed = connection.execute(
        select(package.c.name, package.c.version, hit.c.fixed, hit.c.severity)
        .join_from(image_slice, slice_package, slice_package.c.slice_id == image_slice.c.slice_id)
        .join(package, package.c.id == slice_package.c.package_id)
        .join(hit, and_(hit.c.package_id == package.c.id, hit.c.flaw == rule))
        .where(image_slice.c.image_id == row.id)
        .order_by(hit.c.severity.desc(), package.c.name)
        .limit(1)
    ).first()
    ruled = select(image_finding.c.severity).where(image_finding.c.image_id == row.id, image_finding.c.rule == rule)
    severity = flawed.severity if flawed else connection.execute(ruled.limit(1)).scalar()
    loaded = (
        select(func.count(container.c.id.distinct()))
        .join_from(container_finding, container, container.c.id == container_finding.c.container_id)
        .where(
            container_finding.c.rule == rule,
            container_finding.c.use == "loaded",
            runs_now(),
            or_(
                container.c.digest == row.digest,
                and_(container.c.configuration != "", container.c.configuration == row.configuration),
            ),
        )
    )
    return AffectedImage(
        row.digest,
        names or "",
        tuple(f"{entry.repository}:{entry.name}" for entry in tags),
        flawed.name if flawed else "",
        flawed.version if flawed else "",
        flawed.fixed if flawed else "",
        word(severity),
        connection.execute(loaded).scalar() or 0,
    )


def list_containers_with(connection: Connection, scope: Scope, rule: str) -> list[tuple[Any, AffectedContainer]]:
    """The containers that have a flaw now, those that have it loaded first."""
    rank = case({"loaded": 0, "reachable": 1, "unknown": 2}, value=container_finding.c.use, else_=3)
    query = (
        select(
            container_finding.c.thing,
            container_finding.c.severity,
            container_finding.c.use,
            container.c.name,
            container.c.reference,
            container.c.last_seen,
            host.c.name.label("host"),
        )
        .join_from(container_finding, container, container.c.id == container_finding.c.container_id)
        .join(host, host.c.id == container.c.host_id)
        .where(container_finding.c.rule == rule, runs_now(), container_within(scope))
        .order_by(rank, host.c.name, container.c.name)
        .limit(_MOST_CONTAINERS)
    )
    return [
        (
            row,
            AffectedContainer(row.host, row.name, row.reference, row.thing, word(row.severity), row.use, row.last_seen),
        )
        for row in connection.execute(query)
    ]


def container_within(scope: Scope) -> ColumnElement[bool]:
    """The condition that a container runs an image that is in the scope."""
    if scope.is_everything:
        return true()
    inside = select(image.c.id).where(
        image_within(scope, image.c.id),
        or_(
            and_(container.c.digest != "", image.c.digest == container.c.digest),
            and_(container.c.configuration != "", image.c.configuration == container.c.configuration),
        ),
    )
    return inside.exists()


def search_rules(connection: Connection, scope: Scope, words: str, limit: int = 20) -> list[tuple[str, str, int]]:
    """Open flaws and rules whose id begins with the words: id, severity, number of repositories."""
    # The first ones by id, by the index: counting all that begin with "CVE-" would read every finding.
    # Nor is it a join, whose other table a planner may read first.
    inside = select(repository.c.id).where(repository.c.id == finding.c.repository_id, within(scope)).exists()
    first = (
        select(finding.c.rule)
        .where(_begins(connection, words), finding.c.gone.is_(None), true() if scope.is_everything else inside)
        .distinct()
        .order_by(finding.c.rule)
        .limit(limit)
    )
    rules = connection.execute(first).scalars().all()
    query = (
        select(
            finding.c.rule,
            func.max(finding.c.severity).label("severity"),
            func.count(finding.c.repository_id.distinct()).label("repositories"),
        )
        .join_from(finding, repository, repository.c.id == finding.c.repository_id)
        .where(finding.c.rule.in_(rules), finding.c.gone.is_(None), within(scope))
        .group_by(finding.c.rule)
        .order_by(func.max(finding.c.severity).desc(), finding.c.rule)
        .limit(limit)
    )
    return [(row.rule, word(row.severity), row.repositories) for row in connection.execute(query)]


def _begins(connection: Connection, words: str) -> ColumnElement[bool]:
    """The condition that an id begins with the words, as they are or in capitals."""
    column = finding.c.rule
    if connection.dialect.name != "sqlite":
        return or_(*(column.startswith(text, autoescape=True) for text in {words, words.upper()}))
    # SQLite uses its index for a range, and compares by code points.
    return or_(*(and_(column >= text, column < f"{text}\U0010ffff") for text in {words, words.upper()}))
