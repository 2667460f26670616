"""Acknowledges findings: they stay, with a reason and a last day, and do not count."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import Connection, delete, insert, select, true

from sealock.errors import UsageError
from sealock.model.vex import JUSTIFICATIONS
from sealock.service.access.actors import Actor
from sealock.service.access.audit import record
from sealock.service.state.settle import recount
from sealock.service.state.tables import acknowledgement, finding, repository
from sealock.service.views.common import within

__all__ = ["JUSTIFICATIONS", "AcknowledgementRequest", "acknowledge", "withdraw"]
_MOST_REASON: Final = 2000


class AcknowledgementRequest(Struct, frozen=True):
    """What does not count, and why. `thing` "" is all that the rule is about, `repository` "" all of them.

    `justification` is VEX's where the flaw does not apply, "" where it is accepted; `until` the last day, "" for none.
    """

    rule: str
    reason: str
    thing: str = ""
    repository: str = ""
    justification: str = ""
    until: str = ""


def acknowledge(
    connection: Connection, asked: AcknowledgementRequest, *, by: Actor, now: float, address: str = ""
) -> int:
    """Acknowledge, and return the number of it; UsageError says what does not fit."""
    _check(asked, now)
    own: int | None = None
    if asked.repository:
        own = connection.execute(select(repository.c.id).where(repository.c.name == asked.repository)).scalar()
        if own is None or not by.scope.covers(asked.repository):
            message = f"there is no repository {asked.repository[:200]}"
            raise UsageError(message)
    values = {
        "repository_id": own,
        "rule": asked.rule,
        "thing": asked.thing,
        "reason": asked.reason,
        "justification": asked.justification,
        "until": asked.until,
        "made_by": by.name,
        "made": now,
    }
    number: int = connection.execute(
        insert(acknowledgement).values(**values).returning(acknowledgement.c.id)
    ).scalar_one()
    about = f"{asked.rule} {asked.thing} in {asked.repository or 'all repositories'}: {asked.reason}"
    record(connection, now, by.name, "acknowledged", about, address)
    _recount(connection, asked.rule, now)
    return number


def withdraw(connection: Connection, number: int, *, by: Actor, now: float, address: str = "") -> bool:
    """Take an acknowledgement back: what it is about counts again.

    False where there is none with this number, or none in the scope of who asks.
    """
    inside = acknowledgement.c.repository_id.in_(select(repository.c.id).where(within(by.scope)))
    own = true() if by.scope.is_everything else inside
    gone = delete(acknowledgement).where(acknowledgement.c.id == number, own)
    row = connection.execute(gone.returning(acknowledgement.c.rule, acknowledgement.c.thing)).first()
    if row is None:
        return False
    record(connection, now, by.name, "acknowledgement withdrawn", f"{row.rule} {row.thing}", address)
    _recount(connection, row.rule, now)
    return True


def _check(asked: AcknowledgementRequest, now: float) -> None:
    message = ""
    if not asked.rule:
        message = "the id of the vulnerability or rule is missing"
    elif not asked.reason:
        message = "a reason is missing: say why it does not count, for who reads it in a year"
    elif max(map(len, (asked.reason, asked.rule, asked.thing, asked.repository))) > _MOST_REASON:
        message = f"the text is longer than {_MOST_REASON} characters"
    elif asked.justification and asked.justification not in JUSTIFICATIONS:
        message = f"the justification is not one of VEX's: {', '.join(JUSTIFICATIONS)}"
    elif asked.until:
        try:
            day = datetime.strptime(asked.until, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            message = "the last day is not one: write YYYY-MM-DD"
        else:
            today = datetime.fromtimestamp(now, UTC).date()
            message = "the last day has passed" if day.date() < today else ""
    if message:
        raise UsageError(message)


def _recount(connection: Connection, rule: str, now: float) -> None:
    """Count again where the rule is open."""
    touched = select(finding.c.repository_id).where(finding.c.rule == rule, finding.c.gone.is_(None)).distinct()
    recount(connection, connection.execute(touched).scalars().all(), now)
