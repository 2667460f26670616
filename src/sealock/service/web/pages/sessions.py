"""Pages of accounts: login, the link that makes one, and the own one."""

from __future__ import annotations

from typing import Final

from sealock.errors import UsageError
from sealock.service.access.people import accept, change_password, has_people, is_invitation, log_in, log_out
from sealock.service.web.clients import network_of
from sealock.service.web.errors import HttpError, too_many
from sealock.service.web.pages.page import Page, PageAnswer, PageCall, PageMove, PageView


def _login(call: PageCall) -> PageAnswer:
    if call.actor.session:
        return PageMove(call.query.get("next", "/"))
    with call.context.database.read() as connection:
        people = has_people(connection)
    return PageView("login.html", {"next": call.query.get("next", "/"), "name": "", "error": "", "people": people})


def _log_in(call: PageCall) -> PageAnswer:
    name, following = call.form.get("name", "").strip()[:100], call.form.get("next", "/")
    for key in (f"address {network_of(call.address)}", f"account {name.lower()}"):
        if wait := call.context.rates.logins.wait(key):
            raise too_many(wait)
    context = call.context
    secret = log_in(context.database, name, call.form.get("password", ""), now=context.clock(), address=call.address)
    if not secret:
        error = "There is no account with this name and password."
        return PageView("login.html", {"next": following, "name": name, "error": error, "people": True}, 401)
    return PageMove(following, secret)


def _log_out(call: PageCall) -> PageAnswer:
    log_out(call.context.database, call.actor.session)
    return PageMove("/login", "")


def _invitation(call: PageCall) -> PageAnswer:
    with call.context.database.read() as connection:
        if not is_invitation(connection, call.path["secret"], call.context.clock()):
            message = "the link was used before, or is older than a day: ask an administrator for another"
            raise HttpError(404, message)
    return PageView("invitation.html", {"name": "", "error": ""})


def _accept(call: PageCall) -> PageAnswer:
    if wait := call.context.rates.logins.wait(f"address {network_of(call.address)}"):
        raise too_many(wait)
    name = call.form.get("name", "").strip()
    password = call.form.get("password", "")
    try:
        if password != call.form.get("again", ""):
            message = "the two passwords differ"
            raise UsageError(message)  # noqa: TRY301  as the other refusals
        secret = accept(
            call.context.database,
            call.path["secret"],
            name,
            password,
            now=call.context.clock(),
            address=call.address,
        )
    except UsageError as error:
        return PageView("invitation.html", {"name": name, "error": f"{error}."}, 400)
    return PageMove("/", secret)


def _account(_call: PageCall, error: str = "", *, changed: bool = False) -> PageAnswer:
    return PageView("account.html", {"error": error, "changed": changed}, 400 if error else 200)


def _change_password(call: PageCall) -> PageAnswer:
    new, context = call.form.get("password", ""), call.context
    if wait := context.rates.logins.wait(f"account {call.actor.name.lower()}"):
        raise too_many(wait)
    try:
        if new != call.form.get("again", ""):
            message = "the two new passwords differ"
            raise UsageError(message)  # noqa: TRY301  as the other refusals
        present, now = call.form.get("present", ""), context.clock()
        change_password(context.database, call.actor.session, present, new, now=now, address=call.address)
    except UsageError as error:
        return _account(call, error=f"{error}.")
    return _account(call, changed=True)


SESSIONS: Final = (
    Page("GET", "/account", _account),
    Page("POST", "/account", _change_password),
    Page("GET", "/login", _login, None),
    Page("POST", "/login", _log_in, None),
    Page("POST", "/logout", _log_out),
    Page("GET", "/invitation/{secret}", _invitation, None),
    Page("POST", "/invitation/{secret}", _accept, None),
)
