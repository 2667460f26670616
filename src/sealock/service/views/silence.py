"""Why the service is silent: what is late or failed, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Select, and_, func, or_, select

from sealock.service.access.tokens import Scope
from sealock.service.state.moments import ClockJump, is_recent, last_jump
from sealock.service.state.tables import event, feed, parked, repository, scan
from sealock.service.state.tables.access import message, webhook
from sealock.service.views.common import within
from sealock.service.views.hosts import list_hosts
from sealock.service.views.nouns import FeedRow, RepositoryRow, ScanRow, SilenceView
from sealock.service.views.repositories import repository_row
from sealock.text import count, is_or_are

DAY: Final = 86400
_MOST: Final = 50
_FEED_DAYS: Final = 2
"""After so many days without an answer of its source, advisories are old."""
_JUMP_DAYS: Final = 7
_GONE_DAYS: Final = 7
"""For so many days a deleted repository is news, and an image that its registry does not know."""


def read_silence(connection: Connection, scope: Scope, now: float) -> SilenceView:
    """The state of everything that could have failed without a word."""
    counted = select(scan.c.state, func.count()).join_from(scan, repository).where(within(scope))
    states = number_by_name(connection, counted.group_by(scan.c.state))
    everything = scope.is_everything
    view = SilenceView(
        feeds=list_feeds(connection),
        scans=_scans(connection, scope, now),
        waiting=states.get("waiting", 0),
        failed=states.get("failed", 0),
        polls=_polls(connection, scope),
        hosts=tuple(
            entry
            for entry in list_hosts(connection, scope, limit=500).items
            if not is_recent(entry.last_seen, now, DAY)
        ),
        dead=_number(connection, select(func.count()).where(message.c.state == "dead")) if everything else 0,
        stopped=_stopped(connection) if everything else (),
        last_event=_last_event(connection, scope),
        last_scan=connection.execute(
            select(func.max(scan.c.finished)).join_from(scan, repository).where(within(scope))
        ).scalar(),
        gone=_gone(connection, scope),
    )
    disabled = _number(connection, select(func.count()).where(webhook.c.disabled != "")) if everything else 0
    failing = _number(connection, _failing()) if everything else 0
    return SilenceView(
        **{name: getattr(view, name) for name in SilenceView.__struct_fields__ if name != "sentences"},
        sentences=(*_sentences(view, disabled, failing, now), *_about_time(last_jump(connection), now)),
    )


def _last_event(connection: Connection, scope: Scope) -> float | None:
    source = event.outerjoin(repository, repository.c.id == event.c.repository_id)
    newest = select(event.c.at).select_from(source).where(within(scope)).order_by(event.c.id.desc()).limit(1)
    return connection.execute(newest).scalar()


def list_feeds(connection: Connection) -> tuple[FeedRow, ...]:
    """The sources of advisories."""
    query = select(feed).order_by(feed.c.name)
    return tuple(
        FeedRow(row.name, row.title, row.date, row.fetched, row.checked, row.error) for row in connection.execute(query)
    )


def number_by_name(connection: Connection, query: Select[Any]) -> dict[str, int]:
    """The rows of a query with two columns, a name and a number."""
    return {row[0]: row[1] for row in connection.execute(query)}


def _number(connection: Connection, query: Any) -> int:  # noqa: ANN401  a select
    return connection.execute(query).scalar() or 0


def _scans(connection: Connection, scope: Scope, now: float) -> tuple[ScanRow, ...]:
    """Scans that wait or failed, and lately submitted images that their registries do not know."""
    unknown = and_(scan.c.state == "gone", is_recent(scan.c.requested, now, _GONE_DAYS * DAY))
    query = (
        select(scan, repository.c.name.label("repository"))
        .join_from(scan, repository)
        .where(or_(scan.c.state.in_(("failed", "waiting")), unknown), within(scope))
        .order_by(scan.c.state, scan.c.requested.desc())
        .limit(_MOST)
    )
    return tuple(
        ScanRow(row.repository, row.tag, row.digest, row.state, row.reason, row.tries, row.requested)
        for row in connection.execute(query)
    )


def _polls(connection: Connection, scope: Scope) -> tuple[RepositoryRow, ...]:
    query = (
        select(repository)
        .where(repository.c.watched, within(scope))
        .order_by((repository.c.poll_error == ""), repository.c.polled)
        .limit(_MOST)
    )
    return tuple(repository_row(row) for row in connection.execute(query))


def _gone(connection: Connection, scope: Scope) -> tuple[RepositoryRow, ...]:
    deleted = (repository.c.gone.is_not(None), repository.c.successor == "", within(scope))
    query = select(repository).where(*deleted).order_by(repository.c.gone.desc(), repository.c.id).limit(_MOST)
    return tuple(repository_row(row) for row in connection.execute(query))


def _stopped(connection: Connection) -> tuple[tuple[str, str, str], ...]:
    query = select(parked).order_by(parked.c.at.desc()).limit(_MOST)
    return tuple((row.kind, row.key, row.reason) for row in connection.execute(query))


def _failing() -> Select[Any]:
    """The number of webhooks whose messages wait after a try that failed."""
    waits = and_(message.c.state == "waiting", message.c.error != "", webhook.c.disabled == "")
    return select(func.count(message.c.webhook_id.distinct())).join_from(message, webhook).where(waits)


def _sentences(view: SilenceView, disabled: int, failing: int, now: float) -> Iterator[str]:
    """What is wrong, most important first."""
    if not view.feeds:
        yield (
            "There are no advisories, so nothing new can be matched, and what was found stays as it was: sealock"
            " fetches them now."
        )
    old = [entry for entry in view.feeds if not is_recent(entry.checked or entry.fetched or 0, now, _FEED_DAYS * DAY)]
    if old:
        yield (
            f"{count(len(old), 'source')} of advisories did not answer for {_FEED_DAYS} days or more: what became known"
            " since is missing. The table says why."
        )
    elif broken := [entry for entry in view.feeds if entry.error]:
        yield f"The last update of {count(len(broken), 'source')} of advisories failed; sealock tries again by itself."
    if view.failed:
        yield f"{count(view.failed, 'scan')} failed: each says why, and what to do."
    if view.stopped:
        yield (
            f"{count(len(view.stopped), 'job')} ended the worker or failed too often. A scan runs again when its image"
            " is submitted again; other jobs run again by themselves, after an hour or more."
        )
    silent = [entry for entry in view.polls if entry.poll_error]
    if silent:
        yield f"{count(len(silent), 'watched repository', 'watched repositories')} could not be asked for new tags."
    if new := [entry for entry in view.gone if is_recent(entry.gone or 0, now, _GONE_DAYS * DAY)]:
        yield (
            f"{count(len(new), 'repository', 'repositories')} {'was' if len(new) == 1 else 'were'} deleted in the last"
            f" {_GONE_DAYS} days, from which nothing new comes. If one has another name now, give it that name."
        )
    if view.hosts:
        yield f"{count(len(view.hosts), 'host')} did not report for a day: what runs there may have changed."
    if failing:
        yield (
            f"The last try of {count(failing, 'webhook')} failed: messages wait, and are tried again for three days."
            " Administration says why."
        )
    if view.dead:
        were = "was" if view.dead == 1 else "were"
        yield f"{count(view.dead, 'message')} to webhooks {were} given up: send them again in Administration."
    if disabled:
        yield f"{count(disabled, 'webhook')} {is_or_are(disabled)} disabled and sent nothing."


def _about_time(jump: ClockJump | None, now: float) -> Iterator[str]:
    if jump is not None and is_recent(jump.at, now, _JUMP_DAYS * DAY):
        hours = abs(jump.seconds) / 3600
        span = count(round(hours / 24), "day") if hours >= 48 else f"{hours:.1f} h"
        yield (
            f"The clock of a worker's machine was set {'ahead' if jump.seconds > 0 else 'back'} by {span}: ages and"
            " days since then, or before, are wrong by as much. What waits goes on, and retention removes what two days"
            " would."
        )
