"""Endpoints of administrators: tokens, webhooks, messages, the audit log."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct, structs

from sealock.service.access.audit import AuditRow, list_audit
from sealock.service.access.machines import TokenRow, issue, list_tokens, revoke
from sealock.service.access.tokens import Role, parse_scope
from sealock.service.delivery.outbox import retry
from sealock.service.delivery.webhooks import (
    EventKind,
    MessageRow,
    Period,
    WebhookAddition,
    WebhookRequest,
    WebhookRow,
    add_webhook,
    list_messages,
    list_webhooks,
    remove_webhook,
)
from sealock.service.views.nouns import SeverityWord
from sealock.service.web.api.endpoint import Call, for_administrators
from sealock.service.web.errors import HttpError

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[\w.@:/-][\w.@:/ -]*$")]
Repository = Annotated[str, Meta(pattern=r"^[!-)+-~]+(/\*)?$", max_length=400)]
Repositories = Annotated[tuple[Repository, ...], Meta(max_length=100)]
_PORT = "(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
_MOST_DAYS: Final = 3650


class TokenRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make; `scope` without entries is all repositories, `days` None means that it does not end."""

    name: Name
    role: Role = "read"
    scope: Repositories = ()
    days: Annotated[int, Meta(ge=1, le=_MOST_DAYS)] | None = None


class NewToken(Struct, frozen=True):
    """A token with its secret, which nothing shows again."""

    token: TokenRow
    secret: str


class WebhookBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook to make; without `kinds` it gets all events, without `secret` sealock makes one."""

    name: Name
    url: Annotated[
        str, Meta(pattern=rf"^https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?{_PORT}(/[!-~]*)?$", max_length=2000)
    ]
    kinds: Annotated[tuple[EventKind, ...], Meta(max_length=20)] = ()
    least: SeverityWord = ""
    scope: Repositories = ()
    period: Period = ""


class NewWebhook(Struct, frozen=True):
    """A webhook with its secret, which nothing shows again."""

    webhook: WebhookRow
    secret: str


class AuditQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries: those older than the one with the id `before`."""

    before: Annotated[int, Meta(ge=0, le=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=500)] = 100


def _tokens(call: Call[Any, None]) -> list[TokenRow]:
    with call.context.database.read() as connection:
        return list_tokens(connection)


def _new_token(call: Call[Any, TokenRequest]) -> NewToken:
    asked, now = call.body, call.context.clock()
    until = now + asked.days * 86400 if asked.days else None
    scope = parse_scope(asked.scope)
    with call.context.database.write() as connection:
        row, secret = issue(
            connection, asked.name, asked.role, scope, by=call.actor, now=now, until=until, address=call.address
        )
    return NewToken(row, secret)


def _revoke(call: Call[Any, None]) -> None:
    with call.context.database.write() as connection:
        known = revoke(
            connection, int(call.path["number"]), by=call.actor, now=call.context.clock(), address=call.address
        )
    _known(known=known)


def _webhooks(call: Call[Any, None]) -> list[WebhookRow]:
    with call.context.database.read() as connection:
        return list_webhooks(connection)


def _new_webhook(call: Call[Any, WebhookBody]) -> NewWebhook:
    asked, context = WebhookRequest(**structs.asdict(call.body)), call.context
    new = WebhookAddition(asked, context.sealer, context.settings.guard, call.actor, context.clock(), call.address)
    with call.context.database.write() as connection:
        row, secret = add_webhook(connection, new)
    return NewWebhook(row, secret)


def _remove_webhook(call: Call[Any, None]) -> None:
    with call.context.database.write() as connection:
        known = remove_webhook(
            connection, int(call.path["number"]), by=call.actor, now=call.context.clock(), address=call.address
        )
    _known(known=known)


def _dead(call: Call[Any, None]) -> list[MessageRow]:
    with call.context.database.read() as connection:
        return list_messages(connection)


def _retry(call: Call[Any, None]) -> None:
    with call.context.database.write() as connection:
        known = retry(
            connection, int(call.path["number"]), by=call.actor, now=call.context.clock(), address=call.address
        )
    _known(known=known)


def _audit(call: Call[AuditQuery, None]) -> list[AuditRow]:
    with call.context.database.read() as connection:
        return list_audit(connection, before=call.query.before, limit=call.query.limit)


def _known(*, known: bool) -> None:
    if not known:
        message = "there is none with this number"
        raise HttpError(404, message)


ADMINISTRATION: Final = (
    for_administrators("GET", "/api/v1/tokens", "Tokens, without their secrets", _tokens, answers=list[TokenRow]),
    for_administrators(
        "POST",
        "/api/v1/tokens",
        "Make a token",
        _new_token,
        takes=TokenRequest,
        answers=NewToken,
        status=201,
    ),
    for_administrators("DELETE", "/api/v1/tokens/{number:int}", "Revoke a token", _revoke, status=204, errors=(404,)),
    for_administrators(
        "GET", "/api/v1/webhooks", "Webhooks, without their secrets", _webhooks, answers=list[WebhookRow]
    ),
    for_administrators(
        "POST", "/api/v1/webhooks", "Make a webhook", _new_webhook, takes=WebhookBody, answers=NewWebhook, status=201
    ),
    for_administrators(
        "DELETE",
        "/api/v1/webhooks/{number:int}",
        "Remove a webhook and its messages",
        _remove_webhook,
        status=204,
        errors=(404,),
    ),
    for_administrators("GET", "/api/v1/messages/dead", "Messages that were given up", _dead, answers=list[MessageRow]),
    for_administrators(
        "POST",
        "/api/v1/messages/{number:int}/retry",
        "Send a message again that was given up",
        _retry,
        status=204,
        errors=(404,),
    ),
    for_administrators(
        "GET", "/api/v1/audit", "Who changed what, newest first", _audit, answers=list[AuditRow], query=AuditQuery
    ),
)
