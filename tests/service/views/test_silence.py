"""What the page on silence lists of scans."""

from __future__ import annotations

from sqlalchemy import insert

from sealock.service.access.tokens import Scope
from sealock.service.state.database import Database
from sealock.service.state.tables import scan
from sealock.service.state.tags import repository_number
from sealock.service.views.silence import DAY, read_silence

NOW = 100.0 * DAY


def test_scans_wait_or_failed_or_their_image_was_not_found_lately(database: Database) -> None:
    with database.write() as connection:
        where = repository_number(connection, "registry.example/app", NOW)
        for tag, state, days in (
            ("waits", "waiting", 30), ("broken", "failed", 30), ("done", "scanned", 0), ("typo", "gone", 1), ("old", "gone", 8),
        ):  # fmt: skip
            row = {"repository_id": where, "tag": tag, "state": state, "requested": NOW - days * DAY}
            connection.execute(insert(scan).values(**row))
    with database.read() as connection:
        view = read_silence(connection, Scope(), NOW)
    assert [(row.tag, row.state) for row in view.scans] == [
        ("broken", "failed"),
        ("typo", "gone"),
        ("waits", "waiting"),
    ]
    assert (view.waiting, view.failed) == (1, 1)
