"""Brings the database up to date: only what has changed is read anew, and the file is replaced whole or not at all."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from sealock.errors import DatabaseError, TransportError
from sealock.vulnerabilities.builder import DatabaseContent, build
from sealock.vulnerabilities.collector import CollectedFeed, FeedCollector
from sealock.vulnerabilities.database.location import NAME, cannot, put, writing
from sealock.vulnerabilities.database.seal import ForeignError, opened, seal, unseal
from sealock.vulnerabilities.database.sources import FeedSource, Got, Same
from sealock.vulnerabilities.feeds.catalog import Feed, read
from sealock.vulnerabilities.feeds.feed import Damaged
from sealock.vulnerabilities.records import FeedState, FileState, encode
from sealock.vulnerabilities.store import AdvisoryStore

_FUTURE: Final = 86_400
"""Seconds that a publisher's clock may be ahead."""


class UpdateOutcome(Struct, frozen=True):
    """What became of one feed. `why` says more of "failed"."""

    feed: str
    what: Literal["updated", "unchanged", "absent", "failed"]
    why: str = ""
    state: FeedState | None = None


class _Fresh(Struct):
    """What the source gave for one feed."""

    outcome: UpdateOutcome
    gathered: CollectedFeed | None = None


def update(
    folder: str,
    source: FeedSource,
    feeds: Sequence[Feed],
    tell: Callable[[str], None] = lambda _text: None,
    now: Callable[[], float] = time.time,
) -> tuple[UpdateOutcome, ...]:
    """Update some feeds, keep the others as they are, and say what became of each.

    A feed that cannot be had, or read, stays as it was; its outcome says why. `tell` hears what is being done.
    """
    path = os.path.join(folder, NAME)
    with writing(folder, lambda: tell("another update, which is waited for")) as incoming:
        store, states = _former(path)
        try:
            fresh: list[_Fresh] = []
            for feed in feeds:
                tell(feed.title)
                fresh.append(_fetched(feed, source, states.get(feed.name), incoming, int(now())))
            changed = {one.outcome.feed: one.gathered for one in fresh if one.gathered is not None}
            newer = {one.outcome.feed: one.outcome.state for one in fresh if one.outcome.state is not None}
            if not newer:
                return tuple(one.outcome for one in fresh)
            new = os.path.join(incoming, NAME)
            try:
                if changed or store is None:
                    tell("writing the database")
                    kept = store.extract(set(states) - set(changed)) if store is not None else {}
                    build(new, DatabaseContent({**states, **newer}, {**kept, **changed}))
                else:
                    _mark(path, new, newer)
                seal(new)
            except (OSError, sqlite3.Error) as error:
                raise DatabaseError(_unwritten(folder, error)) from None
            put(new, folder)
        finally:
            if store is not None:
                store.close()
    return tuple(one.outcome for one in fresh)


def _former(path: str) -> tuple[AdvisoryStore | None, dict[str, FeedState]]:
    """What there was before; nothing where it is damaged or of an older version, so that it is built anew."""
    try:
        store = opened(path)
        return store, store.feeds()
    except ForeignError:
        raise
    except DatabaseError:
        return None, {}


def _unwritten(folder: str, error: OSError | sqlite3.Error) -> str:
    if isinstance(error, OSError):
        return cannot(folder, error)
    return f"{folder} cannot be written ({error}); is its disk full?"


def _fetched(feed: Feed, source: FeedSource, former: FeedState | None, incoming: str, now: int) -> _Fresh:
    try:
        return _read(feed, source, former, incoming, now)
    except (Damaged, TransportError) as error:
        return _Fresh(UpdateOutcome(feed.name, "failed", str(error)))
    except OSError as error:
        return _Fresh(UpdateOutcome(feed.name, "failed", f"it could not be kept: {error.strerror or error}"))


def _read(feed: Feed, source: FeedSource, former: FeedState | None, incoming: str, now: int) -> _Fresh:
    """Read a feed, unless all of its files are as they were."""
    before: Mapping[str, FileState] = {}
    if former is not None and len(former.files) == len(feed.files):
        before = {file.path: state for file, state in zip(feed.files, former.files, strict=True)}
    gatherer = FeedCollector(feed.name, _rfc3339(now + _FUTURE))
    states: list[FileState] = []
    waiting = []
    absent = 0
    changed = False
    for file in feed.files:
        found = source.fetch(file, before.get(file.path), incoming)
        if isinstance(found, Same):
            states.append(found.state)
            waiting.append(file)
        elif isinstance(found, Got):
            changed = True
            states.append(found.state)
            with found.stream as stream:
                gatherer.take(read(feed, file, stream, found.size))
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
        # One of several has changed: the feed is read as a whole.
        found = source.fetch(file, None, incoming)
        if not isinstance(found, Got):
            msg = f"{file.path} went away while it was read"
            raise Damaged(msg)
        states[feed.files.index(file)] = found.state
        with found.stream as stream:
            gatherer.take(read(feed, file, stream, found.size))
    gathered = gatherer.found
    if not gathered.count:
        raise Damaged(_nothing(gathered))
    state = FeedState(
        feed.name,
        feed.title,
        fetched=now,
        checked=now,
        date=gathered.date,
        files=tuple(states),
        records=gathered.count,
        withdrawn=gathered.withdrawn,
        broken=gathered.broken,
        unreadable=gathered.unreadable,
        examples=tuple(gathered.examples),
    )
    return _Fresh(UpdateOutcome(feed.name, "updated", state=state), gathered)


def _absent(feed: Feed, source: FeedSource) -> UpdateOutcome:
    if source.complete and not feed.partial:
        return UpdateOutcome(feed.name, "failed", "its publisher no longer has it where it was")
    return UpdateOutcome(feed.name, "absent")


def _nothing(gathered: CollectedFeed) -> str:
    if gathered.broken:
        return f"none of its {gathered.broken} records can be read; {gathered.examples[0]}"
    return "it holds no record at all"


def _mark(path: str, new: str, newer: Mapping[str, FeedState]) -> None:
    """Copy the database, and note there that its data was looked at again."""
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
