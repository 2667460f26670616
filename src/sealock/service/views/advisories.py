"""Flaws and rules: which images have them, and which containers have them loaded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import BindParameter, ColumnElement, Connection, Select, and_, bindparam, case, func, or_, select, true

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
from sealock.service.views.statements import keep

_MOST_CONTAINERS: Final = 200
_MOST_FIXES: Final = 30
_MOST_TAGS: Final = 5
_RULE: Final[BindParameter[Any]] = bindparam("rule")
_IDS: Final[BindParameter[Any]] = bindparam("ids", expanding=True)


def find_advisory(connection: Connection, scope: Scope, rule: str) -> AdvisoryView | None:
    """What is known of a flaw or a rule; None where nothing in the scope has it."""
    asked = {"rule": rule}
    known = connection.execute(_open(scope), asked).one()
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
        connection.execute(_number_of_images(scope), asked).scalar() or 0,
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
    return tuple((row.thing, row.fixed) for row in connection.execute(_open_fixes(scope), {"rule": rule}))


@keep
def _open(scope: Scope) -> Select[Any, Any, int]:
    """The gravest, first and number of the open findings of a `rule`."""
    return (
        select(
            func.max(finding.c.severity).label("severity"),
            func.min(finding.c.first_seen).label("first_seen"),
            func.count(finding.c.repository_id.distinct()).label("repositories"),
        )
        .join_from(finding, repository, repository.c.id == finding.c.repository_id)
        .where(finding.c.rule == _RULE, finding.c.gone.is_(None), within(scope))
    )


@keep
def _open_fixes(scope: Scope) -> Select[Any]:
    return (
        select(finding.c.thing, finding.c.fixed)
        .join_from(finding, repository, repository.c.id == finding.c.repository_id)
        .where(finding.c.rule == _RULE, finding.c.gone.is_(None), finding.c.fixed != "", within(scope))
        .distinct()
        .order_by(finding.c.thing)
        .limit(_MOST_FIXES)
    )


def _images(scope: Scope) -> Select[Any]:
    """The current images that have a flaw or a finding of a `rule`, from what has it: packages, slices, images."""
    flawed = (
        select(image_slice.c.image_id)
        .join_from(hit, slice_package, slice_package.c.package_id == hit.c.package_id)
        .join(image_slice, image_slice.c.slice_id == slice_package.c.slice_id)
        .where(hit.c.flaw == _RULE, hit.c.suppressed == "")
    )
    ruled = select(image_finding.c.image_id).where(image_finding.c.rule == _RULE)
    current = (
        select(repository_image.c.image_id)
        .join_from(repository_image, repository)
        .where(repository_image.c.image_id == image.c.id, repository_image.c.current, within(scope))
    )
    return select(image).where(image.c.id.in_(flawed.union(ruled)), current.exists())


@keep
def _number_of_images(scope: Scope) -> Select[Any]:
    return select(func.count()).select_from(_images(scope).subquery())


@keep
def _page_of_images(scope: Scope, limit: int, *, is_first: bool) -> Select[Any]:
    """One more than `limit` of the images, newest first; below the number `last` unless it is the first page."""
    query = _images(scope) if is_first else _images(scope).where(image.c.id < bindparam("last"))
    return query.order_by(image.c.id.desc()).limit(limit + 1)


def list_images_with(
    connection: Connection, scope: Scope, rule: str, *, after: str = "", limit: int = 100
) -> ListPage[AffectedImage]:
    """The current images that have a flaw or a finding of a rule, newest first."""
    asked: dict[str, Any] = {"rule": rule}
    if after:
        asked["last"] = behind(after, int)[0]
    rows = connection.execute(_page_of_images(scope, limit, is_first=not after), asked).all()
    affected = _affected(connection, scope, rule, rows[:limit])
    return page(rows, limit, lambda row: affected[row.id], lambda row: cursor(row.id))


def _affected(connection: Connection, scope: Scope, rule: str, rows: Sequence[Any]) -> dict[int, AffectedImage]:
    """What is known of images with a flaw, by their number."""
    asked = {"rule": rule, "ids": [row.id for row in rows]}
    tags, names, flawed = defaultdict[int, list[str]](list), dict[int, str](), dict[int, Any]()
    for entry in connection.execute(_tags(scope), asked):
        tags[entry.image_id].append(f"{entry.repository}:{entry.name}")
    for entry in connection.execute(_names(scope), asked):
        names.setdefault(entry.image_id, entry.name)
    for entry in connection.execute(_flawed_packages(), asked):
        flawed.setdefault(entry.image_id, entry)
    ruled = {entry.image_id: entry.severity for entry in connection.execute(_severities(), asked)}
    digests = [row.digest for row in rows]
    configurations = [row.configuration for row in rows if row.configuration]
    loaded = connection.execute(_loaded(), {"rule": rule, "digests": digests, "configurations": configurations}).all()
    made = {}
    for row in rows:
        flaw = flawed.get(row.id)
        made[row.id] = AffectedImage(
            row.digest,
            names.get(row.id, ""),
            tuple(tags[row.id][:_MOST_TAGS]),
            flaw.name if flaw else "",
            flaw.version if flaw else "",
            flaw.fixed if flaw else "",
            word(flaw.severity if flaw else ruled.get(row.id)),
            sum(
                entry.number
                for entry in loaded
                if entry.digest == row.digest or (row.configuration and entry.configuration == row.configuration)
            ),
        )
    return made


@keep
def _tags(scope: Scope) -> Select[Any]:
    """The tags that name the images `ids` now."""
    return (
        select(tag.c.image_id, repository.c.name.label("repository"), tag.c.name)
        .join_from(tag, repository)
        .where(tag.c.image_id.in_(_IDS), tag.c.until.is_(None), within(scope))
        .order_by(repository.c.name, tag.c.name)
    )


@keep
def _names(scope: Scope) -> Select[Any]:
    """The repositories of the images `ids`."""
    return (
        select(repository_image.c.image_id, repository.c.name)
        .join_from(repository_image, repository)
        .where(repository_image.c.image_id.in_(_IDS), within(scope))
        .order_by(repository.c.name)
    )


@keep
def _flawed_packages() -> Select[Any]:
    """The packages of the images `ids` with a flaw, gravest first."""
    return (
        select(image_slice.c.image_id, package.c.name, package.c.version, hit.c.fixed, hit.c.severity)
        .join_from(hit, slice_package, slice_package.c.package_id == hit.c.package_id)
        .join(image_slice, image_slice.c.slice_id == slice_package.c.slice_id)
        .join(package, package.c.id == hit.c.package_id)
        .where(hit.c.flaw == _RULE, image_slice.c.image_id.in_(_IDS))
        .order_by(hit.c.severity.desc(), package.c.name)
    )


@keep
def _severities() -> Select[Any]:
    return (
        select(image_finding.c.image_id, func.max(image_finding.c.severity).label("severity"))
        .where(image_finding.c.image_id.in_(_IDS), image_finding.c.rule == _RULE)
        .group_by(image_finding.c.image_id)
    )


@keep
def _loaded() -> Select[Any]:
    """How many containers run some images and have a flaw loaded, by what they run."""
    of_digest = container.c.digest.in_(bindparam("digests", expanding=True))
    of_configuration = container.c.configuration.in_(bindparam("configurations", expanding=True))
    return (
        select(container.c.digest, container.c.configuration, func.count(container.c.id.distinct()).label("number"))
        .join_from(container_finding, container, container.c.id == container_finding.c.container_id)
        .where(
            container_finding.c.rule == _RULE,
            container_finding.c.use == "loaded",
            runs_now(),
            or_(of_digest, of_configuration),
        )
        .group_by(container.c.digest, container.c.configuration)
    )


@keep
def _containers(scope: Scope) -> Select[Any]:
    rank = case({"loaded": 0, "reachable": 1, "unknown": 2}, value=container_finding.c.use, else_=3)
    return (
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
        .where(container_finding.c.rule == _RULE, runs_now(), container_within(scope))
        .order_by(rank, host.c.name, container.c.name)
        .limit(_MOST_CONTAINERS)
    )


def list_containers_with(connection: Connection, scope: Scope, rule: str) -> list[tuple[Any, AffectedContainer]]:
    """The containers that have a flaw now, those that have it loaded first."""
    return [
        (
            row,
            AffectedContainer(row.host, row.name, row.reference, row.thing, word(row.severity), row.use, row.last_seen),
        )
        for row in connection.execute(_containers(scope), {"rule": rule})
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
