"""Decisions that were made before, for requests that come again.

A decision is a function of the request, the caller, the policy, the day and what its questions were answered. So one
that was made stands again where all of these are the same. What was asked for it is asked again, and it stands only
where the engine answers now what it answered then.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from msgspec import Struct

from sealock.guard.decision.decide import decide
from sealock.guard.decision.exchange import (
    Caller,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    GuardDecision,
    NeedsFacts,
)
from sealock.guard.decision.prepared import Guard
from sealock.guard.facts import Foresight

_KEPT: Final = 256
"""Decisions that are kept."""
_LARGEST: Final = 16 << 10
"""Most bytes of the target and body of a request whose decision is kept."""


class _Known(Struct, frozen=True):
    """A decision, and the answers that it rests on in the order of their questions."""

    decision: GuardDecision
    answers: tuple[tuple[EngineQuestion, EngineAnswer], ...]


class KnownDecisions:
    """Makes decisions, and keeps the last ones of the policy in use."""

    def __init__(self) -> None:
        self._guard: Guard | None = None
        self._known: dict[Any, _Known] = {}

    def decide(
        self, request: EngineRequest, caller: Caller, guard: Guard, answers: Foresight, today: date
    ) -> GuardDecision:
        """Decide on a request, as `decide` does."""
        if guard is not self._guard:
            self._guard, self._known = guard, {}
        if request.body is None or len(request.body) + len(request.target) > _LARGEST:
            return decide(request, caller, guard, answers, today)
        key = (request, *_identity(caller), today)
        known = self._known.get(key)
        if known is not None and all(answers.get(question) is answer for question, answer in known.answers):
            return known.decision
        answers.consulted.clear()
        decision = decide(request, caller, guard, answers, today)
        if not isinstance(decision, NeedsFacts) and (rests_on := answers.steady()) is not None:
            self._known.pop(key, None)
            self._known[key] = _Known(decision, rests_on)
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return decision


def _identity(caller: Caller) -> tuple[object, ...]:
    """What a decision may know of a caller: all but its pid, which is another for each command."""
    inside = caller.container
    container = inside and (inside.id, inside.name, inside.image, tuple(inside.labels.items()))
    return caller.uid, caller.gid, caller.groups, caller.tls_name, container
