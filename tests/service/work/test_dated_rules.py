"""What rules say by the day is said on the day: support ends, images grow old, and other days of support are learned."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from sealock.model.inventory import Distribution
from sealock.policy.settings import Policy
from sealock.rules.endofsupport import SupportDays, SupportRecord
from sealock.service.state.database import Database
from sealock.service.state.tables import event
from sealock.service.state.tags import forget_repository, repository_number
from sealock.service.work.datedrules import evaluate_dated_rules
from sealock.service.work.jobs import Job
from sealock.service.work.worker import TIDY, Worker
from support.madedatabases import Table
from support.servicestate import found, image_of, rule, scan
from support.serviceworld import settings_for

WHERE = "registry.example/app"
ENDED, OLD = ("F011", "debian"), ("F016", "built")


def moment(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


def filled(database: Database) -> None:
    """An image of Debian 12, whose support ends on 30 June 2028, and one of what nothing is known of."""
    own = replace(image_of("a"), created="2026-11-20T08:00:00Z")
    unknown = replace(image_of("b", distribution=Distribution("arch", "", "", "Arch")), created="")
    scan(database, WHERE, "1", own, Table(), now=moment("2026-11-26"), findings=[rule("F012", "usr/bin/su")])
    scan(database, WHERE, "2", unknown, Table(), now=moment("2026-11-26"))


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        ("2026-11-27", set()),
        ("2027-11-20", set()),
        ("2027-11-22", {OLD}),
        ("2028-06-30", {OLD}),
        ("2028-07-01", {OLD, ENDED}),
    ],
)
def test_findings_come_on_their_day(database: Database, day: str, wanted: set[tuple[str, str]]) -> None:
    filled(database)
    assert evaluate_dated_rules(database, Policy(), SupportDays(), moment(day)) == len(wanted)
    with database.read() as connection:
        assert found(connection, WHERE).keys() == wanted | {("F012", "usr/bin/su")}
        query = select(event.c.rule, event.c.thing).where(event.c.cause == "day", event.c.kind == "added")
        assert {tuple(row) for row in connection.execute(query)} == wanted
    assert evaluate_dated_rules(database, Policy(), SupportDays(), moment(day)) == 0  # a second time changes nothing


def test_other_days_of_support_are_taken_up_and_policy_decides(database: Database) -> None:
    filled(database)
    day = moment("2026-11-27")
    shorter = SupportDays(lambda: SupportRecord("2026-11-26", {"debian": {"12": "2026-11-01"}}))
    assert evaluate_dated_rules(database, Policy(skip=("F011",)), shorter, day) == 0
    for support, wanted in ((shorter, {ENDED}), (SupportDays(), set())):
        assert evaluate_dated_rules(database, Policy(), support, day) == 1
        with database.read() as connection:
            assert found(connection, WHERE).keys() - {("F012", "usr/bin/su")} == wanted
    with database.write() as connection:
        forget_repository(connection, repository_number(connection, WHERE, day), day)
    assert evaluate_dated_rules(database, Policy(), shorter, day) == 0  # no image is current


def test_a_worker_does_so_every_day(migrated: str) -> None:
    worker = Worker(settings_for(migrated), clock=lambda: moment("2028-07-01"))
    filled(worker.database)
    worker.handle(Job(TIDY, ""))
    with worker.database.read() as connection:
        assert {ENDED, OLD} <= found(connection, WHERE).keys()
    worker.close()
