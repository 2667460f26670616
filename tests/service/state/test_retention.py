"""What is too old goes, and what still counts stays."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select

from sealock.service.access.audit import record
from sealock.service.delivery.outbox import collect, delivered, take
from sealock.service.state.database import Database
from sealock.service.state.reports import keep_report, parse_report
from sealock.service.state.retention import Retention, Tidied
from sealock.service.state.retention import tidy as tidy_once
from sealock.service.state.tables import (
    event,
    facts,
    finding,
    hit,
    host,
    image,
    layer,
    layer_slice,
    package,
    place,
    repository,
    setting,
    tag,
)
from sealock.service.state.tables.access import REFUSED, audit, message, webhook
from sealock.service.state.tags import find_repository, forget_repository, rename_repository, repository_number
from support.madedatabases import Table
from support.servicestate import deb, digest, flaw, found, image_of, scan

APP = "registry.example/app"
DAY = 86_400.0
ADVISORIES = Table(flaw("CVE-2026-0001", "Debian:12", "openssl", fixed="3.0.15-1"))


def tidy(database: Database, retention: Retention, now: float) -> Tidied:
    """Tidy as in a service that was on until then."""
    with database.write() as connection:
        connection.execute(setting.delete())
    return tidy_once(database, retention, now)


def count(database: Database, *tables: Any) -> list[int]:
    with database.read() as connection:
        return [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables]


def test_images_that_no_tag_names_go_with_all_that_only_they_have(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=10.0)
    scan(database, APP, "1", image_of("b", deb("bash", "1-1"), layers=("other",)), ADVISORIES, now=20.0)
    tidy(database, Retention(), 10 * DAY)
    assert count(database, image, layer, package) == [2, 3, 2]
    result = tidy(database, Retention(), 40 * DAY)
    assert (result.images, result.packages) == (1, 1)
    assert count(database, image, layer, layer_slice, package, place, hit) == [1, 1, 1, 1, 1, 0]
    # What the tag named stays known: how old a digest is does not rest on what is in it.
    with database.read() as connection:
        seen = connection.execute(select(tag.c.digest, tag.c.first_seen).order_by(tag.c.id)).all()
    assert [tuple(row) for row in seen] == [(digest("a"), 10.0), (digest("b"), 20.0)]


def test_an_image_that_a_container_runs_stays(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=10.0)
    scan(database, APP, "1", image_of("b", layers=("other",)), ADVISORIES, now=20.0)
    body = f'{{"host":"one","version":"1","targets":[{{"name":"container:web","kind":"container","manifest":"{digest("a")}"}}]}}'
    with database.write() as connection:
        keep_report(connection, parse_report(body.encode()), 39 * DAY)
    assert tidy(database, Retention(), 40 * DAY).images == 0
    assert tidy(database, Retention(), 200 * DAY).hosts == 1
    assert tidy(database, Retention(), 200 * DAY).images == 1
    assert count(database, host, image) == [0, 1]


def test_an_image_that_was_submitted_by_its_digest_only_goes_in_time(database: Database) -> None:
    scan(database, APP, "", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=10.0)
    tidy(database, Retention(), 40 * DAY)
    with database.read() as connection:
        assert found(connection, APP) == {}
        kinds = connection.execute(select(event.c.kind, event.c.cause).order_by(event.c.id)).all()
    assert [tuple(row) for row in kinds] == [("added", "image"), ("removed", "retention")]
    assert count(database, image) == [0]


def test_old_events_and_closed_findings_go_and_open_ones_stay(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=10.0)
    scan(
        database,
        APP,
        "2",
        image_of("c", deb("zlib", "1-1"), layers=("zlib",)),
        Table(flaw("CVE-2", "Debian:12", "zlib")),
        now=10.0,
    )
    scan(database, APP, "1", image_of("b", layers=("other",)), ADVISORIES, now=20.0)
    with database.write() as connection:
        connection.execute(insert(facts).values(name="facts-x", data=b"x", used=1.0))
    result = tidy(database, Retention(events=100, images=0), 150 * DAY)
    assert (result.events, result.findings, result.facts) == (4, 1, 1)
    assert count(database, event, finding, image) == [0, 1, 3]


def test_sent_messages_and_refused_logins_go_after_a_year_and_the_rest_of_the_audit_log_stays(
    database: Database,
) -> None:
    made = {"name": "x", "url": "https://x.example", "secret": b"x", "kinds": "[]", "scope": "[]", "made": 1.0}
    with database.write() as connection:
        hook = connection.execute(insert(webhook).values(**made).returning(webhook.c.id)).scalar_one()
        for number, (state, finished) in enumerate((("delivered", 1.0), ("delivered", 399 * DAY), ("waiting", None))):
            values = {"webhook_id": hook, "uid": f"msg_{number}", "state": state, "made": 1.0, "due": 1.0}
            connection.execute(insert(message).values(**values, finished=finished))
        for action in (REFUSED, "account removed"):
            record(connection, 1.0, "eve", action)
    tidy(database, Retention(), 400 * DAY)
    with database.read() as connection:
        assert connection.execute(select(message.c.uid).order_by(message.c.uid)).scalars().all() == ["msg_1", "msg_2"]
        assert connection.execute(select(audit.c.action)).scalars().all() == ["account removed"]


def test_events_of_a_clock_that_is_behind_stay_until_each_webhook_has_them(database: Database) -> None:
    now, made = 1000 * DAY, {"url": "https://x.example", "secret": b"x", "kinds": "[]", "scope": "[]", "made": 1.0}
    with database.write() as connection:
        connection.execute(insert(webhook).values(name="on", **made))
        connection.execute(insert(webhook).values(name="off", disabled="it is gone", **made))
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=now - 400 * DAY)
    assert tidy(database, Retention(), now).events == 0
    assert collect(database, now) == 1
    # It waits in a message, and who sends that reads the event.
    assert tidy(database, Retention(), now).events == 0
    sent = take(database, now)
    assert sent
    assert [row.rule for row in sent.events] == ["CVE-2026-0001"]
    delivered(database, sent, now)
    assert tidy(database, Retention(), now).events == 1


def test_nothing_goes_where_everything_is_kept(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=10.0)
    scan(database, APP, "1", image_of("b", layers=("other",)), ADVISORIES, now=20.0)
    before = count(database, event, finding, image, package)
    tidy(database, Retention(0, 0, 0, 0, 0), 9999 * DAY)
    assert count(database, event, finding, image, package) == before


def test_a_repository_that_is_deleted_loses_its_findings_and_comes_back_with_the_next_push(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=10.0)
    with database.write() as connection:
        forget_repository(connection, repository_number(connection, APP, 20.0), 20.0)
    with database.read() as connection:
        assert found(connection, APP) == {}
        assert connection.execute(select(repository.c.gone)).scalar_one() == 20.0
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=30.0)
    with database.read() as connection:
        assert len(found(connection, APP)) == 1
        assert connection.execute(select(repository.c.gone)).scalar_one() is None


def test_a_repository_that_is_renamed_keeps_its_history_and_is_found_by_its_old_name(database: Database) -> None:
    scan(database, APP, "1", image_of("a", deb("openssl", "3.0.14-1")), ADVISORIES, now=10.0)
    with database.write() as connection:
        rename_repository(connection, repository_number(connection, APP, 20.0), "registry.example/new")
        rename_repository(
            connection, repository_number(connection, "registry.example/new", 20.0), "registry.example/newer"
        )
    with database.read() as connection:
        numbers = {
            find_repository(connection, name) for name in (APP, "registry.example/new", "registry.example/newer")
        }
        assert len(numbers) == 1
        assert len(found(connection, "registry.example/newer")) == 1
    scan(database, APP, "1", image_of("b", layers=("other",)), ADVISORIES, now=30.0)
    with database.read() as connection:
        assert found(connection, "registry.example/newer") == {}
