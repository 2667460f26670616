"""What the queries of all views share: scopes as conditions, cursors, severities as words."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import ColumnElement, func, or_, select, true

from sealock.errors import UsageError
from sealock.model.severity import Severity
from sealock.service.access.tokens import Scope
from sealock.service.state.tables import repository, repository_image
from sealock.service.views.nouns import Counts, ListPage, SeverityWord

MOST_ROWS: Final = 500
"""Rows of a page of the API."""
_MOST_CURSOR: Final = 4000
_WORDS: Final[dict[int, SeverityWord]] = {1: "info", 2: "low", 3: "medium", 4: "high", 5: "critical"}
Row = TypeVar("Row")


def word(severity: int | None) -> SeverityWord:
    """The word for a stored severity."""
    return _WORDS.get(severity or 0, "")


def severity_of(text: str) -> int:
    """The stored severity of a word; UsageError for another."""
    for number, name in _WORDS.items():
        if name == text:
            return number
    message = f"{text[:40]!r} is no severity: write {', '.join(member.word for member in Severity)}"
    raise UsageError(message)


def within(scope: Scope, name: ColumnElement[str] = repository.c.name) -> ColumnElement[bool]:
    """The condition that a repository's name is in a scope, exactly as `Scope.covers` decides."""
    if scope.is_everything:
        return true()
    return or_(name.in_(scope.exact), *(func.substr(name, 1, len(prefix)) == prefix for prefix in scope.prefixes))


def image_within(scope: Scope, image: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition that an image is in a repository of the scope."""
    if scope.is_everything:
        return true()
    inside = (
        select(repository_image.c.image_id)
        .join(repository, repository.c.id == repository_image.c.repository_id)
        .where(repository_image.c.image_id == image, within(scope))
    )
    return inside.exists()


def counts_of(row: Any) -> Counts:  # noqa: ANN401  a row of any query with these columns
    """The counts of a repository's row, or of sums with the same names."""
    return Counts(*(getattr(row, name) or 0 for name in Counts.__struct_fields__))


def cursor(*values: object) -> str:
    """The cursor behind a row with these sort values."""
    return urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def behind(text: str, *kinds: type) -> tuple[Any, ...]:
    """The sort values of a cursor; UsageError for what is none."""
    try:
        cut = text[:_MOST_CURSOR]
        padded = urlsafe_b64decode(cut + "=" * (-len(cut) % 4))
        values: tuple[Any, ...] = msgspec.json.decode(padded, type=tuple[kinds])  # type: ignore[valid-type]
    except ValueError:
        values = ()
    if not values or not all(map(_can_be_stored, values)):
        message = "the cursor is not one that this list gave: leave it out to start again"
        raise UsageError(message)
    return values


def _can_be_stored(value: object) -> bool:
    """Whether both databases can compare a value with one of theirs."""
    return "\0" not in value if isinstance(value, str) else not isinstance(value, int) or abs(value) < 1 << 63


def page(rows: Sequence[Any], limit: int, noun: Callable[[Any], Row], place: Callable[[Any], str]) -> ListPage[Row]:
    """The page of `limit` rows out of one more than that, if there are so many."""
    more = len(rows) > limit
    return ListPage(tuple(noun(row) for row in rows[:limit]), place(rows[limit - 1]) if more else "")
