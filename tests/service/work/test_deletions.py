"""What is deleted or renamed at a registry while a worker is in the middle of it: a deletion wins, a name moves on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select, update

from sealock.service.state.credentials import StoredCredentials
from sealock.service.state.tables import repository, repository_image, tag
from sealock.service.state.tags import find_repository, forget_repository, rename_repository, repository_number
from sealock.service.work.notifications import parse_notification, take
from sealock.service.work.scanner import open_client
from sealock.service.work.watcher import poll
from sealock.service.work.worker import Worker
from support.serviceworld import base_layer, idle, push, python_layer, settings_for, states, submit, working
from support.simulators.registry import Asked, RegistrySimulator, Reply, registry
from support.waiting import wait_until

BASE = base_layer(("bash", "5.2-1"))
OLD, NEW = "team/app", "team/renamed"


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as simulated:
        yield simulated


def once(server: RegistrySimulator, part: str, change: Callable[[], Reply | None]) -> None:
    """Make a change when the registry is first asked for an address with `part` in it, before it answers."""
    left = [change]

    def answer(asked: Asked) -> Reply | None:
        return left.pop()() if left and part in asked.path else None

    server.answers = answer


def named(worker: Worker) -> dict[str, str]:
    """What each tag names now; nothing else is current."""
    with worker.database.read() as connection:
        query = select(repository.c.name, tag.c.name.label("tag"), tag.c.digest)
        rows = connection.execute(query.join_from(tag, repository).where(tag.c.until.is_(None))).all()
        kept = len(connection.execute(select(repository_image.c.image_id).where(repository_image.c.current)).all())
    assert kept == len(rows)
    return {f"{row.name.partition('/')[2]}:{row.tag}": row.digest for row in rows}


def tell(worker: Worker, deleted: str) -> None:
    """Take in the notification of a deletion."""
    with worker.database.write() as connection:
        notices = parse_notification(f'{{"deleted": ["{deleted}"]}}'.encode())
        assert take(connection, worker.jobs, notices, time.time()) == ()


DELETIONS = {
    "its tag": (":1", "app:1"),
    "its manifest, known by its digest": ("@{digest}", "app@{digest}"),
    "its manifest, known by its tag": (":1", "app@{digest}"),
    "its repository": (":1", ""),
}


@pytest.mark.parametrize(("scanned", "deleted"), DELETIONS.values(), ids=DELETIONS)
def test_what_is_deleted_while_it_is_scanned_does_not_come_back(
    server: RegistrySimulator, migrated: str, scanned: str, deleted: str
) -> None:
    digest = push(server, OLD, "1", layers=(BASE,))
    with working(settings_for(migrated)) as worker:

        def delete() -> None:
            del server.manifests[OLD]
            if deleted:
                tell(worker, f"{server.host}/team/{deleted.format(digest=digest)}")
                return
            with worker.database.write() as connection:
                forget_repository(connection, find_repository(connection, f"{server.host}/{OLD}") or 0, time.time())

        once(server, "/blobs/", delete)
        submit(worker, f"{server.host}/{OLD}{scanned.format(digest=digest)}")
        wait_until(lambda: idle(worker))
        assert named(worker) == {}
        ((state, _),) = states(worker.database)
        assert state == "gone"


def test_what_is_pushed_again_after_it_was_deleted_is_read(server: RegistrySimulator, migrated: str) -> None:
    digest = push(server, OLD, "1", layers=(BASE,))
    pushed: list[str] = []
    with working(settings_for(migrated)) as worker:

        def replace() -> None:
            del server.manifests[OLD]
            tell(worker, f"{server.host}/{OLD}@{digest}")
            pushed.append(push(server, OLD, "1", layers=(BASE, python_layer("flask", "1.0"))))

        once(server, "/blobs/", replace)
        submit(worker, f"{server.host}/{OLD}:1")
        wait_until(lambda: idle(worker))
        assert named(worker) == {"team/app:1": pushed[0]}


def test_a_repository_that_is_renamed_while_it_is_scanned_keeps_its_tags(
    server: RegistrySimulator, migrated: str
) -> None:
    first, second = push(server, OLD, "1", layers=(BASE,)), push(server, OLD, "2", layers=(python_layer("a", "1"),))
    with working(settings_for(migrated)) as worker:
        submit(worker, f"{server.host}/{OLD}:1")
        wait_until(lambda: idle(worker))

        def rename() -> None:
            server.manifests[NEW] = server.manifests.pop(OLD)
            with worker.database.write() as connection:
                number = find_repository(connection, f"{server.host}/{OLD}") or 0
                rename_repository(connection, number, f"{server.host}/{NEW}")

        once(server, "/manifests/", rename)
        submit(worker, f"{server.host}/{OLD}:1", f"{server.host}/{OLD}:2")
        wait_until(lambda: idle(worker))
        assert named(worker) == {"team/renamed:1": first, "team/renamed:2": second}


def test_a_repository_that_is_renamed_while_it_is_polled_is_not_taken_for_deleted(
    server: RegistrySimulator, migrated: str
) -> None:
    digest = push(server, OLD, "1", layers=(BASE,))
    settings = settings_for(migrated)
    with working(settings) as worker:
        submit(worker, f"{server.host}/{OLD}:1")
        wait_until(lambda: idle(worker))
        with worker.database.write() as connection:
            number = repository_number(connection, f"{server.host}/{OLD}", time.time())
            connection.execute(update(repository).where(repository.c.id == number).values(watched=True))

        def rename() -> Reply:
            with worker.database.write() as connection:
                rename_repository(connection, number, f"{server.host}/{NEW}")
            return Reply(404, b"{}")

        once(server, "/tags/", rename)
        client = open_client(settings.scans, StoredCredentials(worker.database, None))
        assert poll(worker.database, worker.jobs, client, number, time.time()) == ""
        assert named(worker) == {"team/renamed:1": digest}
        with worker.database.read() as connection:
            row = connection.execute(select(repository).where(repository.c.id == number)).one()
        assert (row.gone, row.watched) == (None, True)
