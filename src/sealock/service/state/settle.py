"""Brings the findings of repositories up to date with what is in their images, and writes the events of each change.

All of it is one transaction with what caused the change: an event is there exactly if its change is. Findings are
settled for *things* (package URLs without versions, what rules are about): a change of a package's hits changes no
other finding.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.schema import CreateTable

from sealock.service.state.rows import chunks, insert_new_from
from sealock.service.state.tables import (
    acknowledgement,
    event,
    finding,
    hit,
    image_finding,
    package,
    repository,
    repository_image,
    repository_slice,
    slice_package,
)

_temporary: Final = MetaData()
touched: Final = Table(
    "touched", _temporary, Column("thing", Text, primary_key=True), prefixes=["TEMPORARY"], sqlite_with_rowid=False
)
"""The things to settle."""
fresh: Final = Table(
    "fresh",
    _temporary,
    Column("repository_id", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("thing", Text, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("fixed", Text, nullable=False),
    Column("exploited", Boolean, nullable=False),
    PrimaryKeyConstraint("repository_id", "rule", "thing"),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)
"""What there is now."""
_same: Final = and_(
    fresh.c.repository_id == finding.c.repository_id, fresh.c.rule == finding.c.rule, fresh.c.thing == finding.c.thing
)
_open: Final = finding.c.gone.is_(None)
_WORDS: Final = {1: "info", 2: "low", 3: "medium", 4: "high", 5: "critical"}


def settle(connection: Connection, things: Iterable[str], now: float, cause: str, among: int | None = None) -> None:
    """Settle the findings on things, in one repository or in all of them. `cause` is what brought it about."""
    names = sorted(set(things))
    if not names:
        return
    for table in (touched, fresh):
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(delete(table))
    connection.execute(insert(touched), [{"thing": name} for name in names])
    # Both databases take a new table for something else than it is, and would begin with all that is stored.
    connection.execute(text(f"ANALYZE {touched.name}"))
    connection.execute(insert(fresh).from_select([column.name for column in fresh.columns], _present(among)))
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ANALYZE {fresh.name}"))
    last = connection.execute(select(func.coalesce(func.max(event.c.id), 0))).scalar_one()
    scope: ColumnElement[bool] = finding.c.thing.in_(select(touched.c.thing))
    if among is not None:
        scope = and_(scope, finding.c.repository_id == among)
    _close(connection, scope, now, cause)
    _change(connection, now, cause)
    _open_new(connection, now, cause)
    changed = connection.execute(select(event.c.repository_id).where(event.c.id > last).distinct()).scalars()
    recount(connection, [number for number in changed if number is not None], now)


def _present(among: int | None) -> Select[Any]:
    """What there is now of the things: hits of packages in current images, and what rules report on these."""
    owner = package.alias("owner")
    hits = (
        select(
            repository_slice.c.repository_id,
            hit.c.flaw.label("rule"),
            package.c.thing,
            hit.c.severity,
            hit.c.fixed,
            cast(hit.c.exploited, Integer).label("exploited"),
        )
        .select_from(touched)
        .join(package, package.c.thing == touched.c.thing)
        .join(hit, and_(hit.c.package_id == package.c.id, hit.c.suppressed == ""))
        .join(slice_package, slice_package.c.package_id == package.c.id)
        .join(repository_slice, repository_slice.c.slice_id == slice_package.c.slice_id)
        .outerjoin(owner, owner.c.id == slice_package.c.owner_id)
        .where(or_(slice_package.c.owner_id.is_(None), owner.c.covered == false()))
    )
    rules = (
        select(
            repository_image.c.repository_id,
            image_finding.c.rule,
            image_finding.c.thing,
            image_finding.c.severity,
            literal("").label("fixed"),
            literal(0).label("exploited"),
        )
        .select_from(touched)
        .join(image_finding, image_finding.c.thing == touched.c.thing)
        .join(repository_image, repository_image.c.image_id == image_finding.c.image_id)
        .where(repository_image.c.current)
    )
    if among is not None:
        hits = hits.where(repository_slice.c.repository_id == among)
        rules = rules.where(repository_image.c.repository_id == among)
    rows = union_all(hits, rules).subquery()
    return select(
        rows.c.repository_id,
        rows.c.rule,
        rows.c.thing,
        func.max(rows.c.severity),
        func.max(rows.c.fixed),
        func.max(rows.c.exploited) == 1,
    ).group_by(rows.c.repository_id, rows.c.rule, rows.c.thing)


def _write(connection: Connection, kind: str, now: float, cause: str, rows: Select[Any]) -> None:
    """Write an event for each finding that a query gives: its columns, `severity` and `detail`."""
    found = rows.subquery()
    query = select(
        literal(f"{kind}:") + cast(found.c.id, Text) + literal(":") + cast(found.c.revision + 1, Text),
        literal(kind),
        literal(now),
        found.c.repository_id,
        found.c.rule,
        found.c.thing,
        found.c.severity,
        found.c.detail,
        literal(cause),
    ).where(true())
    names = ["uid", "kind", "at", "repository_id", "rule", "thing", "severity", "detail", "cause"]
    insert_new_from(connection, event, names, query)


def _columns(
    severity: ColumnElement[int], detail: ColumnElement[str], revision: ColumnElement[int] = finding.c.revision
) -> Select[Any]:
    table = finding.c
    return select(
        table.id,
        revision.label("revision"),
        table.repository_id,
        table.rule,
        table.thing,
        severity.label("severity"),
        detail.label("detail"),
    )


def _close(connection: Connection, scope: ColumnElement[bool], now: float, cause: str) -> None:
    absent = and_(_open, scope, ~exists().where(_same))
    _write(connection, "removed", now, cause, _columns(finding.c.severity, literal("")).where(absent))
    values = {"gone": now, "last_seen": now, "revision": finding.c.revision + 1}
    connection.execute(update(finding).where(absent).values(**values))


def _word(severity: ColumnElement[int]) -> ColumnElement[str]:
    return case(_WORDS, value=severity, else_="")


def _change(connection: Connection, now: float, cause: str) -> None:
    """Write what changed of findings that were there before."""
    joined = fresh.join(finding, _same)
    severity, fixed = fresh.c.severity, fresh.c.fixed
    changes = (
        (
            "severity-changed",
            finding.c.severity != severity,
            _word(finding.c.severity) + literal(" -> ") + _word(severity),
        ),
        ("fix-available", and_(finding.c.fixed == "", fixed != ""), fixed),
        ("exploited", and_(finding.c.exploited == false(), fresh.c.exploited), literal("")),
    )
    for kind, condition, detail in changes:
        rows = _columns(severity, detail).select_from(joined).where(_open, condition)
        _write(connection, kind, now, cause, rows)
    again = _columns(severity, fixed).select_from(joined).where(~_open)
    _write(connection, "added", now, cause, again)
    differs = or_(
        ~_open, finding.c.severity != severity, finding.c.fixed != fixed, finding.c.exploited != fresh.c.exploited
    )
    values = {
        "severity": severity,
        "fixed": fixed,
        "exploited": fresh.c.exploited,
        "gone": None,
        "last_seen": now,
        "revision": finding.c.revision + 1,
    }
    connection.execute(update(finding).where(_same, differs).values(**values))


def _open_new(connection: Connection, now: float, cause: str) -> None:
    newest = connection.execute(select(func.coalesce(func.max(finding.c.id), 0))).scalar_one()
    names = ["repository_id", "rule", "thing", "severity", "fixed", "exploited", "first_seen", "last_seen", "revision"]
    new = select(*fresh.columns, literal(now), literal(now), literal(1)).where(true())
    # In the order of the indexes, whose pages are then written one after the other.
    new = new.order_by(fresh.c.repository_id, fresh.c.rule, fresh.c.thing)
    insert_new_from(connection, finding, names, new)
    # Nobody else writes findings meanwhile, so the ones with higher numbers are those that were just opened.
    opened = (
        _columns(finding.c.severity, finding.c.fixed, finding.c.revision - 1)
        .where(finding.c.id > newest)
        .order_by(finding.c.id)
    )
    _write(connection, "added", now, cause, opened)


def recount(connection: Connection, repositories: Iterable[int], now: float) -> None:
    """Count the open findings of repositories that nothing acknowledges today."""
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    accepted = exists().where(
        acknowledgement.c.rule == finding.c.rule,
        or_(acknowledgement.c.thing == "", acknowledgement.c.thing == finding.c.thing),
        or_(acknowledgement.c.repository_id.is_(None), acknowledgement.c.repository_id == finding.c.repository_id),
        or_(acknowledgement.c.until == "", acknowledgement.c.until >= today),
    )
    numbers = list(repositories)

    def total(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.sum(case((condition, 1), else_=0))

    counts = {word: total(finding.c.severity == level) for level, word in _WORDS.items() if word != "info"}
    counts |= {"exploited": total(finding.c.exploited), "fixable": total(finding.c.fixed != "")}
    updates: list[dict[str, Any]] = []
    for some in chunks(numbers):
        query = (
            select(finding.c.repository_id, *(column.label(name) for name, column in counts.items()))
            .where(finding.c.repository_id.in_(some), _open, ~accepted)
            .group_by(finding.c.repository_id)
        )
        found = {row["repository_id"]: dict(row) for row in connection.execute(query).mappings()}
        none = dict.fromkeys(counts, 0)
        updates += [{"number": number, **{name: found.get(number, none)[name] for name in counts}} for number in some]
    if updates:
        connection.execute(update(repository).where(repository.c.id == bindparam("number")), updates)
