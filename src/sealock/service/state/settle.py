"""Brings the findings of repositories up to date with what is in their images, and writes the events of each change.

All of it is one transaction with what caused the change: an event is there exactly if its change is. Findings are
settled for *things* (package URLs without versions, what rules are about): a change of a package's hits changes no
other finding. What there is and what was written before are compared in one pass, so that a change costs its own rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Executable,
    Integer,
    MetaData,
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
    null,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from sealock.service.state.rows import AT_ONCE, chunks
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
_brief: Final[dict[str, Any]] = {
    "prefixes": ["TEMPORARY"],
    # Deleted rows would stay in its file for as long as the connection does.
    "postgresql_on_commit": "DELETE ROWS",
}
touched: Final = Table(
    "touched",
    _temporary,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("thing", Text, nullable=False, unique=True),
    **_brief,
)
"""The things to settle, numbered in their order: to sort numbers takes a third of the time."""
_IDENTITY: Final = ("repository_id", "rule", "thing")
_NOW: Final[dict[str, TypeEngine[Any]]] = {"severity": Integer(), "fixed": Text(), "exploited": Integer()}
_FORMER: Final[dict[str, TypeEngine[Any]]] = {
    "number": BigInteger(),
    "former_severity": Integer(),
    "former_fixed": Text(),
    "former_exploited": Integer(),
    "was_open": Integer(),
    "revision": Integer(),
}
differing: Final = Table(
    "differing",
    _temporary,
    Column("repository_id", BigInteger, nullable=False),
    Column("rule", Text, nullable=False),
    Column("thing", Integer, nullable=False),  # its number in `touched`
    *(Column(name, kind) for name, kind in (_NOW | _FORMER).items()),
    **_brief,
)
"""What is not as its finding says: what there is now, NULL for nothing, and its finding, NULL for none."""
_rules: Final = (
    select(differing.c.rule, func.row_number().over(order_by=differing.c.rule).label("number"))
    .group_by(differing.c.rule)
    .subquery("rules")
)
_named: Final = differing.join(touched, touched.c.number == differing.c.thing).join(
    _rules, _rules.c.rule == differing.c.rule
)
_order: Final = (_rules.c.number, differing.c.thing, differing.c.repository_id)
"""Events of one rule stand together where they are read, and pages of indexes are written one after the other."""
_new: Final = differing.c.number.is_(None)
_absent: Final = differing.c.severity.is_(None)
_both: Final = and_(~_new, ~_absent)
_now: Final[ColumnElement[float]] = bindparam("now", type_=finding.c.first_seen.type)
_among: Final[ColumnElement[int]] = bindparam("among", type_=BigInteger())
_names: Final[ColumnElement[Any]] = bindparam("names", expanding=True, type_=Text())
_WORDS: Final = {1: "info", 2: "low", 3: "medium", 4: "high", 5: "critical"}
_COUNTS: Final[dict[str, ColumnElement[bool]]] = {
    **{word: finding.c.severity == level for level, word in _WORDS.items() if word != "info"},
    "exploited": finding.c.exploited.is_(true()),
    "fixable": finding.c.fixed != "",
}
"""What is counted of a repository's open findings."""


def settle(connection: Connection, things: Iterable[str], now: float, cause: str, among: int | None = None) -> None:
    """Settle the findings on things, in one repository or in all of them. `cause` is what brought it about."""
    names = sorted(set(things))
    if not names or (among is not None and len(names) <= AT_ONCE and _is_settled(connection, names, among)):
        return
    for table in (touched, differing):
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(delete(table))
    connection.execute(insert(touched), [{"number": number, "thing": name} for number, name in enumerate(names)])
    # Both databases take a new table for something else than it is, and would begin with all that is stored.
    connection.execute(text(f"ANALYZE {touched.name}"))
    connection.execute(_compare(among is not None), {"among": among})
    changed = connection.execute(_summary()).all()
    if not changed:
        return
    newest = connection.execute(select(func.coalesce(func.max(finding.c.id), 0))).scalar_one()
    for (_, statement), *has_rows in zip(_writes(), *(row[1:] for row in changed), strict=True):
        if any(has_rows):
            connection.execute(statement, {"now": now, "cause": cause, "newest": newest})
    recount(connection, [row.repository_id for row in changed], now)


def _is_settled(connection: Connection, names: Sequence[str], among: int) -> bool:
    """Whether the findings of a repository on a few things are as they should be: those of most new images are."""
    return connection.execute(_difference(), {"names": names, "among": among}).first() is None


@cache
def _difference() -> Executable:
    """The statement that looks for one thing in a repository that is not as its finding says."""
    return _comparison(limited=True, few=True).limit(1)


@cache
def _compare(limited: bool) -> Executable:  # noqa: FBT001  whether to one repository
    """The statement that fills `differing`."""
    query = _comparison(limited=limited)
    return insert(differing).from_select(list(query.selected_columns.keys()), query)


def _comparison(*, limited: bool, few: bool = False) -> Select[Any]:
    """What is not as its finding says, in one repository or all, of the things in `touched` or of the few `names`.

    Things in `touched` are given by their numbers.
    """
    rows = union_all(*_present(limited=limited, few=few), _written(limited=limited, few=few)).subquery()
    grouped = select(
        *(rows.c[name] for name in _IDENTITY), *(func.max(rows.c[name]).label(name) for name in (*_NOW, *_FORMER))
    ).group_by(rows.c.thing, rows.c.repository_id, rows.c.rule)
    found = grouped.subquery()
    differs = or_(
        found.c.number.is_(None),
        and_(found.c.severity.is_(None), found.c.was_open == 1),
        and_(
            found.c.severity.is_not(None),
            or_(found.c.was_open == 0, *(found.c[name] != found.c[f"former_{name}"] for name in _NOW)),
        ),
    )
    return select(found).where(differs)


def _missing(columns: dict[str, TypeEngine[Any]]) -> list[ColumnElement[Any]]:
    return [cast(null(), kind).label(name) for name, kind in columns.items()]


def _present(*, limited: bool, few: bool) -> tuple[Select[Any], Select[Any]]:
    """What there is now of the things: hits of packages in current images, and what rules report on these."""
    owner = package.alias("owner")
    hits = (
        select(
            repository_slice.c.repository_id,
            hit.c.flaw.label("rule"),
            package.c.thing if few else touched.c.number.label("thing"),
            hit.c.severity,
            hit.c.fixed,
            cast(hit.c.exploited, Integer).label("exploited"),
            *_missing(_FORMER),
        )
        .select_from(package if few else touched.join(package, package.c.thing == touched.c.thing))
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
            image_finding.c.thing if few else touched.c.number.label("thing"),
            image_finding.c.severity,
            literal("").label("fixed"),
            literal(0).label("exploited"),
            *_missing(_FORMER),
        )
        .select_from(image_finding if few else touched.join(image_finding, image_finding.c.thing == touched.c.thing))
        .join(repository_image, repository_image.c.image_id == image_finding.c.image_id)
        .where(repository_image.c.current)
    )
    if few:
        hits = hits.where(package.c.thing.in_(_names))
        rules = rules.where(image_finding.c.thing.in_(_names))
    if limited:
        hits = hits.where(repository_slice.c.repository_id == _among)
        rules = rules.where(repository_image.c.repository_id == _among)
    return hits, rules


def _written(*, limited: bool, few: bool) -> Select[Any]:
    """What the findings on the things say."""
    number = select(touched.c.number).where(touched.c.thing == finding.c.thing).scalar_subquery()
    query = select(
        finding.c.repository_id,
        finding.c.rule,
        finding.c.thing if few else number if limited else touched.c.number,
        *_missing(_NOW),
        finding.c.id.label("number"),
        finding.c.severity,
        finding.c.fixed,
        cast(finding.c.exploited, Integer),
        case((finding.c.gone.is_(None), 1), else_=0),
        finding.c.revision,
    )
    if limited:
        # By the repository: most of what is written of a thing is of others.
        among = finding.c.thing.in_(_names) if few else finding.c.thing.in_(select(touched.c.thing))
        return query.where(finding.c.repository_id == _among, among)
    return query.select_from(touched).join(finding, finding.c.thing == touched.c.thing)


@cache
def _summary() -> Executable:
    """The query of which repositories differ, each with whether it has rows for each of the statements that write."""
    conditions = (func.max(case((condition, 1), else_=0)) for condition, _ in _writes())
    return select(differing.c.repository_id, *conditions).group_by(differing.c.repository_id)


@cache
def _writes() -> tuple[tuple[ColumnElement[bool], Executable], ...]:
    """The statements that write what differs, each with the condition of its rows.

    Events come first, which say what the findings said before.
    """
    row = differing.c
    events = (
        ("removed", _absent, row.former_severity, literal("")),
        (
            "severity-changed",
            and_(_both, row.was_open == 1, row.severity != row.former_severity),
            row.severity,
            _word(row.former_severity) + literal(" -> ") + _word(row.severity),
        ),
        (
            "fix-available",
            and_(_both, row.was_open == 1, row.former_fixed == "", row.fixed != ""),
            row.severity,
            row.fixed,
        ),
        (
            "exploited",
            and_(_both, row.was_open == 1, row.former_exploited == 0, row.exploited == 1),
            row.severity,
            literal(""),
        ),
        ("added", and_(_both, row.was_open == 0), row.severity, row.fixed),
    )
    changed = {
        "severity": row.severity,
        "fixed": row.fixed,
        "exploited": row.exploited == 1,
        "gone": None,
    }
    same = finding.c.id == row.number
    always = {"last_seen": _now, "revision": finding.c.revision + 1}
    # Nobody else writes findings meanwhile, so the ones with higher numbers are those that were just opened.
    opened = finding.c.id > bindparam("newest", type_=BigInteger())
    return (
        *(
            (condition, _event(kind, row.number, row.revision + 1, differing, severity, detail, condition))
            for kind, condition, severity, detail in events
        ),
        (_absent, update(finding).where(same, _absent).values(gone=_now, **always)),
        (_both, update(finding).where(same, _both).values(**changed, **always)),
        (_new, _open_new()),
        (
            _new,
            _event("added", finding.c.id, finding.c.revision, finding, finding.c.severity, finding.c.fixed, opened),
        ),
    )


def _event(  # noqa: PLR0913, PLR0917  as many as it has columns
    kind: str,
    number: ColumnElement[int],
    revision: ColumnElement[int],
    of: Table,
    severity: ColumnElement[int],
    detail: ColumnElement[str],
    condition: ColumnElement[bool],
) -> Executable:
    """The statement that writes an event for each row of a table that meets a condition."""
    query = select(
        literal(f"{kind}:") + cast(number, Text) + literal(":") + cast(revision, Text),
        literal(kind),
        _now,
        of.c.repository_id,
        of.c.rule,
        touched.c.thing if of is differing else of.c.thing,
        severity,
        detail,
        bindparam("cause", type_=Text()),
    ).where(condition)
    if of is differing:
        query = query.select_from(_named).order_by(*_order)
    names = ["uid", "kind", "at", "repository_id", "rule", "thing", "severity", "detail", "cause"]
    return insert(event).from_select(names, query)


def _word(severity: ColumnElement[int]) -> ColumnElement[str]:
    return case(_WORDS, value=severity, else_="")


def _open_new() -> Executable:
    """The statement that opens findings."""
    row = differing.c
    names = [*_IDENTITY, "severity", "fixed", "exploited", "first_seen", "last_seen", "revision"]
    identity = (row.repository_id, row.rule, touched.c.thing)
    new = (
        select(*identity, row.severity, row.fixed, row.exploited == 1, _now, _now, literal(1))
        .select_from(_named)
        .where(_new)
        .order_by(*_order)
    )
    return insert(finding).from_select(names, new)


def recount(connection: Connection, repositories: Iterable[int], now: float) -> None:
    """Count the open findings of repositories that nothing acknowledges today."""
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    none = dict.fromkeys(_COUNTS, 0)
    updates: list[dict[str, Any]] = []
    for some in chunks(list(repositories)):
        rows = connection.execute(_count(), {"some": some, "today": today}).mappings()
        counted = {row["repository_id"]: row for row in rows}
        updates += [
            {"number": number, **{name: counted.get(number, none)[name] for name in _COUNTS}} for number in some
        ]
    if updates:
        connection.execute(update(repository).where(repository.c.id == bindparam("number")), updates)


@cache
def _count() -> Executable:
    """The statement that counts."""
    accepted = exists().where(
        acknowledgement.c.rule == finding.c.rule,
        or_(acknowledgement.c.thing == "", acknowledgement.c.thing == finding.c.thing),
        or_(acknowledgement.c.repository_id.is_(None), acknowledgement.c.repository_id == finding.c.repository_id),
        or_(acknowledgement.c.until == "", acknowledgement.c.until >= bindparam("today", type_=Text())),
    )
    sums = [func.sum(case((condition, 1), else_=0)).label(name) for name, condition in _COUNTS.items()]
    return (
        select(finding.c.repository_id, *sums)
        .where(finding.c.repository_id.in_(bindparam("some", expanding=True)), finding.c.gone.is_(None), ~accepted)
        .group_by(finding.c.repository_id)
    )
