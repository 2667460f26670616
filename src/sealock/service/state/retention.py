"""Removes what is too old: events, images that no tag names, facts of layers that nobody used, silent hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select, true, update

from sealock.service.state.database import Database
from sealock.service.state.eventcounts import drop_event_counts, keep_event_counts
from sealock.service.state.layercache import CLAIM
from sealock.service.state.moments import has_come
from sealock.service.state.reports import runs_now
from sealock.service.state.rows import put, take_turn
from sealock.service.state.tables import (
    claim,
    container,
    event,
    facts,
    finding,
    host,
    image,
    image_layer,
    image_slice,
    layer,
    layer_slice,
    package,
    package_place,
    place,
    repository_image,
    scan,
    setting,
    slice_package,
    tag,
)
from sealock.service.state.tables.access import REFUSED, audit, message, message_event, webhook
from sealock.service.state.tags import refresh

_DAY: Final = 86_400.0
_AT_ONCE: Final = 500
_STEP: Final = 2 * _DAY
"""Retention runs once a day."""
_REACHED: Final = "retention"
"""The setting with the time that it counted by last."""


class Retention(Struct, frozen=True):
    """How many days things are kept; 0 means for ever.

    `images` are those that no tag names, `layers` the facts of those that were not used, `hosts` those that are silent.
    """

    events: float = 365
    """Of closed findings, ended scans, sent messages and refused logins too."""
    images: float = 30
    layers: float = 30
    hosts: float = 90
    tags: float = 365
    """Of what tags named before: the ages that `pin --min-age` asks for rest on it."""


class Tidied(Struct):
    """How much was removed."""

    events: int = 0
    findings: int = 0
    images: int = 0
    packages: int = 0
    facts: int = 0
    hosts: int = 0


def tidy(database: Database, retention: Retention, now: float) -> Tidied:
    """Remove what is too old, in transactions of their own, so that others wait for none of them for long."""
    result = Tidied()
    now = _advance(database, now)
    if retention.events:
        before = now - retention.events * _DAY
        result.events = _delete(database, event, and_(event.c.at < before, ~_is_wanted()), drop_event_counts)
        result.findings = _delete(database, finding, finding.c.gone < before)
        _delete(database, scan, and_(scan.c.state != "waiting", scan.c.requested < before))
        # After the events, since what a message has is not sent again.
        _delete(database, message, message.c.finished < before)
        _delete(database, audit, and_(audit.c.action == REFUSED, audit.c.at < before))
    if retention.tags:
        _delete(database, tag, tag.c.until < now - retention.tags * _DAY)
    if retention.images:
        result.images = _tidy_images(database, now - retention.images * _DAY, now)
        result.packages = _tidy_contents(database)
    if retention.layers:
        result.facts = _delete(database, facts, facts.c.used < now - retention.layers * _DAY)
    if retention.hosts:
        result.hosts = _delete(database, host, host.c.last_seen < now - retention.hosts * _DAY)
        _delete(database, container, container.c.gone < now - retention.hosts * _DAY)
    _delete(database, claim, has_come(claim.c.until, now, CLAIM))
    keep_event_counts(database)
    return result


def _is_wanted() -> ColumnElement[bool]:
    """The condition that some webhook may yet get an event: nothing is old that nobody heard of.

    Whoever wrote it may have a clock that is behind by a year.
    """
    unseen = exists().where(webhook.c.disabled == "", webhook.c.settled < event.c.id)
    waits = exists().where(
        message_event.c.event_id == event.c.id,
        message_event.c.message_id == message.c.id,
        message.c.webhook_id == webhook.c.id,
        message.c.state == "waiting",
        webhook.c.disabled == "",
    )
    return or_(unseen, waits)


def _advance(database: Database, now: float) -> float:
    """The time by which ages are counted: that of the clock, but at most `_STEP` after that of the last time.

    A clock that jumps ahead by years removes what two days would, and nothing more once it is set right. After a
    service that was off for long, what is old goes over as many days.
    """
    with database.write() as connection:
        take_turn(connection)
        former = connection.execute(select(setting.c.value).where(setting.c.name == _REACHED)).scalar()
        reached = now if former is None else min(now, float(former) + _STEP)
        put(connection, setting, [{"name": _REACHED, "value": repr(reached)}])
    return reached


def _delete(
    database: Database,
    table: Any,  # noqa: ANN401  a table with an id
    condition: ColumnElement[bool],
    also: Callable[[Connection], None] = lambda _connection: None,
) -> int:
    """Delete rows, some at a time, and do what goes with it; give how many there were.

    Nobody waits while they are looked for.
    """
    key = next(iter(table.primary_key))
    query = select(key).where(condition).order_by(key).limit(_AT_ONCE)
    count = 0
    behind: ColumnElement[bool] = true()
    while True:
        with database.read() as connection:
            some = connection.execute(query.where(behind)).scalars().all()
        if not some:
            return count
        with database.write() as connection:
            also(connection)
            count += connection.execute(delete(table).where(key.in_(some), condition)).rowcount
        behind = key > some[-1]


def _tidy_images(database: Database, before: float, now: float) -> int:
    own = repository_image.c
    runs = exists().where(
        runs_now(),
        or_(
            container.c.digest == image.c.digest,
            and_(container.c.configuration == image.c.configuration, container.c.configuration != ""),
        ),
    )
    with database.write() as connection:
        take_turn(connection)
        tagged = exists().where(tag.c.repository_id == own.repository_id, tag.c.image_id == own.image_id)
        query = (
            select(own.repository_id, own.image_id)
            .join(image, image.c.id == own.image_id)
            .where(own.last_seen < before, ~tagged, ~runs)
        )
        rows = connection.execute(query).all()
        for row in rows:
            mine = and_(own.repository_id == row.repository_id, own.image_id == row.image_id)
            connection.execute(delete(repository_image).where(mine))
        for number in sorted({row.repository_id for row in rows}):
            refresh(connection, number, now, "retention")
    count = 0
    while True:
        with database.write() as connection:
            take_turn(connection)
            named = exists().where(tag.c.image_id == image.c.id, or_(tag.c.until.is_(None), tag.c.until >= before))
            current = exists().where(own.image_id == image.c.id, own.current)
            old = select(image.c.id).where(image.c.scanned < before, ~named, ~current, ~runs).limit(_AT_ONCE)
            some = connection.execute(old).scalars().all()
            if not some:
                return count
            # What a tag named stays known: how old a digest is does not depend on what is in it.
            connection.execute(update(tag).where(tag.c.image_id.in_(some)).values(image_id=None))
            connection.execute(update(scan).where(scan.c.image_id.in_(some)).values(image_id=None))
            connection.execute(delete(image).where(image.c.id.in_(some)))
            count += len(some)


def _tidy_contents(database: Database) -> int:
    """Remove what no image has any more."""
    with database.write() as connection:
        take_turn(connection)
        for table, condition in (
            (layer_slice, ~exists().where(image_slice.c.slice_id == layer_slice.c.id)),
            (layer, ~exists().where(image_layer.c.layer_id == layer.c.id)),
        ):
            connection.execute(delete(table).where(condition))
        unused = and_(
            ~exists().where(slice_package.c.package_id == package.c.id),
            ~exists().where(slice_package.c.owner_id == package.c.id),
        )
        count = connection.execute(delete(package).where(unused)).rowcount
        connection.execute(delete(place).where(~exists().where(package_place.c.place_id == place.c.id)))
    return count
