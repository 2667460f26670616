"""Webhooks: where messages go, which events, and how often."""

from __future__ import annotations

from typing import Any, Final, Literal, Protocol, TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from sealock.errors import SealockError, UsageError
from sealock.net.http import AddressGuard, HttpTimeouts, HttpTransport
from sealock.net.transport import server_parts
from sealock.service.access.actors import Actor
from sealock.service.access.audit import record
from sealock.service.delivery.signatures import make_secret, sign
from sealock.service.state.tables import event
from sealock.service.state.tables.access import message, webhook
from sealock.service.views.common import severity_of, word
from sealock.service.views.nouns import SeverityWord
from sealock.text import line

Period: TypeAlias = Literal["", "hour", "day"]
"""At once, or a digest of each hour or day that is over."""
EventKind: TypeAlias = Literal[
    "added", "removed", "severity-changed", "fix-available", "exploited", "signature-lost", "tag-moved",
    "acknowledgement-ended",
]  # fmt: skip
_MOST_MESSAGES: Final = 100
_PATIENCE: Final = HttpTimeouts(connect=10, quiet=15, head=20)


class Sealer(Protocol):
    """Encrypts what the state keeps."""

    def seal(self, text: str, /) -> bytes:
        """The encrypted text."""


class WebhookRow(Struct, frozen=True):
    """A webhook without its secret. `kinds` and `scope` are () for all; `disabled` says why it sends nothing.

    `error` says why the last try of a message that waits failed, "" where none did.
    """

    id: int
    name: str
    url: str
    kinds: tuple[str, ...]
    least: SeverityWord
    scope: tuple[str, ...]
    period: Period
    disabled: str
    made: float
    made_by: str
    waiting: int = 0
    dead: int = 0
    error: str = ""


class MessageRow(Struct, frozen=True):
    """A message of a webhook that waits or was given up, and why."""

    id: int
    uid: str
    webhook: str
    state: str
    made: float
    due: float
    tries: int
    error: str


class WebhookRequest(Struct, frozen=True):
    """What a webhook shall be. `secret` "" makes one."""

    name: str
    url: str
    kinds: tuple[str, ...] = ()
    least: SeverityWord = ""
    scope: tuple[str, ...] = ()
    period: Period = ""
    secret: str = ""


class WebhookAddition(Struct, frozen=True):
    """A webhook to add: what encrypts its secret, where it may send; who asks for it, when and from which address."""

    asked: WebhookRequest
    sealer: Sealer
    guard: AddressGuard
    by: Actor
    now: float
    address: str = ""


def open_transport(guard: AddressGuard) -> HttpTransport:
    """What messages are sent with: to addresses that the guard allows, over HTTPS unless it names the host."""
    return HttpTransport(
        guard=guard,
        insecure=guard.allowed,
        patience=_PATIENCE,
        permission="start sealock serve with --allow {}, or write https://",
    )


def add_webhook(connection: Connection, new: WebhookAddition) -> tuple[WebhookRow, str]:
    """Add a webhook, and return it with its secret, which nothing shows again; UsageError says what does not fit.

    Only events from now on are sent, to addresses that the guard allows.
    """
    asked, guard, by, now = new.asked, new.guard, new.by, new.now
    name, url = line(asked.name, 100), asked.url.strip()
    if not name:
        text = "a webhook needs a name"
        raise UsageError(text)
    check_url(url, guard)
    secret = asked.secret.strip() or make_secret()
    sign(secret, "msg", 0, b"")
    settled = connection.execute(select(func.max(event.c.id))).scalar() or 0
    values = {
        "name": name,
        "url": url,
        "secret": new.sealer.seal(secret),
        "kinds": msgspec.json.encode(asked.kinds).decode(),
        "least": severity_of(asked.least) if asked.least else 0,
        "scope": msgspec.json.encode(asked.scope).decode(),
        "period": asked.period,
        "settled": settled,
        "made": now,
        "made_by": by.name,
    }
    number = connection.execute(insert(webhook).values(**values).returning(webhook.c.id)).scalar_one()
    record(connection, now, by.name, "webhook added", f"{name} {_place(url)}", new.address)
    row = WebhookRow(number, name, url, asked.kinds, asked.least, asked.scope, asked.period, "", now, by.name)
    return row, secret


def check_url(url: str, guard: AddressGuard) -> None:
    """Refuse what is not an address of a web server, or one that the guard does not allow; UsageError.

    Whether a name leads to an internal address shows each time that it is sent to.
    """
    if server_parts(url) is None or len(url) > 2000:
        text = f"{line(url, 200)!r} is no address for messages: write https://HOST/PATH, without a user or password"
        raise UsageError(text)
    try:
        open_transport(guard).check(url)
    except SealockError as error:
        raise UsageError(str(error)) from None


def list_webhooks(connection: Connection) -> list[WebhookRow]:
    """All webhooks by name, with how many messages wait and how many were given up."""
    counts: dict[tuple[int, str], int] = {
        (row[0], row[1]): row[2]
        for row in connection.execute(
            select(message.c.webhook_id, message.c.state, func.count())
            .where(message.c.state != "delivered")
            .group_by(message.c.webhook_id, message.c.state)
        )
    }
    last = (
        select(message.c.error)
        .where(message.c.webhook_id == webhook.c.id, message.c.state == "waiting", message.c.error != "")
        .order_by(message.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = select(webhook, func.coalesce(last, "").label("error")).order_by(webhook.c.name, webhook.c.id)
    return [_row(row, counts, row.error) for row in connection.execute(query)]


def _row(row: Any, counts: dict[tuple[int, str], int], error: str = "") -> WebhookRow:  # noqa: ANN401  a row of the table
    return WebhookRow(
        row.id,
        row.name,
        row.url,
        msgspec.json.decode(row.kinds, type=tuple[str, ...]),
        word(row.least),
        msgspec.json.decode(row.scope, type=tuple[str, ...]),
        row.period,
        row.disabled,
        row.made,
        row.made_by,
        counts.get((row.id, "waiting"), 0),
        counts.get((row.id, "dead"), 0),
        error,
    )


def remove_webhook(connection: Connection, number: int, *, by: Actor, now: float, address: str = "") -> bool:
    """Remove a webhook and its messages; False where there is none with this id."""
    name = connection.execute(delete(webhook).where(webhook.c.id == number).returning(webhook.c.name)).scalar()
    if name is not None:
        record(connection, now, by.name, "webhook removed", name, address)
    return name is not None


def enable_webhook(connection: Connection, number: int, *, by: Actor, now: float, address: str = "") -> bool:
    """Enable a webhook that its receiver had disabled; False where there is none."""
    change = update(webhook).where(webhook.c.id == number).values(disabled="").returning(webhook.c.name)
    name = connection.execute(change).scalar()
    if name is not None:
        record(connection, now, by.name, "webhook enabled", name, address)
    return name is not None


def list_messages(connection: Connection, *, state: str = "dead") -> list[MessageRow]:
    """The newest messages in a state: dead or waiting."""
    query = (
        select(message, webhook.c.name.label("webhook"))
        .join_from(message, webhook)
        .where(message.c.state == state)
        .order_by(message.c.id.desc())
        .limit(_MOST_MESSAGES)
    )
    return [
        MessageRow(row.id, row.uid, row.webhook, row.state, row.made, row.due, row.tries, row.error)
        for row in connection.execute(query)
    ]


def _place(url: str) -> str:
    """The server of a URL: its path may be a secret."""
    return urlsplit(url).netloc
