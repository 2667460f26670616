"""Updates the database: reads only changed feeds, and replaces the file atomically."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from sealock.errors import DatabaseError, TransportError, reason_of
from sealock.patterns import compile_lazily
from sealock.text import list_first
from sealock.vulnerabilities.builder import DatabaseContent, build
from sealock.vulnerabilities.collector import CollectedFeed, FeedCollector
from sealock.vulnerabilities.database.location import NAME, cannot, put, writing
from sealock.vulnerabilities.database.seal import ForeignError, opened, seal, unseal
from sealock.vulnerabilities.database.sources import FeedSource, Got, Same
from sealock.vulnerabilities.feeds.catalog import Feed
from sealock.vulnerabilities.feeds.feed import FeedError
from sealock.vulnerabilities.feeds.readers import read
from sealock.vulnerabilities.records import FeedState, FileState, encode
from sealock.vulnerabilities.store import AdvisoryStore

_FUTURE: Final = 86_400
"""Seconds that a publisher's clock may be ahead."""
_NAMED: Final = 6
"""Feeds that a sentence names."""
_SERVER: Final = compile_lazily(r"the name \S+ cannot")
"""What names one server in an error that many feeds have without a network."""


class UpdateOutcome(Struct, frozen=True):
    """The result for one feed. `why` explains "failed"."""

    feed: str
    result: Literal["updated", "unchanged", "absent", "failed"]
    why: str = ""
    state: FeedState | None = None


def failures(outcomes: Iterable[UpdateOutcome]) -> Iterator[str]:
    """Why feeds could not be fetched: one sentence for those with the same reason, whatever their addresses are."""
    reasons: dict[str, list[UpdateOutcome]] = {}
    for outcome in outcomes:
        if outcome.result == "failed":
            reason = outcome.why.rpartition(" could not be reached: ")[2]
            reasons.setdefault(_SERVER.sub("the names of their servers cannot", reason), []).append(outcome)
    for reason, failed in reasons.items():
        names = list_first([outcome.feed for outcome in failed], _NAMED)
        yield f"feed {names}: {failed[0].why}" if len(failed) == 1 else f"feeds {names}: {reason}"


class _Fresh(Struct):
    """An outcome, with the new data of a changed feed."""

    outcome: UpdateOutcome
    data: CollectedFeed | None = None


def update(
    directory: str,
    source: FeedSource,
    feeds: Sequence[Feed],
    progress: Callable[[str], None] = lambda _text: None,
    now: Callable[[], float] = time.time,
) -> tuple[UpdateOutcome, ...]:
    """Update the given feeds, and keep the others.

    A feed that cannot be fetched or read stays as it was, and its outcome says why. `progress` receives each step.
    """
    path = os.path.join(directory, NAME)
    with writing(directory, lambda: progress("waiting for another update")) as incoming:
        store, states = _former(path)
        try:
            fresh: list[_Fresh] = []
            for feed in feeds:
                progress(feed.title)
                fresh.append(_fetch(feed, source, states.get(feed.name), incoming, int(now())))
            outcomes = tuple(entry.outcome for entry in fresh)
            changed = {entry.outcome.feed: entry.data for entry in fresh if entry.data is not None}
            newer = {outcome.feed: outcome.state for outcome in outcomes if outcome.state is not None}
            if not newer:
                return outcomes
            new = os.path.join(incoming, NAME)
            try:
                if changed or store is None:
                    progress("writing the database")
                    kept = store.extract(set(states) - set(changed)) if store is not None else {}
                    build(new, DatabaseContent({**states, **newer}, {**kept, **changed}))
                else:
                    _copy_with_states(path, new, newer)
                seal(new)
            except (OSError, sqlite3.Error) as error:
                raise DatabaseError(_cannot_write(directory, error)) from None
            put(new, directory)
        finally:
            if store is not None:
                store.close()
    return outcomes


def _former(path: str) -> tuple[AdvisoryStore | None, dict[str, FeedState]]:
    """The current database; None where it is missing, damaged or older and gets rebuilt."""
    try:
        store = opened(path)
        return store, store.feeds()
    except ForeignError:
        raise
    except DatabaseError:
        return None, {}


def _cannot_write(directory: str, error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return cannot(directory, error)
    return f"{directory} cannot be written ({error}); is its disk full?"


def _fetch(feed: Feed, source: FeedSource, former: FeedState | None, incoming: str, now: int) -> _Fresh:
    try:
        return _read(feed, source, former, incoming, now)
    except (FeedError, TransportError) as error:
        return _Fresh(UpdateOutcome(feed.name, "failed", str(error)))
    except OSError as error:
        return _Fresh(UpdateOutcome(feed.name, "failed", f"it could not be saved: {reason_of(error)}"))


def _read(feed: Feed, source: FeedSource, former: FeedState | None, incoming: str, now: int) -> _Fresh:
    """Read a feed, unless all of its files are unchanged."""
    before: Mapping[str, FileState] = {}
    if former is not None and len(former.files) == len(feed.files):
        before = {file.path: state for file, state in zip(feed.files, former.files, strict=True)}
    collector = FeedCollector(feed.name, _rfc3339(now + _FUTURE))
    states: list[FileState] = []
    waiting = []
    absent = 0
    changed = False
    for file in feed.files:
        fetched = source.fetch(file, before.get(file.path), incoming)
        if isinstance(fetched, Same):
            states.append(fetched.state)
            waiting.append(file)
        elif isinstance(fetched, Got):
            changed = True
            states.append(fetched.state)
            with fetched.stream as stream:
                collector.take(read(feed, file, stream, fetched.size))
        else:
            absent += 1
            states.append(FileState(""))
            changed = changed or bool(before.get(file.path, FileState("")).url)
    if absent == len(feed.files) or (absent and not feed.partial):
        return _Fresh(_absent(feed, source))
    if not changed and former is not None:
        same = msgspec.structs.replace(former, checked=now, files=tuple(states))
        return _Fresh(UpdateOutcome(feed.name, "unchanged", state=same))
    for file in waiting:
        # Another file of the feed has changed: all of them are read.
        fetched = source.fetch(file, None, incoming)
        if not isinstance(fetched, Got):
            msg = f"{file.path} disappeared during the update"
            raise FeedError(msg)
        states[feed.files.index(file)] = fetched.state
        with fetched.stream as stream:
            collector.take(read(feed, file, stream, fetched.size))
    data = collector.feed_data
    if not data.count:
        raise FeedError(_no_records(data))
    state = FeedState(
        feed.name,
        feed.title,
        fetched=now,
        checked=now,
        date=data.date,
        files=tuple(states),
        records=data.count,
        withdrawn=data.withdrawn,
        broken=data.broken,
        unreadable=data.unreadable,
        examples=tuple(data.examples),
    )
    return _Fresh(UpdateOutcome(feed.name, "updated", state=state), data)


def _absent(feed: Feed, source: FeedSource) -> UpdateOutcome:
    if source.complete and not feed.partial:
        return UpdateOutcome(feed.name, "failed", "its publisher no longer has it at this address")
    return UpdateOutcome(feed.name, "absent")


def _no_records(data: CollectedFeed) -> str:
    if data.broken:
        return f"none of its {data.broken} records can be read; {data.examples[0]}"
    return "it has no records"


def _copy_with_states(path: str, new: str, newer: Mapping[str, FeedState]) -> None:
    """Copy the database with new states of its unchanged feeds."""
    shutil.copyfile(path, new)
    unseal(new)
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.executemany(
            "UPDATE feed SET data = ? WHERE name = ?", [(encode(state), name) for name, state in newer.items()]
        )
    finally:
        connection.close()


def _rfc3339(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
