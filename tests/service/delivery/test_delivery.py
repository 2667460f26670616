"""Messages: each event once for each webhook, signed, tried again, given up, and never to where it must not go."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator
from threading import Barrier, Thread
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from sealock.errors import UsageError
from sealock.net.http import AddressGuard
from sealock.net.http.guard import is_allowable
from sealock.service.access.actors import Actor
from sealock.service.access.audit import list_audit
from sealock.service.access.tokens import Scope
from sealock.service.delivery.atom import FeedEntry, render_feed
from sealock.service.delivery.outbox import LEASE_SECONDS, collect, delivered, failed, retry, take
from sealock.service.delivery.sender import Sender
from sealock.service.delivery.signatures import make_secret, sign
from sealock.service.delivery.webhooks import (
    WebhookAddition,
    WebhookRequest,
    add_webhook,
    check_url,
    enable_webhook,
    list_messages,
    list_webhooks,
    remove_webhook,
)
from sealock.service.state.database import Database
from sealock.service.state.tables import event, repository
from support.servicepages import Clock, PlainBox
from support.simulators.registry import RegistrySimulator, Reply, registry

NOW = 1_800_003_600.0
HOUR = 3600
ADA = Actor("ada", "admin", Scope(), "person 1")
GUARD = AddressGuard(("127.0.0.0/8",))
EVERYTHING = AddressGuard(("127.0.0.0/8", "hooks.example"))
"""What the service allowed when a webhook was added."""
NUMBERS = itertools.count()


@pytest.fixture
def receiver() -> Iterator[RegistrySimulator]:
    with registry() as simulator:
        simulator.answers = lambda _asked: Reply(204)
        yield simulator


def happen(database: Database, *kinds: str, severity: int = 4, where: str = "r/app", at: float = NOW) -> None:
    with database.write() as connection:
        number = connection.execute(select(repository.c.id).where(repository.c.name == where)).scalar()
        if number is None:
            made = insert(repository).values(name=where, first_seen=1.0).returning(repository.c.id)
            number = connection.execute(made).scalar_one()
        rows = [
            {
                "uid": f"event:{next(NUMBERS)}",
                "kind": kind,
                "at": at,
                "repository_id": number,
                "rule": "CVE-1",
                "severity": severity,
            }
            for kind in kinds
        ]
        connection.execute(insert(event), rows)


def hook(database: Database, **asked: Any) -> str:
    with database.write() as connection:
        request = WebhookRequest(**{"name": "hook", "url": "https://hooks.example/x", **asked})
        return add_webhook(connection, WebhookAddition(request, PlainBox(), EVERYTHING, ADA, NOW))[1]


def outgoing(database: Database, now: float = NOW) -> list[list[str]]:
    """The kinds of the events of each message that is due."""
    collect(database, now)
    messages = []
    while (message := take(database, now)) is not None:
        messages.append([row.kind for row in message.events])
        delivered(database, message, now)
    return messages


def test_an_event_goes_out_once_for_each_webhook(database: Database) -> None:
    happen(database, "before")
    hook(database)
    hook(database, name="second")
    happen(database, "added", "removed")
    assert outgoing(database) == [["added", "removed"]] * 2
    assert outgoing(database) == []
    happen(database, "exploited")
    assert outgoing(database, NOW + 1) == [["exploited"]] * 2
    assert outgoing(database, NOW + 100 * HOUR) == []


def test_many_events_go_out_in_parts_in_their_order(database: Database) -> None:
    hook(database, kinds=("added",))
    happen(database, *["added", "removed"] * 250)
    assert [len(kinds) for kinds in outgoing(database, NOW + 1)] == [200, 50]
    assert outgoing(database, NOW + 2) == []


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, ["added", "tag-moved", "exploited"]),
        ({"kinds": ("exploited",)}, ["exploited"]),
        ({"least": "critical"}, ["tag-moved", "exploited"]),
        ({"scope": ("r/app",)}, ["added", "tag-moved"]),
        ({"scope": ("s/*",)}, ["exploited"]),
        ({"scope": ("other",)}, []),
    ],
)
def test_a_webhook_gets_what_it_asks_for(database: Database, asked: dict[str, Any], sent: list[str]) -> None:
    hook(database, **asked)
    happen(database, "added", severity=4)
    happen(database, "tag-moved", severity=-1)
    happen(database, "exploited", severity=5, where="s/team/app")
    assert outgoing(database) == ([sent] if sent else [])


def test_a_digest_comes_when_its_hour_or_day_is_over(database: Database) -> None:
    hook(database, period="hour")
    hook(database, name="daily", period="day")
    start = NOW // 86400 * 86400
    happen(database, "added", at=start + 10)
    happen(database, "removed", at=start + 50)
    assert outgoing(database, start + 100) == []
    assert outgoing(database, start + HOUR) == [["added", "removed"]]
    happen(database, "exploited", at=start + HOUR + 5)
    assert outgoing(database, start + HOUR + 9) == []
    assert outgoing(database, start + 2 * HOUR + 1) == [["exploited"]]
    assert outgoing(database, start + 86400) == [["added", "removed", "exploited"]]


def test_an_event_that_is_committed_late_is_not_lost(database: Database) -> None:
    """Its number is lower than that of one which was sent before."""
    hook(database)
    with database.write() as connection:
        for number, kind in ((900, "added"), (905, "removed")):
            connection.execute(insert(event).values(id=number, uid=kind, kind=kind, at=NOW, severity=4))
    assert outgoing(database) == [["added", "removed"]]
    with database.write() as connection:
        connection.execute(insert(event).values(id=902, uid="late", kind="exploited", at=NOW, severity=4))
    assert outgoing(database, NOW + 60) == [["exploited"]]


def test_a_storm_comes_in_parts(database: Database) -> None:
    hook(database)
    happen(database, *["added"] * 450)
    assert [len(kinds) for kinds in outgoing(database)] == [200, 200, 50]


def test_two_senders_do_not_send_the_same_message(database: Database) -> None:
    hook(database)
    happen(database, *["added"] * 900)
    seen: list[str] = []
    barrier = Barrier(3)

    def send() -> None:
        barrier.wait()
        collect(database, NOW)
        while (message := take(database, NOW)) is not None:
            seen.extend(row.id for row in message.events)

    threads = [Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == len(set(seen)) == 900


def test_a_sender_that_dies_leaves_its_message_to_another(database: Database) -> None:
    hook(database)
    happen(database, "added")
    collect(database, NOW)
    first = take(database, NOW)
    assert first is not None
    assert take(database, NOW + LEASE_SECONDS - 1) is None
    second = take(database, NOW + LEASE_SECONDS + 1)
    assert second is not None
    assert second.uid == first.uid


def test_a_message_is_tried_again_later_and_later_and_then_given_up(database: Database) -> None:
    hook(database)
    happen(database, "added")
    collect(database, NOW)
    now, waits = NOW, []
    for _ in range(20):
        message = take(database, now)
        if message is None:
            break
        failed(database, message, "no", now)
        with database.read() as connection:
            rows = list_messages(connection, state="waiting")
        if rows:
            waits.append(rows[0].due - now)
            now = rows[0].due
    assert waits == sorted(waits)
    assert 9 <= len(waits) <= 11
    assert waits[-1] > 20 * HOUR
    with database.write() as connection:
        (dead,) = list_messages(connection)
        assert (dead.error, dead.tries) == ("no", len(waits) + 1)
        assert list_webhooks(connection)[0].dead == 1
        assert retry(connection, dead.id, by=ADA, now=now, address="192.0.2.7")
        assert not retry(connection, dead.id, by=ADA, now=now)
        (entry, _) = list_audit(connection)
        assert (entry.who, entry.action, entry.address) == ("ada", "message sent again", "192.0.2.7")
        assert entry.about == f"{dead.uid} to {dead.webhook}"
    again = take(database, now)
    assert again is not None
    assert again.uid == dead.uid


def test_a_message_is_signed_and_arrives(database: Database, receiver: RegistrySimulator) -> None:
    secret = hook(database, url=f"{receiver.url}/hook?key=1")
    happen(database, "added", "exploited")
    assert Sender(database, PlainBox(), GUARD, clock=Clock(NOW)).send_due() == 1
    (asked,) = receiver.asked
    assert (asked.method, asked.path) == ("POST", "/hook")
    body = json.loads(asked.body)
    assert body["type"] == "sealock.events"
    assert [entry["kind"] for entry in body["data"]["events"]] == ["added", "exploited"]
    headers = {name.lower(): value for name, value in asked.headers.items()}
    basis = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + asked.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, basis, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"


def test_the_signature_is_that_of_the_specification() -> None:
    headers = sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')  # fmt: skip
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "whsec_AAAA", "plain text"])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(UsageError, match="secret is whsec_"):
        sign(secret, "m", 1, b"")
    assert sign(make_secret(), "m", 1, b"")


@pytest.mark.parametrize(
    ("status", "state", "words"),
    [
        (200, None, ""),
        (202, None, ""),
        (302, "waiting", "a redirect, which is not followed"),
        (400, "waiting", "the receiver answered 400"),
        (500, "waiting", "the receiver answered 500"),
        (410, "dead", "the receiver answered 410"),
    ],
)
def test_what_a_receiver_answers(
    database: Database, receiver: RegistrySimulator, status: int, state: str | None, words: str
) -> None:
    receiver.answers = lambda _asked: Reply(status, b"", {"location": f"{receiver.url}/elsewhere"})
    hook(database, url=f"{receiver.url}/hook")
    happen(database, "added")
    Sender(database, PlainBox(), GUARD, clock=Clock(NOW)).send_due()
    assert [asked.path for asked in receiver.asked] == ["/hook"]
    with database.write() as connection:
        rows = [*list_messages(connection), *list_messages(connection, state="waiting")]
        assert [row.state for row in rows] == ([state] if state else [])
        assert all(words in row.error for row in rows)
        (row,) = list_webhooks(connection)
        assert bool(row.disabled) is (status == 410)
        if row.disabled:
            assert enable_webhook(connection, row.id, by=ADA, now=NOW)
            assert not list_webhooks(connection)[0].disabled


def test_no_message_goes_to_an_internal_address(database: Database, receiver: RegistrySimulator) -> None:
    hook(database, url=f"{receiver.url}/hook")
    happen(database, "added")
    Sender(database, PlainBox(), AddressGuard(), clock=Clock(NOW)).send_due()
    assert not receiver.asked
    with database.read() as connection:
        assert "internal address" in list_messages(connection, state="waiting")[0].error
        assert "internal address" in list_webhooks(connection)[0].error


def test_plain_http_is_refused_with_how_a_service_allows_it(database: Database) -> None:
    hook(database, url="http://hooks.example/x")
    happen(database, "added")
    Sender(database, PlainBox(), AddressGuard(), clock=Clock(NOW)).send_due()
    with database.read() as connection:
        assert list_webhooks(connection)[0].error.endswith(
            "start sealock serve with --allow hooks.example, or write https://"
        )


def test_a_key_that_was_changed_is_said(database: Database, receiver: RegistrySimulator) -> None:
    class OtherBox(PlainBox):
        def seal(self, text: str, /) -> bytes:
            return b"other" + text.encode()

    with database.write() as connection:
        add_webhook(connection, WebhookAddition(WebhookRequest("h", f"{receiver.url}/x"), OtherBox(), GUARD, ADA, NOW))
    happen(database, "added")
    Sender(database, PlainBox(), GUARD, clock=Clock(NOW)).send_due()
    with database.read() as connection:
        assert list_messages(connection, state="waiting")[0].error == "another key"


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks.example", "ftp://hooks.example", "https://", "https://user:pw@hooks.example/", "https://a b/",
        "https://hooks.example:0/", "https://hooks.example:99999/", "https://[::1", "https://hooks.example/\n", "javascript:1",
        "https://hooks.exämple/", "https://hooks.example/" + "x" * 2000,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="is no address for messages"):
        check_url(url, AddressGuard())


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://127.0.0.1/x", "127.0.0.1"),
        ("http://127.0.0.1:8080/x", "127.0.0.1"),
        ("https://169.254.169.254/latest/meta-data", "169.254.169.254"),
        ("http://10.0.0.1/x", "10.0.0.1"),
        ("https://[::1]/x", "::1"),
        ("https://[::ffff:10.0.0.1]/x", "::ffff:10.0.0.1"),
        ("https://2130706433/", "127.0.0.1"),
        ("https://0177.0.0.1/", "127.0.0.1"),
        ("https://0x7f.1/", "127.0.0.1"),
        ("https://127.1/", "127.0.0.1"),
        ("https://LOCALHOST./", "127.0.0.1"),
        ("https://hooks.localhost/", "127.0.0.1"),
    ],
)
def test_a_webhook_to_an_internal_address_is_refused_when_it_is_added(url: str, leads: str) -> None:
    guard = AddressGuard((), "start sealock serve with --allow {}")
    with pytest.raises(UsageError) as refused:
        check_url(url, guard)
    text = str(refused.value)
    assert f"{leads} is an internal address" in text or f"{leads}, which leads to 10.0.0.1, is an internal" in text, (
        text
    )
    allowed = text.rpartition("--allow ")[2]
    assert is_allowable(allowed)
    check_url(url, AddressGuard((allowed,)) if url.startswith("https") else AddressGuard((allowed, leads)))


@pytest.mark.parametrize("url", ["https://hooks.example/x", "https://93.184.216.34/x", "https://[2606:2800:220::1]/x"])
def test_a_webhook_to_a_public_address_is_added(url: str) -> None:
    check_url(url, AddressGuard())


def test_plain_http_is_refused_when_a_webhook_is_added() -> None:
    with pytest.raises(UsageError, match=r"start sealock serve with --allow hooks\.example, or write https://"):
        check_url("http://hooks.example/x", AddressGuard())


def test_a_webhook_goes_with_its_messages(database: Database) -> None:
    hook(database)
    happen(database, "added")
    collect(database, NOW)
    with database.write() as connection:
        (row,) = list_webhooks(connection)
        assert (row.waiting, row.dead) == (1, 0)
        assert remove_webhook(connection, row.id, by=ADA, now=NOW)
        assert not remove_webhook(connection, row.id, by=ADA, now=NOW)
    assert take(database, NOW) is None


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_an_entry_of_a_feed_that_parsers_read(title: str, summary: str) -> None:
    text = render_feed("t", "https://s.example/feed", "2026-11-27T00:00:00Z", [FeedEntry("urn:x", title, "2026-11-27T00:00:00Z", "https://s.example/<&>", summary, title)])  # fmt: skip
    root = ET.fromstring(text)  # noqa: S314  our own text
    entry = root.find("{http://www.w3.org/2005/Atom}entry")
    assert entry is not None
    read = entry.findtext("{http://www.w3.org/2005/Atom}summary") or ""
    if summary.isprintable():
        assert read == summary
