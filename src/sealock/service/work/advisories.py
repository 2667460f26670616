"""The advisory database as workers use it: opened once, and again when it was replaced."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from msgspec import Struct
from sqlalchemy import Connection, delete, select

from sealock.errors import DatabaseError, SealockError
from sealock.net.http import HttpTransport
from sealock.net.registry.client import Registry
from sealock.net.registry.names import reference
from sealock.rules.endofsupport import SupportDays, SupportRecord
from sealock.service.state.contents import generation
from sealock.service.state.database import Database
from sealock.service.state.matchagain import MatchedAgain, match_again
from sealock.service.state.rows import put
from sealock.service.state.tables import feed
from sealock.vulnerabilities.claim import AdvisoryLookup, NoAdvisories
from sealock.vulnerabilities.database.artifact import pull
from sealock.vulnerabilities.database.location import NAME
from sealock.vulnerabilities.database.seal import opened, stamped
from sealock.vulnerabilities.database.sources import FeedSource, SourceFolder, Web
from sealock.vulnerabilities.database.update import update
from sealock.vulnerabilities.feeds.catalog import FEEDS
from sealock.vulnerabilities.store import AdvisoryStore

NONE: Final = "none"
"""Stands for the advisories where there is no database yet."""


class AdvisorySource(Struct, frozen=True):
    """Where advisories come from: the publishers, a mirror (a directory or an address), or a registry's artifact.

    An artifact should be named by its digest: whoever writes the advisories decides what is vulnerable.
    """

    kind: Literal["publishers", "mirror", "artifact"] = "publishers"
    place: str = ""


class Advisories:
    """The advisory database of a directory."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._path = f"{directory}/{NAME}"
        self._store: AdvisoryStore | None = None
        self._generation = ""

    def current(self) -> tuple[str, AdvisoryLookup]:
        """The newest advisories and their digest; none where there is no database that can be used."""
        digest = stamped(self._path) or NONE
        if digest != self._generation or (self._store is None and digest != NONE):
            self.close()
            try:
                self._store = opened(self._path) if digest != NONE else None
            except DatabaseError:
                digest = NONE
            self._generation = digest
        return self._generation, self._store or NoAdvisories()

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def feeds(self) -> AdvisoryStore | None:
        """The open database, None without one."""
        self.current()
        return self._store

    def support(self) -> SupportDays:
        """Until when versions get fixes: what sealock knows, and what was fetched since."""
        store = self.feeds()
        state = store.feeds().get("endoflife") if store is not None else None
        if store is None or state is None:
            return SupportDays()
        record = SupportRecord(datetime.fromtimestamp(state.checked, UTC).date().isoformat(), store.ended)
        return SupportDays(lambda: record)


def is_matched(database: Database, advisories: Advisories) -> bool:
    """Whether the state's packages are matched with the newest advisories.

    Where the database is gone that they were matched with, nothing is newer: what it said still holds.
    """
    digest = advisories.current()[0]
    with database.read() as connection:
        before = generation(connection)
    return before == digest or (digest == NONE and before != "")


def match_newest(database: Database, advisories: Advisories, now: float) -> MatchedAgain:
    """Match the state's packages with the newest advisories."""
    digest, lookup = advisories.current()
    lost = digest == NONE and is_matched(database, advisories)
    result = MatchedAgain() if lost else match_again(database, lookup, digest, now)
    with database.write() as connection:
        _record(connection, advisories.feeds(), _failures(connection))
    return result


def update_advisories(
    database: Database, advisories: Advisories, source: AdvisorySource, registry: Registry, now: float
) -> bool:
    """Fetch the newest advisories and match with them; whether all sources answered.

    What fails is recorded with each feed, and the old advisories stay.
    """
    try:
        failures = _fetch(advisories, source, registry)
    except SealockError as error:
        # No source was asked: why each failed before still holds.
        with database.read() as connection:
            failures = _failures(connection) | {"": str(error)}
    match_newest(database, advisories, now)
    with database.write() as connection:
        _record(connection, advisories.feeds(), failures)
    return not failures


def _failures(connection: Connection) -> dict[str, str]:
    """Why the last update of sources failed, by their names: that is known until they answer."""
    query = select(feed.c.name, feed.c.error).where(feed.c.error != "")
    return {row.name: row.error for row in connection.execute(query)}


def _fetch(advisories: Advisories, source: AdvisorySource, registry: Registry) -> dict[str, str]:
    if source.kind == "artifact":
        pull(registry, reference(source.place), advisories.directory)
        return {}
    store = advisories.feeds()
    known: Sequence[str] = tuple(store.feeds()) if store else ()
    mirrored = source.kind == "mirror"
    feeds = [entry for entry in FEEDS.values() if mirrored or entry.standard or entry.name in known]
    outcomes = update(advisories.directory, _source(source), feeds)
    return {outcome.feed: outcome.why for outcome in outcomes if outcome.result == "failed"}


def _source(source: AdvisorySource) -> FeedSource:
    if source.kind == "mirror" and "://" not in source.place:
        return SourceFolder(source.place)
    return Web(HttpTransport(), source.place)


def _record(connection: Connection, store: AdvisoryStore | None, failures: dict[str, str]) -> None:
    """Record how old each feed is, and why the last update of it failed."""
    states = store.feeds() if store else {}
    rows = [
        {
            "name": name,
            "title": state.title,
            "date": state.date,
            "fetched": float(state.fetched),
            "checked": float(state.checked),
            "error": failures.get(name, ""),
        }
        for name, state in states.items()
    ]
    rows += [
        {"name": name, "title": "", "date": "", "fetched": None, "checked": None, "error": why}
        for name, why in failures.items()
        if name not in states
    ]
    connection.execute(delete(feed))
    put(connection, feed, rows)
