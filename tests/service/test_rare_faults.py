"""What seldom goes wrong in a service is an answer or a line in its log, and the rest goes on."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import OperationalError

from sealock.errors import UsageError
from sealock.net.http import AddressGuard
from sealock.service.access.tokens import parse_scope
from sealock.service.delivery.sender import Sender
from sealock.service.listening import Listener, listen
from sealock.service.registries import _repository
from sealock.service.state.backup import restore
from sealock.service.state.credentials import read_key
from sealock.service.state.database import Database, StateError, migrate
from sealock.service.state.layercache import LayerFactsStore
from sealock.service.state.tables import facts, job
from sealock.service.work.advisories import NONE, Advisories
from sealock.service.work.carriers import open_jobs
from sealock.service.work.jobs import Job, JobSettings
from sealock.service.work.worker import Worker
from sealock.vulnerabilities.claim import NoAdvisories
from sealock.vulnerabilities.database.location import NAME
from support.feedmirror import mirror, updated
from support.servicepages import ServiceWorld, world
from support.serviceworld import settings_for
from support.waiting import wait_until

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Database]:
    made = Database(str(tmp_path / "state.db"))
    migrate(made)
    yield made
    made.close()


def test_a_place_that_is_taken_is_named() -> None:
    with listen(Listener("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen at 127.0.0.1:{port}: Address already in use"):
            listen(Listener("127.0.0.1", port))


def test_a_compressed_text_is_no_backup(tmp_path: Path, state: Database) -> None:
    for number, content in enumerate((b"hello\n", b"[" * 5000 + b"\n", b'{"magic": 3}\n')):
        path = tmp_path / f"backup{number}"
        path.write_bytes(zstd.compress(content))
        with pytest.raises(StateError, match="is no whole backup of sealock"):
            restore(state, str(path))


def test_facts_that_are_damaged_are_removed(state: Database) -> None:
    store = LayerFactsStore(state, lambda: 5.0)
    store.write("facts-good", b"x" * 100)
    whole = zstd.compress(b"y" * 1000)
    for name, data in (("facts-other", b"no zstd"), ("facts-cut", whole[:-4]), ("facts-none", b"")):
        with state.write() as connection:
            connection.execute(insert(facts).values(name=name, data=data, used=5.0))
        assert store.read(name) is None
    assert store.read("facts-good") == b"x" * 100
    assert store.read("facts-gone") is store.read("other-good") is None
    with state.read() as connection:
        assert connection.execute(select(facts.c.name)).scalars().all() == ["facts-good"]


def test_advisories_that_are_damaged_are_none_until_there_are_others(tmp_path: Path) -> None:
    updated(tmp_path / "db", mirror(tmp_path / "mirror"), "kev", "osv/PyPI")
    whole = (tmp_path / "db" / NAME).read_bytes()
    advisories = Advisories(str(tmp_path / "db"))
    assert advisories.current()[1].covers("PyPI")
    (tmp_path / "new").write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:-1] + bytes([whole[-1] ^ 1]))
    (tmp_path / "new").replace(tmp_path / "db" / NAME)
    generation, lookup = advisories.current()
    assert (generation, type(lookup)) == (NONE, NoAdvisories)
    (tmp_path / "new").write_bytes(whole)
    (tmp_path / "new").replace(tmp_path / "db" / NAME)
    assert advisories.current()[1].covers("PyPI")
    advisories.close()


def test_messages_wait_where_the_database_fails(state: Database, caplog: pytest.LogCaptureFixture) -> None:
    tried, stop = [], Event()

    def clock() -> float:
        tried.append(1)
        if len(tried) > 2:
            stop.set()
        message = "the disk\nis full"
        raise OperationalError(message, None, Exception(message))

    with caplog.at_level(logging.WARNING, "sealock.service"):
        Sender(state, None, AddressGuard(), clock=clock).run(stop, pause=0.01)  # type: ignore[arg-type]  # it has no secret
    assert len(tried) == 3
    assert [row.getMessage().startswith("messages to webhooks wait: ") for row in caplog.records] == [True] * 3


def test_a_worker_waits_for_a_database_that_is_away_and_passes_over_jobs_that_were_lost_too_often(
    state: Database,
) -> None:
    jobs = open_jobs(state, settings=JobSettings(poll=0.01, lease=1000.0))
    with state.write() as connection:
        for key in ("lost", "next"):
            jobs.put(connection, "paint", key)
        connection.execute(job.update().where(job.c.key == "lost").values(tries=3, owner="", lease=None))
    done: list[str] = []
    stop = Event()

    def handle(given: Job) -> None:
        done.append(given.key)
        stop.set()

    with state.write() as connection:
        connection.execute(text("ALTER TABLE job RENAME TO away"))
    working = Thread(target=jobs.work, args=(handle, stop))
    working.start()
    with state.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO job"))
    working.join()
    assert done == ["next"]
    assert jobs.counts().parked == 1


def test_a_look_for_what_is_due_that_fails_is_reported_and_looked_for_again(
    state: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    looked: list[int] = []
    stop = Event()
    worker = Worker(settings_for(str(state.url), tick=0.01), report=lines.append)

    def put_due(_worker: Worker, _advisories: Advisories) -> None:
        looked.append(1)
        message = "the tables are of another version"
        raise StateError(message)

    monkeypatch.setattr(Worker, "put_due", put_due)
    running = Thread(target=worker.run, args=(stop,))
    running.start()
    wait_until(lambda: len(looked) > 1)
    stop.set()
    running.join()
    worker.close()
    assert set(lines) == {"looking for what is due failed: the tables are of another version"}


def test_requests_that_are_malformed_are_refused(tmp_path: Path) -> None:
    with world(tmp_path, filled=False) as made:
        _refuse_malformed(made)


def _refuse_malformed(made: ServiceWorld) -> None:
    with made.client() as client:
        for value in ("Basic !", "Basic /w==", "Basic", "Other x"):
            assert client.get("/api/v1/overview", headers={"authorization": value}).status_code == 401
    kind = {"content-type": "application/x-www-form-urlencoded"}
    with made.person() as ada:
        for body in (b"a=\xff", b"&".join([b"a=1"] * 5000)):
            answer = ada.post("/administration", content=body, headers=kind)
            assert answer.status_code == 400
            assert "The form is malformed" in answer.text
        with made.database.write() as connection:
            connection.execute(text("ALTER TABLE session RENAME TO away"))
        answer = ada.get("/images")
        assert (answer.status_code, "The database does not answer" in answer.text) == (503, True)
    with made.client() as client:
        assert client.get("/readyz").status_code == 200
        with made.database.write() as connection:
            connection.execute(text("ALTER TABLE alembic_version RENAME COLUMN version_num TO other"))
        answer = client.get("/readyz")
        assert (answer.status_code, answer.text) == (503, "the database does not answer\n")


def test_names_and_files_that_cannot_be_are_errors_of_who_gives_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        _repository("Not A Name")
    (tmp_path / "file").touch()
    for where, why in (("file/key", "Not a directory"), ("gone/key", "No such file or directory")):
        with pytest.raises(UsageError, match=f"the key file {tmp_path}/{where} cannot be used: {why}"):
            read_key(str(tmp_path / where))
    scope = parse_scope([" a.example/x ", "", "  ", "a.example/y/*", "a.example/x"])
    assert (scope.exact, scope.prefixes) == (("a.example/x",), ("a.example/y/",))
