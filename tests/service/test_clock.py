"""A clock that is set back or ahead by hours or years blocks nothing, drops nothing, and lets nothing happen twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from sealock.net.http import AddressGuard
from sealock.service.access.people import accept, invite, is_invitation, person_of
from sealock.service.access.tokens import Scope
from sealock.service.acknowledging import AcknowledgementRequest, acknowledge
from sealock.service.delivery.outbox import collect, failed, take
from sealock.service.delivery.webhooks import WebhookAddition, WebhookRequest, add_webhook
from sealock.service.state.database import Database
from sealock.service.state.layercache import LayerFactsStore, claim_layers
from sealock.service.state.moments import has_come, is_recent, machine_time
from sealock.service.state.retention import Retention, tidy
from sealock.service.state.tables import event, facts, finding, host, repository, setting
from sealock.service.views.silence import read_silence
from sealock.service.work.advisories import Advisories
from sealock.service.work.clockwatch import ClockWatch
from sealock.service.work.jobs import Job
from sealock.service.work.leases import LeasedJobs
from sealock.service.work.worker import TIDY, UPDATE, Worker
from support.madedatabases import Table
from support.servicepages import HOOKED, NOW, Clock, PlainBox
from support.servicestate import deb, flaw, image_of, scan
from support.serviceworld import QUICK, settings_for

HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0
JUMPS = (-5 * YEAR, -YEAR, -2 * HOUR)
APP = "registry.example/app"


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.mark.parametrize(
    ("at", "come", "recent"),
    [
        (-YEAR, True, False),
        (-HOUR, True, False),
        (-1, True, True),
        (0, True, True),
        (60, False, True),
        (600, False, False),
        (900, False, False),
        (HOUR, True, False),
        (YEAR, True, False),
    ],
)
def test_a_moment_lies_ahead_at_most_as_far_as_it_was_put(
    database: Database, at: float, *, come: bool, recent: bool
) -> None:
    """Ahead by up to 700 seconds, back by up to 1,000; five minutes more are the difference of two clocks."""
    moment = NOW + at
    assert has_come(moment, NOW, 700.0) is come
    assert is_recent(moment, NOW, 1000.0) is recent
    with database.write() as connection:
        connection.execute(insert(facts).values(name="a", data=b"", used=moment))
        for condition, wanted in ((has_come, come), (is_recent, recent)):
            query = select(func.count()).where(condition(facts.c.used, NOW, 700.0 if condition is has_come else 1000.0))
            assert bool(connection.execute(query).scalar()) is wanted


def test_leases_of_one_machine_go_by_its_even_time(database: Database) -> None:
    """Which begins again with the machine: what was put before that holds no longer than it may."""
    if database.is_postgresql:
        return  # its jobs are tested with the others
    clock = Clock(1_000_000.0)
    jobs, other = (LeasedJobs(database, QUICK, clock=clock) for _ in range(2))
    with database.write() as connection:
        jobs.put(connection, "count", "held")
        jobs.put(connection, "count", "later", 400.0)
    assert jobs.take() == Job("count", "held")
    assert other.take() is None
    clock.now = 10.0
    assert {other.take(), other.take()} == {Job("count", "held", 2), Job("count", "later")}
    assert other.counts().running == 2
    assert 0 < machine_time() <= machine_time()


def puts(worker: Worker, jobs: list[str]) -> list[str]:
    """The kinds of jobs that were put in since."""
    before = len(jobs)
    worker.put_due(Advisories("/nonexistent/advisories"))
    return jobs[before:]


@pytest.fixture
def worker(migrated: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Worker, list[str]]]:
    """A worker, and the kinds of the jobs that it puts in."""
    made = Worker(settings_for(migrated, update=6 * HOUR, poll=300.0), clock=clock)
    kinds: list[str] = []
    monkeypatch.setattr(made.jobs, "put", lambda _connection, kind, _key: kinds.append(kind))
    made.handle(Job("match", ""))
    yield made, kinds
    made.close()


def test_what_is_due_comes_after_each_jump_and_once(worker: tuple[Worker, list[str]], clock: Clock) -> None:
    made, kinds = worker
    with made.database.write() as connection:
        connection.execute(insert(repository).values(name=APP, first_seen=NOW, watched=True, polled=NOW))
    assert sorted(puts(made, kinds)) == [TIDY, UPDATE]
    for jump in (YEAR, -YEAR, -2 * YEAR, 3 * YEAR, -2 * HOUR):
        clock.now += jump
        assert sorted(puts(made, kinds)) == ["poll", TIDY, UPDATE], jump
        with made.database.write() as connection:
            connection.execute(repository.update().values(polled=clock()))
        assert puts(made, kinds) == []
    clock.now += 7 * HOUR
    assert sorted(puts(made, kinds)) == ["poll", UPDATE]


def test_people_hear_that_a_clock_was_set(worker: tuple[Worker, list[str]], clock: Clock) -> None:
    made, kinds = worker

    def sentences() -> list[str]:
        with made.database.read() as connection:
            view = read_silence(connection, Scope(), clock())
        return [sentence for sentence in view.sentences if "clock" in sentence]

    assert not sentences()
    clock.now -= 3 * HOUR
    puts(made, kinds)
    assert sentences()[0].startswith("The clock of a worker's machine was set back by 3.0 h")
    clock.now += 2 * YEAR
    puts(made, kinds)
    assert sentences()[0].startswith("The clock of a worker's machine was set ahead by 730 days")
    clock.now += 8 * DAY
    assert not sentences()


def test_a_clock_that_goes_evenly_does_not_jump() -> None:
    wall, even = Clock(NOW), Clock(5.0)
    watch = ClockWatch(wall, even)
    for seconds in (1.0, DAY):
        wall.now, even.now = wall.now + seconds + 0.5, even.now + seconds
        assert watch.jumped() == 0
    wall.now -= HOUR
    assert watch.jumped() == pytest.approx(-HOUR, abs=2)
    assert watch.jumped() == 0


@pytest.mark.parametrize("jump", JUMPS)
def test_no_claim_outlives_a_clock_that_goes_back(database: Database, jump: float) -> None:
    assert claim_layers(database, ["sha256:a"], "dead", NOW)
    assert not claim_layers(database, ["sha256:a"], "other", NOW + 1)
    assert claim_layers(database, ["sha256:a"], "other", NOW + jump)


def test_a_clock_ahead_removes_what_two_days_would_and_no_more(database: Database, clock: Clock) -> None:
    with database.write() as connection:
        connection.execute(insert(host).values(name="old", first_seen=1.0, last_seen=NOW - 89 * DAY, version="1"))
        connection.execute(insert(host).values(name="new", first_seen=1.0, last_seen=NOW - 80 * DAY, version="1"))
    store = LayerFactsStore(database, clock)
    store.write("facts-a", b"x")
    tidy(database, Retention(), NOW)
    result = tidy(database, Retention(), NOW + 5 * YEAR)
    assert (result.hosts, result.facts) == (1, 0)
    for now in (NOW + DAY, NOW + 2 * DAY):
        assert tidy(database, Retention(), now).hosts == 0
    assert tidy(database, Retention(), NOW - YEAR).facts == 0
    assert store.read("facts-a") == b"x"


def test_sessions_and_links_end_where_they_seem_to_be_of_the_future(database: Database) -> None:
    with database.write() as connection:
        first, second = (invite(connection, "admin", by, NOW) for by in ("", "ada"))
    session = accept(database, first, "ada", "correct horse battery", now=NOW)
    assert person_of(database, session, NOW + HOUR)
    for jump in (*JUMPS, 13 * HOUR, YEAR):
        assert person_of(database, session, NOW + jump) is None
    with database.read() as connection:
        assert is_invitation(connection, second, NOW + HOUR)
        for jump in (*JUMPS, YEAR):
            assert not is_invitation(connection, second, NOW + jump)
    # Nothing of it is for good: the clock comes back.
    assert person_of(database, session, NOW + HOUR)


def happen(database: Database, uid: str, at: float) -> None:
    with database.write() as connection:
        connection.execute(insert(event).values(uid=uid, kind="added", at=at, rule="CVE-1", severity=4))


@pytest.mark.parametrize("jump", JUMPS)
def test_messages_are_sent_again_at_the_latest_after_their_wait(database: Database, jump: float) -> None:
    with database.write() as connection:
        for asked in (
            WebhookRequest(name="hook", url="https://hooks.example/x"),
            WebhookRequest(name="daily", url="https://hooks.example/x", period="day"),
        ):
            add_webhook(connection, WebhookAddition(asked, PlainBox(), AddressGuard(), HOOKED, NOW))
    happen(database, "1", NOW)
    collect(database, NOW)
    message = take(database, NOW)
    assert message
    failed(database, message, "no", NOW)
    assert take(database, NOW) is None
    collect(database, NOW + jump)
    waiting = [take(database, NOW + jump) for _ in range(3)]
    # The one that failed, and the digest of a day that is over by any clock.
    assert [entry.uid == message.uid for entry in waiting if entry] == [True, False] or [
        entry.uid == message.uid for entry in waiting if entry
    ] == [False, True]
    assert waiting[2] is None
    # Each has its lease now, which no further jump makes longer.
    assert take(database, NOW + jump) is None
    assert take(database, NOW + jump - YEAR)


def recounted(database: Database, made: Worker, clock: Clock, at: float) -> tuple[int, list[str]]:
    """How many high findings count at a time, and which acknowledgements ended."""
    clock.now = at
    made.handle(Job(TIDY, ""))
    with database.read() as connection:
        ended = select(event.c.detail).where(event.c.kind == "acknowledgement-ended")
        return connection.execute(select(repository.c.high)).scalar_one(), list(connection.execute(ended).scalars())


def test_an_acknowledgement_ends_aloud_once_and_holds_again_where_the_clock_comes_back(
    worker: tuple[Worker, list[str]], clock: Clock
) -> None:
    made, _ = worker
    table = Table(flaw("CVE-1", "Debian:12", "openssl", fixed="3.0.15-1"))
    scan(made.database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), table, now=NOW)
    until = datetime.fromtimestamp(NOW + 10 * DAY, UTC).date().isoformat()
    with made.database.write() as connection:
        asked = AcknowledgementRequest("CVE-1", "keys are elsewhere", repository=APP, until=until)
        acknowledge(connection, asked, by=HOOKED, now=NOW)
        assert connection.execute(select(finding.c.gone)).scalar_one() is None
    said = f"until {until}: keys are elsewhere"
    for at, wanted in (
        (NOW, (0, [])),
        (NOW + 30 * DAY, (1, [said])),
        (NOW, (0, [said])),
        (NOW - YEAR, (0, [said])),
        (NOW + 12 * DAY, (1, [said])),
    ):
        assert recounted(made.database, made, clock, at) == wanted, at


@pytest.mark.parametrize(("last_seen", "silent"), [(NOW - HOUR, 0), (NOW - 2 * DAY, 1), (NOW + YEAR, 1)])
def test_a_host_of_the_future_is_silent_too(database: Database, last_seen: float, silent: int) -> None:
    with database.write() as connection:
        values: dict[str, Any] = {"name": "a", "first_seen": 1.0, "last_seen": last_seen, "version": "1"}
        connection.execute(insert(host).values(**values))
        connection.execute(setting.delete())
    with database.read() as connection:
        assert len(read_silence(connection, Scope(), NOW).hosts) == silent
