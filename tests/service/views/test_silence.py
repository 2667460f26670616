"""What the page on silence lists of scans."""

from __future__ import annotations

from sqlalchemy import insert, update

from sealock.net.http import AddressGuard
from sealock.service.access.tokens import Scope
from sealock.service.delivery.webhooks import WebhookAddition, WebhookRequest, add_webhook
from sealock.service.state.database import Database
from sealock.service.state.tables import scan
from sealock.service.state.tables.access import message
from sealock.service.state.tags import repository_number
from sealock.service.views.silence import DAY, read_silence
from support.servicepages import HOOKED, PlainBox

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


def test_a_webhook_whose_messages_fail_is_said_while_they_are_tried_and_when_they_are_given_up(
    database: Database,
) -> None:
    with database.write() as connection:
        asked = WebhookRequest("chat", "https://hooks.example/x")
        row, _ = add_webhook(connection, WebhookAddition(asked, PlainBox(), AddressGuard(), HOOKED, NOW))
        values = {"webhook_id": row.id, "uid": "m", "state": "waiting", "made": NOW, "due": NOW}
        connection.execute(insert(message).values(**values))
    assert not _about_messages(database)
    with database.write() as connection:
        connection.execute(update(message).values(tries=1, error="no answer"))
    assert _about_messages(database) == [
        "The last try of 1 webhook failed: messages wait, and are tried again for three days. Administration says why."
    ]
    with database.write() as connection:
        connection.execute(update(message).values(state="dead"))
    assert _about_messages(database) == ["1 message to webhooks was given up: send them again in Administration."]


def _about_messages(database: Database) -> list[str]:
    with database.read() as connection:
        return [text for text in read_silence(connection, Scope(), NOW).sentences if "message" in text]
