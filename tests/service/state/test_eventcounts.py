"""The number of events is right after every step, whoever counts, writes and removes them meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, func, select

from sealock.service.state.database import Database
from sealock.service.state.eventcounts import _decode, _kept, count_events, keep_event_counts
from sealock.service.state.retention import Retention, tidy
from sealock.service.state.tables import event
from support.madedatabases import Table
from support.servicestate import deb, flaw, image_of, scan

APP = "registry.example/app"
DAY = 86_400.0
ADVISORIES = Table(flaw("CVE-2026-0001", "Debian:12", "openssl"), flaw("CVE-2026-0002", "Debian:12", "zlib"))


def add_events(database: Database, number: int) -> None:
    """Each time the tag moves, and the one package's finding gives way to the other's."""
    name = ("openssl", "zlib")[number % 2]
    made = image_of(f"{number}", deb(name, "1-1"), layers=(name,))
    scan(database, APP, "1", made, ADVISORIES, now=10.0 + number * DAY)


def check(database: Database) -> int:
    with database.read() as connection:
        query = select(event.c.kind, func.count()).group_by(event.c.kind)
        counted = {kind: number for kind, number in connection.execute(query)}  # noqa: C416  rows are no pairs
        assert count_events(connection) == counted
    return sum(counted.values())


def test_what_is_kept_and_what_came_since_are_all_events(database: Database) -> None:
    totals = [check(database)]
    for number in range(4):
        add_events(database, number)
        totals.append(check(database))
        if number % 2:
            keep_event_counts(database)
            assert check(database) == totals[-1]
    assert totals == [0, 1, 4, 7, 10]
    # The first two days' are removed, in the order of their days.
    assert tidy(database, Retention(events=1), 2.5 * DAY).events == 4
    assert check(database) == 6
    add_events(database, 4)
    assert check(database) == 9


def test_what_came_is_counted_once_it_is_more_than_who_asks_should_count(database: Database) -> None:
    kept = []
    for number in range(4):
        add_events(database, number)
        keep_event_counts(database, 5)
        with database.read() as connection:
            kept.append(_decode(_kept(connection)).upto)
        check(database)
    assert kept == [0, 0, 7, 7]


class InterruptedDatabase(Database):
    """A database in which others remove and write events after each look at it."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with super().read() as connection:
            yield connection
        other = Database(self.url.render_as_string(hide_password=False))
        assert tidy(other, Retention(events=1), 2.5 * DAY).events
        add_events(other, 3)
        other.close()


def test_who_counts_while_events_are_removed_keeps_nothing_that_is_wrong(database: Database) -> None:
    for number in range(3):
        add_events(database, number)
    keep_event_counts(database)
    interrupted = InterruptedDatabase(database.url.render_as_string(hide_password=False))
    keep_event_counts(interrupted)
    interrupted.close()
    left = check(database)
    keep_event_counts(database)
    assert check(database) == left > 0
