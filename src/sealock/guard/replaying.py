"""Decides the requests of a log again, by another policy: what would change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.guard.decision.exchange import Denied
from sealock.guard.decision.offline import decide_offline
from sealock.guard.decision.prepared import Guard
from sealock.guard.logreading import LoggedRequest

ReplayOutcome: TypeAlias = Literal["as before", "now denied", "now allowed", "not decided"]


class ReplayedRequests(Struct):
    """What became of the requests: how many of each outcome, and each change with how often it happened."""

    outcomes: Counter[ReplayOutcome] = Counter()
    changes: Counter[tuple[ReplayOutcome, str, str, str]] = Counter()
    """By outcome, route, caller and reason."""
    assumed: int = 0
    """How many decisions rest on what the engine or the host held then."""


def replay(logged: Iterable[LoggedRequest], guard: Guard, today: date) -> ReplayedRequests:
    """Decide each request again."""
    made = ReplayedRequests(Counter(), Counter())
    for request in logged:
        outcome, caller, why, assumed = _again(request, guard, today)
        made.outcomes[outcome] += 1
        made.assumed += assumed
        if outcome != "as before":
            route = request.entry.route or f"{request.entry.method} {request.entry.target.partition('?')[0]}"
            made.changes[outcome, route, caller, why] += 1
    return made


def _again(logged: LoggedRequest, guard: Guard, today: date) -> tuple[ReplayOutcome, str, str, bool]:
    if logged.lost:
        return "not decided", logged.entry.caller.name, "the log does not hold the body", False
    decision = decide_offline(logged.request, logged.caller, guard, today)
    result, caller = decision.result, decision.result.caller or "no caller"
    reasons = result.reasons if isinstance(result, Denied) else result.would_deny
    before = logged.entry.result != "allowed"
    if bool(reasons) == before:
        return "as before", caller, "", bool(decision.assumed)
    if reasons:
        return "now denied", caller, f"{reasons[0].rule}: {reasons[0].why}", bool(decision.assumed)
    rules = ", ".join(logged.entry.rules)
    return "now allowed", caller, f"denied before by {rules or 'no rule'}", bool(decision.assumed)
