"""Repositories with their counts, and what their tags name and named."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select, true, tuple_

from sealock.service.access.tokens import Scope
from sealock.service.state.tables import image, repository, tag
from sealock.service.views.common import behind, counts_of, cursor, page, within
from sealock.service.views.nouns import ListPage, RepositoryRow, TagRow

_TAG = (
    repository.c.name.label("repository"),
    tag.c.id,
    tag.c.name,
    tag.c.digest,
    tag.c.first_seen,
    tag.c.last_seen,
    tag.c.until,
    tag.c.signed,
    image.c.digest.label("image"),
)


def repository_row(row: Any) -> RepositoryRow:  # noqa: ANN401  a row of the table
    """The noun of a row."""
    return RepositoryRow(
        row.name, counts_of(row), row.first_seen, row.watched, row.polled, row.poll_error, row.gone, row.successor
    )


def list_repositories(
    connection: Connection, scope: Scope, *, words: str = "", after: str = "", limit: int = 100
) -> ListPage[RepositoryRow]:
    """Repositories, those with the gravest findings first; `words` must all be in the name."""
    columns = repository.c
    order = (columns.exploited, columns.critical, columns.high, columns.medium, columns.id)
    # What a renamed one was called before is no repository of its own.
    query = select(repository).where(within(scope), columns.successor == "", *contains(columns.name, words))
    if after:
        query = query.where(tuple_(*order) < tuple_(*behind(after, int, int, int, int, int)))
    rows = connection.execute(query.order_by(*(column.desc() for column in order)).limit(limit + 1)).all()
    return page(
        rows,
        limit,
        repository_row,
        lambda row: cursor(row.exploited, row.critical, row.high, row.medium, row.id),
    )


def find_repository(connection: Connection, scope: Scope, name: str) -> RepositoryRow | None:
    """One repository; None where it does not exist in the scope."""
    row = connection.execute(select(repository).where(repository.c.name == name, within(scope))).first()
    return repository_row(row) if row is not None else None


def list_tags(  # noqa: PLR0913  a list has as many filters
    connection: Connection,
    scope: Scope,
    *,
    of: str = "",
    name: str = "",
    history: bool = False,
    words: str = "",
    after: str = "",
    limit: int = 100,
) -> ListPage[TagRow]:
    """Tags, newest first; `history` includes what they named before."""
    source = tag.join(repository).outerjoin(image, image.c.id == tag.c.image_id)
    query = select(*_TAG).select_from(source).where(within(scope))
    conditions: list[ColumnElement[bool]] = [
        repository.c.name == of if of else true(),
        tag.c.name == name if name else true(),
        true() if history else tag.c.until.is_(None),
        *(or_(*contains(repository.c.name, text), *contains(tag.c.name, text)) for text in words.split()[:8]),
    ]
    if after:
        at, row_id = behind(after, float, int)
        conditions.append(or_(tag.c.first_seen < at, and_(tag.c.first_seen == at, tag.c.id < row_id)))
    order = (tag.c.first_seen.desc(), tag.c.id.desc())
    rows = connection.execute(query.where(*conditions).order_by(*order).limit(limit + 1)).all()
    return page(rows, limit, _tag_row, lambda row: cursor(row.first_seen, row.id))


def first_seen(connection: Connection, scope: Scope, digest: str) -> float | None:
    """When a digest was first seen under a tag by this service; None where it never was."""
    query = select(tag.c.first_seen).join(repository).where(within(scope), tag.c.digest == digest)
    found: float | None = connection.execute(query.order_by(tag.c.first_seen).limit(1)).scalar()
    return found


def contains(column: ColumnElement[str], words: str) -> list[ColumnElement[bool]]:
    """The conditions that a column contains each of the words, whatever their case; signs mean themselves."""
    return [column.icontains(text, autoescape=True) for text in words.split()[:8]]


def _tag_row(row: Any) -> TagRow:  # noqa: ANN401  a row of _TAG
    return TagRow(
        row.repository, row.name, row.digest, row.first_seen, row.last_seen, row.until, row.image or "", row.signed
    )
