"""Opens the database for a check: what it lacks for the image at hand is fetched, and what is old is told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from sealock.errors import DatabaseError
from sealock.net.transport import Transport
from sealock.vulnerabilities.database.location import NAME, folder
from sealock.vulnerabilities.database.seal import NoDatabaseError, OlderError, opened
from sealock.vulnerabilities.database.sources import Web
from sealock.vulnerabilities.feeds.catalog import FEEDS, Feed, needed
from sealock.vulnerabilities.records import FeedState
from sealock.vulnerabilities.store import AdvisoryStore

DAY: Final = 86_400
UNCHECKED: Final = 7 * DAY
"""Seconds after which the source may well have something new."""
STALE: Final = 60 * DAY
"""Seconds since a feed's newest record after which its publisher, or the mirror, seems to have stopped."""


class Ready(Struct, frozen=True):
    """An open database, and what there is to say of it: feeds that are old, or that could not be fetched."""

    store: AdvisoryStore
    notes: tuple[str, ...] = ()


def ready(
    ecosystems: Sequence[tuple[str, ...]],
    transport: Callable[[], Transport] | None,
    tell: Callable[[str], None] = lambda _text: None,
    where: str = "",
    now: Callable[[], float] = time.time,
) -> Ready:
    """Open the database, and fetch what it lacks to judge packages of these ecosystems.

    Each of `ecosystems` is a tuple of spellings of one ("Ubuntu:22.04:LTS", "Ubuntu:22.04"); without `transport`
    nothing is fetched. `tell` hears which feed is being fetched. DatabaseError where there is no database and none
    can be had, or where it is damaged or of a newer version; where only some feeds cannot be had, `notes` says so and
    the store does not cover their ecosystems.
    """
    where = where or folder()
    path = os.path.join(where, NAME)
    store: AdvisoryStore | None = None
    try:
        store = opened(path)
        lacking = _lacking(store.feeds(), ecosystems)
    except (NoDatabaseError, OlderError):
        lacking = _lacking({}, ecosystems)
        if transport is None:
            raise
    if not lacking or transport is None:
        if store is None:
            store = opened(path)
        return Ready(store, old(store.feeds(), ecosystems, now()))
    if store is not None:
        store.close()
    failed = _fetched(where, lacking, transport(), tell, now)
    try:
        store = opened(path)
    except (NoDatabaseError, OlderError):
        msg = f"no advisories could be fetched: {'; '.join(failed) or 'no feed is for these packages'}"
        raise DatabaseError(msg) from None
    return Ready(store, (*failed, *old(store.feeds(), ecosystems, now())))


def _fetched(
    where: str, feeds: Sequence[Feed], transport: Transport, tell: Callable[[str], None], now: Callable[[], float]
) -> tuple[str, ...]:
    """Fetch feeds; give what failed."""
    from sealock.vulnerabilities.database.update import update  # noqa: PLC0415  loads what reads feeds

    outcomes = update(where, Web(transport), feeds, tell, now)
    return tuple(f"feed {outcome.feed}: {outcome.why}" for outcome in outcomes if outcome.what == "failed")


def _lacking(states: dict[str, FeedState], ecosystems: Iterable[tuple[str, ...]]) -> tuple[Feed, ...]:
    """The feeds to fetch: those for ecosystems that none at hand tells of, with scores and the like along with them."""
    bare = [
        spellings[0]
        for spellings in ecosystems
        if not any(FEEDS[name].ecosystem and FEEDS[name].tells_of(spellings[0]) for name in states if name in FEEDS)
    ]
    known = [feed for feed in needed(bare) if feed.ecosystem]
    return tuple(feed for feed in needed(bare) if feed.name not in states) if known else ()


def old(states: dict[str, FeedState], ecosystems: Iterable[tuple[str, ...]], now: float) -> tuple[str, ...]:
    """Say in one sentence which feeds that these ecosystems are judged by are old, nothing where none is."""
    wanted = {spellings[0] for spellings in ecosystems}
    told = []
    for name, state in states.items():
        feed = FEEDS.get(name)
        if feed is None or not any(feed.tells_of(one) for one in wanted):
            continue
        if reason := age(state, now):
            told.append((name, reason, _days(state, now)))
    if not told:
        return ()
    (name, reason, _), *more = told
    words = f"feed {name} is old: {reason}"
    if more:
        words = f"{len(told)} feeds are old: {', '.join(f'{one} ({days} days)' for one, _, days in told)}"
    return (f"{words}; `sealock db update` brings what is new",)


def age(state: FeedState, now: float) -> str:
    """Why a feed counts as old, "" where it does not."""
    unchecked = now - state.checked
    if unchecked > UNCHECKED:
        return f"it was last looked at {unchecked // DAY:.0f} days ago"
    if state.date and (silent := now - _seconds(state.date)) > STALE:
        return f"its newest record is of {state.date[:10]}, {silent // DAY:.0f} days ago"
    return ""


def _days(state: FeedState, now: float) -> int:
    """How long ago an old feed was looked at, or had its newest record, whichever makes it old."""
    unchecked = now - state.checked
    return int(unchecked if unchecked > UNCHECKED else now - _seconds(state.date)) // DAY


def _seconds(date: str) -> float:
    return time.mktime(time.strptime(date[:10], "%Y-%m-%d")) - time.timezone
