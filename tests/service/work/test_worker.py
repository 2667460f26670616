"""A worker puts in what is due, and tells its own troubles from those of a job."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import insert, select, update

from sealock.errors import SealockError, TransportError
from sealock.service.state.database import Database, migrate
from sealock.service.state.tables import job, parked, repository, setting
from sealock.service.state.tags import repository_number
from sealock.service.work.advisories import Advisories
from sealock.service.work.jobs import Job, Later
from sealock.service.work.scanner import Scanner
from sealock.service.work.worker import Worker
from support.serviceworld import settings_for


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = Database(str(tmp_path / "state.db"))
    migrate(made)
    made.close()
    return f"sqlite:///{tmp_path}/state.db"


def test_a_full_disk_delays_a_job_and_is_no_try(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    worker = Worker(settings_for(url), report=lines.append)
    full: list[BaseException] = []

    def scan(_self: Scanner, _job: Job) -> None:
        if full:
            raise full.pop()
        with worker.database.write() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            connection.exec_driver_sql("CREATE TABLE big AS SELECT randomblob(1000000) AS x")

    monkeypatch.setattr(Scanner, "scan", scan)
    with pytest.raises(Later, match="full"):
        worker.handle(Job("scan", "1"))
    full.append(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(Later, match="No space left"):
        worker.handle(Job("scan", "1"))
    assert [line.partition(":")[0] for line in lines] == ["scan 1 waits 10 s"] * 2
    worker.close()


def test_a_job_of_an_unknown_kind_is_an_error(url: str) -> None:
    worker = Worker(settings_for(url))
    with pytest.raises(SealockError, match="does not know jobs of the kind 'paint'"):
        worker.handle(Job("paint", ""))
    worker.close()


def test_what_is_due_is_put_in_once_by_any_number_of_workers(url: str) -> None:
    moments = [1000.0]
    workers = [Worker(settings_for(url, update=3600.0), clock=lambda: moments[0]) for _ in range(2)]
    advisories = Advisories("/nonexistent/advisories")

    def kinds() -> list[str]:
        with workers[0].database.read() as connection:
            return sorted(connection.execute(select(job.c.kind)).scalars())

    def clear() -> None:
        with workers[0].database.write() as connection:
            connection.execute(job.delete())

    for worker in workers:
        worker.put_due(advisories)
    assert kinds() == ["match", "tidy", "update"]
    workers[0].handle(Job("match", ""))
    clear()
    moments[0] += 3599
    workers[1].put_due(advisories)
    assert kinds() == []
    moments[0] += 2
    for worker in workers:
        worker.put_due(advisories)
    assert kinds() == ["update"]
    with workers[0].database.read() as connection:
        assert connection.execute(select(setting.c.value).where(setting.c.name == "due update")).scalar() == "8201.0"
    for worker in workers:
        worker.close()


def test_a_job_that_was_parked_is_not_put_in_again_at_once(url: str) -> None:
    moments = [1000.0]
    worker = Worker(settings_for(url, poll=60.0), clock=lambda: moments[0])
    advisories = Advisories("/nonexistent/advisories")
    with worker.database.write() as connection:
        number = repository_number(connection, "registry.example/app", 1.0)
        connection.execute(update(repository).values(watched=True))
        for kind, key in (("match", ""), ("poll", str(number))):
            connection.execute(insert(parked).values(kind=kind, key=key, reason="x", tries=3, at=1000.0))
    for now, kinds in ((1000.0, ["tidy"]), (4500.0, ["tidy"]), (4700.0, ["match", "poll", "tidy"])):
        moments[0] = now
        worker.put_due(advisories)
        with worker.database.read() as connection:
            assert sorted(connection.execute(select(job.c.kind)).scalars()) == kinds
    worker.close()


def test_a_poll_that_fails_waits_as_long_as_one_that_does_not(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Worker(settings_for(url, poll=60.0))
    with worker.database.write() as connection:
        number = repository_number(connection, "127.0.0.1:1/app", 1.0)
    monkeypatch.setattr("sealock.service.work.watcher.reference", _unreachable)
    with pytest.raises(Later, match="no route") as raised:
        worker.handle(Job("poll", str(number)))
    assert raised.value.seconds == 60.0
    with worker.database.read() as connection:
        assert connection.execute(select(repository.c.poll_error)).scalar() == "no route"
    worker.close()


def _unreachable(_name: str) -> NoReturn:
    message = "no route"
    raise TransportError(message)
