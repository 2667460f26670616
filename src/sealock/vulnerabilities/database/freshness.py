"""Opens the database for a check: fetches missing feeds, and reports old ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from sealock.errors import DatabaseError
from sealock.net.transport import Transport
from sealock.vulnerabilities.database.location import NAME, database_directory
from sealock.vulnerabilities.database.seal import NoDatabaseError, OlderError, opened
from sealock.vulnerabilities.database.sources import Web
from sealock.vulnerabilities.feeds.catalog import FEEDS, Feed, needed
from sealock.vulnerabilities.records import FeedState
from sealock.vulnerabilities.store import AdvisoryStore

DAY: Final = 86_400
UNCHECKED: Final = 7 * DAY
"""Seconds after which the source probably has new data."""
STALE: Final = 60 * DAY
"""Seconds since a feed's newest record after which its publisher, or the mirror, seems to have stopped."""


_UNCOVERED: Final = "no feed covers these packages"


class Ready(Struct, frozen=True):
    """An open database, with notes on feeds that are old or could not be fetched."""

    store: AdvisoryStore
    notes: tuple[str, ...] = ()


def ready(
    ecosystems: Sequence[tuple[str, ...]],
    transport: Callable[[], Transport] | None,
    progress: Callable[[str], None] = lambda _text: None,
    where: str = "",
    now: Callable[[], float] = time.time,
) -> Ready:
    """Open the database, and fetch the feeds that it lacks for these ecosystems.

    Each of `ecosystems` is a tuple of spellings of one ("Ubuntu:22.04:LTS", "Ubuntu:22.04"); without `transport`
    nothing is fetched. `progress` receives the feed being fetched. DatabaseError where there is no database and none
    can be fetched, or where it is damaged or of a newer version; where only some feeds cannot be fetched, `notes` says
    so and the store does not cover their ecosystems.
    """
    where = where or database_directory()
    path = os.path.join(where, NAME)
    store: AdvisoryStore | None = None
    try:
        store = opened(path)
        missing = _missing(store.feeds(), ecosystems)
    except (NoDatabaseError, OlderError):
        missing = _missing({}, ecosystems)
        if transport is None:
            raise
    if not missing or transport is None:
        if store is None:
            store = opened(path)
        return Ready(store, old(store.feeds(), ecosystems, now()))
    if store is not None:
        store.close()
    failed = _fetch(where, missing, transport(), progress, now)
    try:
        store = opened(path)
    except (NoDatabaseError, OlderError):
        msg = (
            "there is no advisory database, and none could be fetched; without a network, `sealock db update --from "
            f"DIRECTORY` and `sealock db pull REF` bring one ({'; '.join(failed) or _UNCOVERED})"
        )
        raise DatabaseError(msg) from None
    return Ready(store, (*failed, *old(store.feeds(), ecosystems, now())))


def _fetch(
    where: str, feeds: Sequence[Feed], transport: Transport, progress: Callable[[str], None], now: Callable[[], float]
) -> tuple[str, ...]:
    """Fetch feeds; give the failures."""
    from sealock.vulnerabilities.database.update import failures, update  # noqa: PLC0415  loads the feed readers

    outcomes = update(where, Web(transport), feeds, progress, now)
    return tuple(failures(outcomes))


def _missing(states: dict[str, FeedState], ecosystems: Iterable[tuple[str, ...]]) -> tuple[Feed, ...]:
    """The feeds to fetch: those for uncovered ecosystems, with the general scores and catalogues."""
    uncovered = [
        spellings[0]
        for spellings in ecosystems
        if not any(FEEDS[name].ecosystem and FEEDS[name].covers(spellings[0]) for name in states if name in FEEDS)
    ]
    feeds = needed(uncovered)
    return tuple(feed for feed in feeds if feed.name not in states) if any(feed.ecosystem for feed in feeds) else ()


def old(states: dict[str, FeedState], ecosystems: Iterable[tuple[str, ...]], now: float) -> tuple[str, ...]:
    """Name the old feeds of these ecosystems in one sentence, nothing where none is old."""
    names = {spellings[0] for spellings in ecosystems}
    aged = []
    for name, state in states.items():
        feed = FEEDS.get(name)
        if feed is None or not any(feed.covers(ecosystem) for ecosystem in names):
            continue
        if reason := age(state, now):
            aged.append((name, reason, _days(state, now)))
    if not aged:
        return ()
    (name, reason, _), *more = aged
    words = f"feed {name} is old: {reason}"
    if more:
        words = f"{len(aged)} feeds are old: {', '.join(f'{name} ({days} days)' for name, _, days in aged)}"
    return (f"{words}; `sealock db update` refreshes them",)


def age(state: FeedState, now: float) -> str:
    """Why a feed counts as old, "" where it does not."""
    unchecked = now - state.checked
    if unchecked > UNCHECKED:
        return f"last checked {unchecked // DAY:.0f} days ago"
    if state.date and (silent := now - _seconds(state.date)) > STALE:
        return f"its newest record is {silent // DAY:.0f} days old ({state.date[:10]})"
    return ""


def _days(state: FeedState, now: float) -> int:
    """Days since an old feed was checked, or since its newest record, whichever makes it old."""
    unchecked = now - state.checked
    return int(unchecked if unchecked > UNCHECKED else now - _seconds(state.date)) // DAY


def _seconds(date: str) -> float:
    return time.mktime(time.strptime(date[:10], "%Y-%m-%d")) - time.timezone
