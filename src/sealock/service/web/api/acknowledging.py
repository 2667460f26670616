"""Endpoints that acknowledge findings, and take that back: a token with a scope does so in its repositories only."""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct, structs

from sealock.service.acknowledging import JUSTIFICATIONS, AcknowledgementRequest, acknowledge, withdraw
from sealock.service.views.advisories import find_advisory
from sealock.service.web.api.endpoint import Call, Endpoint
from sealock.service.web.errors import HttpError

_Text = Annotated[str, Meta(max_length=2000)]
_Required = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
_Rule = Annotated[str, Meta(min_length=1, max_length=200)]
_Day = Annotated[str, Meta(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$")]
_Justification = Annotated[str, Meta(pattern=f"^({'|'.join(JUSTIFICATIONS)})?$")]


class AcknowledgementBody(Struct, frozen=True, forbid_unknown_fields=True):
    """What does not count, why, and until which day, "" for no end. `rule` is the id of a vulnerability or a rule.

    `thing` "" is all that it is about, `repository` "" all of them, which needs a token for all. `justification` is
    VEX's where the flaw does not apply, "" where it is accepted.
    """

    rule: _Rule
    reason: _Required
    thing: _Text = ""
    repository: _Text = ""
    justification: _Justification = ""
    until: _Day = ""


class Acknowledged(Struct, frozen=True):
    """The number of the acknowledgement, by which it is withdrawn."""

    id: int


def _acknowledge(call: Call[Any, AcknowledgementBody]) -> Acknowledged:
    asked = AcknowledgementRequest(**structs.asdict(call.body))
    if not asked.repository and not call.actor.scope.is_everything:
        message = "the token is for some repositories only: name one of them in repository"
        raise HttpError(403, message)
    with call.context.database.write() as connection:
        if find_advisory(connection, call.actor.scope, asked.rule) is None:
            message = "nothing in the scope of this token has this vulnerability or finding"
            raise HttpError(404, message)
        number = acknowledge(connection, asked, by=call.actor, now=call.context.clock(), address=call.address)
    call.context.cache.forget()
    return Acknowledged(number)


def _withdraw(call: Call[Any, None]) -> None:
    with call.context.database.write() as connection:
        number, now = int(call.path["number"]), call.context.clock()
        known = withdraw(connection, number, by=call.actor, now=now, address=call.address)
    call.context.cache.forget()
    if not known:
        message = "there is none with this number, or not in the scope of this token"
        raise HttpError(404, message)


ACKNOWLEDGING: Final = (
    Endpoint(
        method="POST",
        path="/api/v1/acknowledgements",
        about="Acknowledge a finding: it stays, with a reason and a last day, and does not count",
        role="admin",
        run=_acknowledge,
        takes=AcknowledgementBody,
        answers=Acknowledged,
        status=201,
        errors=(404,),
    ),
    Endpoint(
        method="DELETE",
        path="/api/v1/acknowledgements/{number:int}",
        about="Withdraw an acknowledgement: what it is about counts again",
        role="admin",
        run=_withdraw,
        status=204,
        errors=(404,),
    ),
)
