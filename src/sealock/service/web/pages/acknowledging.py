"""Acknowledging findings: the form, and taking it back."""

from __future__ import annotations

from typing import Final

from sealock.errors import UsageError
from sealock.service.acknowledging import JUSTIFICATIONS, AcknowledgementRequest, acknowledge, withdraw
from sealock.service.views.advisories import find_advisory
from sealock.service.views.events import list_acknowledgements
from sealock.service.web.pages.images import present
from sealock.service.web.pages.page import Page, PageAnswer, PageCall, PageMove, PageView


def _form(call: PageCall) -> PageAnswer:
    asked = AcknowledgementRequest(
        call.query.get("rule", ""), "", call.query.get("thing", ""), call.query.get("repository", "")
    )
    return _shown(call, asked, "")


def _shown(call: PageCall, asked: AcknowledgementRequest, error: str) -> PageAnswer:
    with call.context.database.read() as connection:
        view = present(find_advisory(connection, call.actor.scope, asked.rule))
    values = {"view": view, "asked": asked, "error": error, "justifications": JUSTIFICATIONS}
    return PageView("acknowledge.html", values, 400 if error else 200)


def _acknowledge(call: PageCall) -> PageAnswer:
    names = ("rule", "reason", "thing", "repository", "justification", "until")
    asked = AcknowledgementRequest(*(call.form.get(name, "").strip() for name in names))
    try:
        with call.context.database.write() as connection:
            acknowledge(connection, asked, by=call.actor, now=call.context.clock(), address=call.address)
    except UsageError as error:
        return _shown(call, asked, f"{error}.")
    call.context.cache.forget()
    return PageMove("/acknowledgements")


def _withdraw(call: PageCall) -> PageAnswer:
    with call.context.database.write() as connection:
        withdraw(connection, int(call.path["number"]), by=call.actor, now=call.context.clock(), address=call.address)
    call.context.cache.forget()
    return PageMove("/acknowledgements")


def _list(call: PageCall) -> PageAnswer:
    with call.context.database.read() as connection:
        rows = list_acknowledgements(connection, call.actor.scope, after=call.query.get("after", ""), limit=50)
    return PageView("acknowledgements.html", {"rows": rows})


ACKNOWLEDGING: Final = (
    Page("GET", "/acknowledgements", _list),
    Page("GET", "/acknowledge", _form, "admin"),
    Page("POST", "/acknowledge", _acknowledge, "admin"),
    Page("POST", "/acknowledgements/{number:int}/withdraw", _withdraw, "admin"),
)
