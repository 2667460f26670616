"""Evaluates again what rules say of images by the day: support that has ended since, age. Nothing is pulled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, delete, func, insert, select

from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import Finding
from sealock.model.inventory import Distribution, Inventory
from sealock.model.location import Source
from sealock.policy.settings import Policy
from sealock.rules.catalog import rules
from sealock.rules.endofsupport import SupportDays
from sealock.rules.rule import DatedRule
from sealock.scan.documents import ReadTarget
from sealock.scan.evaluator import Evaluator
from sealock.service.state.contents import finding_rows
from sealock.service.state.database import Database
from sealock.service.state.rows import AT_ONCE, take_turn
from sealock.service.state.settle import recount, settle
from sealock.service.state.tables import (
    acknowledgement,
    event,
    finding,
    image,
    image_finding,
    repository,
    repository_image,
)
from sealock.service.state.tables.findings import RARE
from sealock.targets.inputs import ImageInput

_DAY: Final = 86_400.0
_ENDED: Final = "acknowledgement-ended"
"""The kind of event."""
_READ: Final = ("distribution", "created")
"""The columns of images that these rules go by."""


def evaluate_dated_rules(database: Database, policy: Policy, support: SupportDays, now: float) -> int:
    """Evaluate the rules that go by the day on all current images, some at a time; give how many findings changed."""
    dated = tuple(rule.id for rule in rules("image") if isinstance(rule, DatedRule))
    evaluator = Evaluator(dated, datetime.fromtimestamp(now, UTC).date(), support)
    last = changed = 0
    while True:
        with database.write() as connection:
            take_turn(connection)
            images = _images(connection, last)
            if not images:
                return changed
            before = _rows(connection, [row.id for row in images], dated)
            after = [new for row in images for new in finding_rows(row.id, _findings(evaluator, policy, row))]
            changed += _replace(connection, before, {_key(row): row for row in after}, now)
            last = images[-1].id


def count_acknowledged(database: Database, now: float, days: float) -> None:
    """Count again where an acknowledgement has a last day: it may have ended, or the clock went back before it.

    That it ended is an event, once; `days` is for how long events are kept.
    """
    first, today = (datetime.fromtimestamp(at, UTC).date().isoformat() for at in (now - days * _DAY, now))
    own = acknowledgement.c
    with database.write() as connection:
        take_turn(connection)
        ended = select(acknowledgement).where(own.until != "", own.until >= first, own.until < today).order_by(own.id)
        written = select(event.c.uid).where(event.c.kind == _ENDED, RARE)
        known = set(connection.execute(written).scalars())
        rows = [row for row in (_ended(row, now) for row in connection.execute(ended)) if row["uid"] not in known]
        if rows:
            connection.execute(insert(event), rows)
        ending = select(own.rule).where(own.until != "")
        touched = select(finding.c.repository_id).where(finding.c.rule.in_(ending), finding.c.gone.is_(None)).distinct()
        recount(connection, connection.execute(touched).scalars().all(), now)


def _ended(row: Any, now: float) -> dict[str, Any]:  # noqa: ANN401  a row of the table
    return {
        "uid": f"{_ENDED}:{row.id}",
        "kind": _ENDED,
        "at": now,
        "repository_id": row.repository_id,
        "rule": row.rule,
        "thing": row.thing,
        "detail": f"until {row.until}: {row.reason}",
        "cause": "day",
    }


def _images(connection: Connection, after: int) -> Sequence[Any]:
    """The next current images, each with a repository of its."""
    query = (
        select(image.c.id, *(image.c[name] for name in _READ), func.min(repository.c.name).label("name"))
        .join(repository_image, and_(repository_image.c.image_id == image.c.id, repository_image.c.current))
        .join(repository, repository.c.id == repository_image.c.repository_id)
        .where(image.c.id > after)
        .group_by(image.c.id)
        .order_by(image.c.id)
        .limit(AT_ONCE)
    )
    return connection.execute(query).all()


def _rows(connection: Connection, images: Sequence[int], dated: Sequence[str]) -> dict[tuple[Any, ...], dict[str, Any]]:
    query = select(image_finding).where(image_finding.c.image_id.in_(images), image_finding.c.rule.in_(dated))
    return {_key(row): row for row in map(dict, connection.execute(query).mappings())}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["image_id"], row["rule"], row["thing"]


def _findings(evaluator: Evaluator, policy: Policy, row: Any) -> Iterable[Finding]:  # noqa: ANN401  a row of _images
    known = msgspec.json.decode(row.distribution, type=Distribution) if row.distribution else None
    inventory = Inventory((), "", "", (), Container(), known, (), created=row.created)
    document = Document("image", {"": Source(row.name, "")}, (Subject("image", inventory, {}),))
    return evaluator.evaluate(
        ReadTarget(row.name, row.name, ImageInput(row.name, row.name, ""), document, policy)
    ).findings


def _replace(
    connection: Connection,
    before: Mapping[tuple[Any, ...], Mapping[str, Any]],
    after: Mapping[tuple[Any, ...], Mapping[str, Any]],
    now: float,
) -> int:
    """Write what differs: what is no more, what is new, and what is said in other words now."""
    differing = [key for key in before.keys() | after.keys() if _said(before.get(key)) != _said(after.get(key))]
    own = image_finding.c
    for number, rule, thing in before.keys() & set(differing):
        connection.execute(delete(image_finding).where(own.image_id == number, own.rule == rule, own.thing == thing))
    if new := [after[key] for key in sorted(after.keys() & set(differing))]:
        connection.execute(insert(image_finding), new)
    settle(connection, {thing for _, _, thing in differing}, now, "day")
    return len(differing)


def _said(row: Mapping[str, Any] | None) -> tuple[int, str] | None:
    return None if row is None else (row["severity"], msgspec.json.decode(row["data"])["message"])
