"""Both carriers of jobs pass the same tests of faults: workers, and the database, are killed in the middle."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select, text

from sealock.service.state.database import Database, migrate
from sealock.service.state.tables import parked, setting
from sealock.service.work.carriers import open_jobs
from sealock.service.work.jobs import Job, Jobs
from sealock.service.work.procrastination import ProcrastinateJobs
from support.jobworker import QUICK
from support.postgresql import PostgresServer, postgres_server, programs
from support.waiting import PATIENCE, wait_until

ROOT = Path(__file__).parents[3]


class Workers:
    """Worker processes. One that ends by a job is started again, as a supervisor does."""

    def __init__(self, url: str, lease: float) -> None:
        self.url, self.lease = url, lease
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, number: int = 1) -> None:
        path = os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))
        for _ in range(number):
            command = [sys.executable, "-m", "support.jobworker", self.url, str(self.lease)]
            process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=subprocess.PIPE)
            self.processes.append(process)
            # A signal that comes before its handler would end it without a word.
            assert process.stdout is not None
            with process.stdout as stream:
                assert stream.readline() == b"ready\n"

    def keep_up(self) -> None:
        for process in [process for process in self.processes if process.poll() is not None]:
            self.processes.remove(process)
            self.start()

    def kill_one(self) -> None:
        process = self.processes.pop(0)
        process.kill()
        process.wait()
        self.start()

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(PATIENCE)

    def kill(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@contextmanager
def workers(url: str, number: int = 1, lease: float = QUICK.lease) -> Iterator[Workers]:
    started = Workers(url, lease)
    started.start(number)
    try:
        yield started
    finally:
        started.kill()


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return open_jobs(database, settings=QUICK)


def put(database: Database, jobs: Jobs, *names: str) -> None:
    for name in names:
        kind, _, key = name.partition(" ")
        with database.write() as connection:
            jobs.put(connection, kind, key)


def rows(database: Database, start: str) -> list[tuple[str, str]]:
    with database.read() as connection:
        query = select(setting.c.name, setting.c.value).where(setting.c.name.startswith(start)).order_by(setting.c.name)
        return [(name.removeprefix(start), value) for name, value in connection.execute(query)]


def done(database: Database) -> list[str]:
    return [name for name, _ in rows(database, "done ")]


def parked_jobs(database: Database) -> list[Any]:
    with database.read() as connection:
        return list(connection.execute(select(parked).order_by(parked.c.kind)))


def is_idle(jobs: Jobs) -> bool:
    counts = jobs.counts()
    return (counts.waiting, counts.running) == (0, 0)


def test_workers_do_every_job_and_stop_when_asked(database: Database, jobs: Jobs, migrated: str) -> None:
    put(database, jobs, *(f"count {number:02}" for number in range(20)))
    assert jobs.counts().waiting == 20
    # None is taken for dead, and its job done twice, on the slowest disk.
    with workers(migrated, 2, PATIENCE) as started:
        wait_until(lambda: is_idle(jobs))
        put(database, jobs, "slow one")
        wait_until(lambda: len(rows(database, "try slow")) == 1)
        started.stop()
        assert [process.returncode for process in started.processes] == [0, 0]
    assert done(database) == [*(f"count {number:02}" for number in range(20)), "slow one"]
    assert len(rows(database, "try ")) == 21
    assert is_idle(jobs)


def test_a_job_is_part_of_the_transaction_that_wants_it(database: Database, jobs: Jobs) -> None:
    def fail() -> None:
        with database.write() as connection:
            jobs.put(connection, "count", "1")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert jobs.counts().waiting == 0


def test_the_same_job_waits_once_and_its_transaction_goes_on(database: Database, jobs: Jobs) -> None:
    with database.write() as connection:
        jobs.put(connection, "count", "1")
        jobs.put(connection, "count", "1")
        jobs.put(connection, "count", "2")
    put(database, jobs, "count 1")
    assert jobs.counts().waiting == 2


@pytest.mark.repeats
def test_a_poison_job_is_parked_after_three_tries_and_others_go_on(
    database: Database, jobs: Jobs, migrated: str
) -> None:
    put(database, jobs, "count a", "poison 1", "broken 1", "late 1", "count b")
    with workers(migrated) as started:
        wait_until(lambda: is_idle(jobs), started.keep_up)
        assert done(database) == ["count a", "count b", "late 1"]
        assert [(row.kind, row.tries) for row in parked_jobs(database)] == [("broken", 3), ("poison", 3)]
        assert [row.reason[:30] for row in parked_jobs(database)] == [
            "the registry sends what is no ",
            "its worker ended 3 times in th",
        ]
        assert [len(rows(database, f"try {kind} ")) for kind in ("poison", "broken", "late")] == [3, 3, 5]
        assert {value for _, value in rows(database, "try late ")} == {"1"}
        # Somebody looked at it, and asks for it again.
        put(database, jobs, "broken 1")
        assert [row.kind for row in parked_jobs(database)] == ["poison"]
        wait_until(lambda: is_idle(jobs), started.keep_up)
        assert jobs.counts().parked == 2


@pytest.mark.repeats
def test_a_job_that_is_wanted_again_while_its_worker_is_dead_has_three_tries(
    database: Database, jobs: Jobs, migrated: str
) -> None:
    put(database, jobs, "poison 1")
    with workers(migrated) as started:
        started.processes[0].wait()
        put(database, jobs, "poison 1")
        wait_until(lambda: bool(parked_jobs(database)), started.keep_up)
        wait_until(lambda: is_idle(jobs), started.keep_up)
    assert [(row.kind, row.tries) for row in parked_jobs(database)] == [("poison", 3)]
    assert len(rows(database, "try poison")) == 3


def test_a_job_that_is_wanted_again_before_it_fails_has_three_tries(database: Database, jobs: Jobs) -> None:
    tries: list[int] = []

    def handle(job: Job) -> None:
        tries.append(job.tries)
        if job.tries == 1:
            put(database, jobs, "count 1")
        message = "it fails each time"
        raise ValueError(message)

    put(database, jobs, "count 1")
    stop = Event()
    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(jobs.work, handle, stop)
        try:
            wait_until(lambda: bool(parked_jobs(database)))
        finally:
            stop.set()
        working.result()
    assert tries == [1, 2, 3]
    assert is_idle(jobs)


def test_a_job_that_is_wanted_again_in_the_moment_in_which_it_is_put_in_again_is_put_in_once(
    postgresql: PostgresServer, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one put in meanwhile is removed, and there is another before the next try could be written."""
    database = Database(postgresql.database(template))
    jobs = open_jobs(database, settings=QUICK)
    assert isinstance(jobs, ProcrastinateJobs)
    tries: list[int] = []
    dropped, drop = [], jobs._drop_twin  # noqa: SLF001  the moment cannot be met from outside

    def drop_twin(*given: Any) -> None:
        drop(*given)
        dropped.append(given)
        if len(dropped) == 1:
            put(database, jobs, "count 1")

    def handle(job: Job) -> None:
        tries.append(job.tries)
        if job.tries == 1:
            put(database, jobs, "count 1")
            message = "it fails once"
            raise ValueError(message)

    monkeypatch.setattr(jobs, "_drop_twin", drop_twin)
    put(database, jobs, "count 1")
    stop = Event()
    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(jobs.work, handle, stop)
        try:
            wait_until(lambda: is_idle(jobs))
        finally:
            stop.set()
        working.result()
    assert tries == [1, 2]
    database.close()


@pytest.mark.repeats
def test_no_job_is_lost_where_workers_are_killed_again_and_again(database: Database, jobs: Jobs, migrated: str) -> None:
    names = [f"slow {number:02}" for number in range(12)]
    put(database, jobs, *names)
    draw = random.Random(1)  # noqa: S311  the same moments in every run
    with workers(migrated, 2) as started:
        for _ in range(3):
            after = len(rows(database, "try ")) + 1
            wait_until(lambda least=after: len(rows(database, "try ")) >= least or is_idle(jobs), started.keep_up)  # type: ignore[misc]
            time.sleep(draw.random() * 0.2)
            started.kill_one()
        wait_until(lambda: is_idle(jobs), started.keep_up)
    given_up = {f"{row.kind} {row.key}" for row in parked_jobs(database)}
    assert set(done(database)) | given_up == set(names)
    assert len(given_up) <= 1


def test_a_sweep_gives_the_job_of_a_dead_worker_to_another_where_the_clock_went_back(
    database: Database, jobs: Jobs, migrated: str
) -> None:
    put(database, jobs, "endless 1")
    with workers(migrated) as started:
        wait_until(lambda: len(rows(database, "try endless")) == 1)
        started.kill()
    assert not done(database)
    put(database, jobs, "count 1")
    with database.write() as connection:
        for statement in AHEAD["postgresql" if database.is_postgresql else "sqlite"]:
            assert connection.execute(text(statement)).rowcount
    wait_until(lambda: jobs.sweep() == 1)
    counts = jobs.counts()
    assert (counts.waiting, counts.running) == (2, 0)
    worked: list[str] = []
    stop = Event()
    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(jobs.work, lambda job: worked.append(job.kind), stop)
        try:
            wait_until(lambda: is_idle(jobs))
        finally:
            stop.set()
        working.result()
    assert sorted(worked) == ["count", "endless"]


AHEAD = {
    "sqlite": ("UPDATE job SET lease = lease + 31536000 WHERE owner <> ''", "UPDATE job SET due = due + 31536000"),
    "postgresql": (
        "UPDATE procrastinate_workers SET last_heartbeat = now() + interval '1 year'",
        "UPDATE procrastinate_jobs SET scheduled_at = now() + interval '1 year' WHERE status = 'todo'",
    ),
}
"""What lies ahead by a year since the clock went back by one."""


def test_no_clock_that_is_set_ahead_starts_a_running_job_again(database: Database, jobs: Jobs) -> None:
    put(database, jobs, "slow 1")
    other = open_jobs(database, settings=QUICK)
    begun, ending, stop = Event(), Event(), Event()

    def handle(_job: Job) -> None:
        begun.set()
        assert ending.wait(PATIENCE)

    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(jobs.work, handle, stop)
        try:
            assert begun.wait(PATIENCE)
            if database.is_postgresql:
                with database.write() as connection:
                    assert connection.execute(text(BEFORE)).rowcount == 1
            assert [other.sweep() for _ in range(3)] == [0, 0, 0]
            assert jobs.counts().running == 1
        finally:
            ending.set()
            wait_until(lambda: is_idle(jobs))
            stop.set()
        working.result()


BEFORE = "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 year'"
"""What the workers' heartbeats are once PostgreSQL's clock is a year ahead. SQLite's leases go by no clock."""


@pytest.mark.live
@pytest.mark.skipif(not programs(), reason="no PostgreSQL")
def test_workers_live_through_the_death_of_postgresql() -> None:
    with postgres_server() as server:
        url = server.database()
        database = Database(url)
        migrate(database)
        jobs = open_jobs(database, settings=QUICK)
        names = [f"slow {number}" for number in range(6)]
        put(database, jobs, *names)
        with workers(url, 2) as started:
            wait_until(lambda: len(rows(database, "try ")) >= 2)
            database.close()
            server.kill()
            server.start()
            wait_until(lambda: is_idle(jobs), started.keep_up)
        assert done(database) == names
        database.close()
