"""Pages of administrators: tokens, webhooks, registries, people, the audit log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

from sealock.errors import UsageError
from sealock.service.access.audit import list_audit, record
from sealock.service.access.machines import issue, list_tokens, revoke
from sealock.service.access.people import invite, list_people, remove_person
from sealock.service.access.tokens import ROLES, Role, parse_scope
from sealock.service.delivery.outbox import retry
from sealock.service.delivery.webhooks import (
    Period,
    WebhookAddition,
    WebhookRequest,
    add_webhook,
    enable_webhook,
    list_messages,
    list_webhooks,
    remove_webhook,
)
from sealock.service.registries import drop_registry, keep_registry, list_registries, watch
from sealock.service.views.nouns import SeverityWord
from sealock.service.views.silence import read_silence
from sealock.service.web.pages.page import Page, PageAnswer, PageCall, PageMove, PageView
from sealock.service.web.pages.rendering import KINDS

_DAY: Final = 86400
_MOST_DAYS: Final = 3650
_PERIODS: Final = {"": "at once", "hour": "each hour", "day": "each day"}
_LEAST: Final = ("", "low", "medium", "high", "critical")


def _tokens(call: PageCall, error: str = "", secret: str = "") -> PageAnswer:
    with call.context.database.read() as connection:
        rows = list_tokens(connection)
    values = {"rows": rows, "error": error, "secret": secret, "roles": ROLES, "form": call.form}
    return PageView("tokens.html", values, 400 if error else 200)


def _new_token(call: PageCall) -> PageAnswer:
    now, role = call.context.clock(), call.form.get("role", "")
    try:
        scope = parse_scope(call.form.get("scope", "").split())
        days = _days(call.form.get("days", ""))
        if role not in ROLES:
            message = "choose a role"
            raise UsageError(message)  # noqa: TRY301  as the other refusals
        with call.context.database.write() as connection:
            _, secret = issue(
                connection,
                call.form.get("name", ""),
                role,
                scope,
                by=call.actor,
                now=now,
                until=now + days * _DAY if days else None,
                address=call.address,
            )
    except UsageError as error:
        return _tokens(call, error=f"{error}.")
    return _tokens(call, secret=secret)


def _days(text: str) -> int:
    digits = text.strip()
    if not digits:
        return 0
    if not digits.isdecimal() or len(digits) > len(str(_MOST_DAYS)) or not 1 <= int(digits) <= _MOST_DAYS:
        message = f"the days are a number from 1 to {_MOST_DAYS}, or nothing for a token that does not end"
        raise UsageError(message)
    return int(digits)


def _webhooks(call: PageCall, error: str = "", secret: str = "") -> PageAnswer:
    with call.context.database.read() as connection:
        values = {
            "rows": list_webhooks(connection),
            "dead": list_messages(connection),
            "error": error,
            "secret": secret,
            "kinds": KINDS,
            "least": _LEAST,
            "periods": _PERIODS,
            "form": call.form,
            "chosen": call.all("kinds"),
        }
    return PageView("webhooks.html", values, 400 if error else 200)


def _new_webhook(call: PageCall) -> PageAnswer:
    context, period, least = call.context, call.form.get("period", ""), call.form.get("least", "")
    try:
        asked = WebhookRequest(
            call.form.get("name", ""),
            call.form.get("url", ""),
            tuple(kind for kind in call.all("kinds") if kind in KINDS),
            cast("SeverityWord", least),
            parse_scope(call.form.get("scope", "").split()).entries,
            cast("Period", period if period in _PERIODS else ""),
        )
        new = WebhookAddition(asked, context.sealer, context.settings.guard, call.actor, context.clock(), call.address)
        with context.database.write() as connection:
            _, secret = add_webhook(connection, new)
    except UsageError as error:
        return _webhooks(call, error=f"{error}.")
    return _webhooks(call, secret=secret)


def _registries(call: PageCall, error: str = "") -> PageAnswer:
    with call.context.database.read() as connection:
        rows = list_registries(connection)
        watched = read_silence(connection, call.actor.scope, call.context.clock()).polls
    values = {"rows": rows, "watched": watched, "error": error, "form": call.form}
    return PageView("registries.html", values, 400 if error else 200)


def _keep_registry(call: PageCall) -> PageAnswer:
    context = call.context
    login = (call.form.get("host", ""), call.form.get("user", ""), call.form.get("password", ""))
    try:
        with context.database.write() as connection:
            keep_registry(connection, context.key, *login, by=call.actor, now=context.clock(), address=call.address)
    except UsageError as error:
        return _registries(call, error=f"{error}.")
    return PageMove("/administration/registries")


def _drop_registry(call: PageCall) -> PageAnswer:
    with call.context.database.write() as connection:
        host = call.form.get("host", "")
        drop_registry(connection, host, by=call.actor, now=call.context.clock(), address=call.address)
    return PageMove("/administration/registries")


def _watch(call: PageCall) -> PageAnswer:
    try:
        with call.context.database.write() as connection:
            watch(
                connection,
                call.form.get("repository", ""),
                watched=call.form.get("watched") != "no",
                by=call.actor,
                now=call.context.clock(),
                address=call.address,
            )
    except UsageError as error:
        return _registries(call, error=f"{error}.")
    return PageMove("/administration/registries")


def _people(call: PageCall, error: str = "", link: str = "") -> PageAnswer:
    with call.context.database.read() as connection:
        values = {"rows": list_people(connection), "error": error, "link": link}
    return PageView("people.html", values, 400 if error else 200)


def _invite(call: PageCall) -> PageAnswer:
    role: Role = "admin" if call.form.get("role") == "admin" else "read"
    with call.context.database.write() as connection:
        secret = invite(connection, role, call.actor.name, call.context.clock())
        record(connection, call.context.clock(), call.actor.name, "invitation made", role, call.address)
    return _people(call, link=f"{call.own}/invitation/{secret}")


def _remove_person(call: PageCall) -> PageAnswer:
    try:
        with call.context.database.write() as connection:
            remove_person(connection, int(call.path["number"]), call.actor, call.context.clock(), call.address)
    except UsageError as error:
        return _people(call, error=f"{error}.")
    return PageMove("/administration/people")


def _audit(call: PageCall) -> PageAnswer:
    before = call.query.get("before", "")
    with call.context.database.read() as connection:
        rows = list_audit(connection, before=int(before) if before.isdecimal() and len(before) < 16 else 0, limit=101)
    return PageView("audit.html", {"rows": rows[:100], "more": rows[99].id if len(rows) > 100 else 0})


def _doing(change: Callable[..., Any], to: str) -> Callable[[PageCall], PageAnswer]:
    """A form of one button: change the row with the number in the address, and show the list again."""

    def run(call: PageCall) -> PageAnswer:
        with call.context.database.write() as connection:
            change(connection, int(call.path["number"]), by=call.actor, now=call.context.clock(), address=call.address)
        return PageMove(to)

    return run


_TOKENS: Final = "/administration"
_WEBHOOKS: Final = "/administration/webhooks"

ADMINISTRATION: Final = (
    Page("GET", _TOKENS, _tokens, "admin"),
    Page("POST", _TOKENS, _new_token, "admin"),
    Page("POST", "/administration/tokens/{number:int}/revoke", _doing(revoke, _TOKENS), "admin"),
    Page("GET", _WEBHOOKS, _webhooks, "admin"),
    Page("POST", _WEBHOOKS, _new_webhook, "admin"),
    Page("POST", "/administration/webhooks/{number:int}/remove", _doing(remove_webhook, _WEBHOOKS), "admin"),
    Page("POST", "/administration/webhooks/{number:int}/enable", _doing(enable_webhook, _WEBHOOKS), "admin"),
    Page("POST", "/administration/messages/{number:int}/retry", _doing(retry, _WEBHOOKS), "admin"),
    Page("GET", "/administration/registries", _registries, "admin"),
    Page("POST", "/administration/registries", _keep_registry, "admin"),
    Page("POST", "/administration/registries/remove", _drop_registry, "admin"),
    Page("POST", "/administration/watches", _watch, "admin"),
    Page("GET", "/administration/people", _people, "admin"),
    Page("POST", "/administration/people", _invite, "admin"),
    Page("POST", "/administration/people/{number:int}/remove", _remove_person, "admin"),
    Page("GET", "/administration/audit", _audit, "admin"),
)
