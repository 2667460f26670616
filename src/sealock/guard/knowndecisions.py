"""Decisions that were made before, for requests that come again.

A decision is a function of the request, the caller, the policy, the day and what its questions were answered. So one
that was made stands again where all of these are the same. What was asked for it is asked again, and it stands only
where the engine answers now what it answered then.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from msgspec import Struct

from sealock.guard.decision.createkinds import CreateKind, VariedCreate, kind_of, take_apart
from sealock.guard.decision.decide import decide, evaluate
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
    """A decision or a kind of them, and the answers that it rests on in the order of their questions."""

    decision: GuardDecision | CreateKind
    answers: tuple[tuple[EngineQuestion, EngineAnswer], ...]


class KnownDecisions:
    """Makes decisions, and keeps the last ones of the policy in use."""

    def __init__(self) -> None:
        self._guard: Guard | None = None
        self._known: dict[Any, _Known | None] = {}
        """Decisions by their requests; None for a create of which no other one of its kind came."""

    def decide(
        self, request: EngineRequest, caller: Caller, guard: Guard, answers: Foresight, today: date
    ) -> GuardDecision:
        """Decide on a request, as `decide` does."""
        if guard is not self._guard:
            self._guard, self._known = guard, {}
        if request.body is None or len(request.body) + len(request.target) > _LARGEST:
            return decide(request, caller, guard, answers, today)
        who = (*caller.identity, today)
        known = self._standing((request, *who), answers)
        if known is not None and not isinstance(known, CreateKind):  # it is none, by its key
            return known
        create = take_apart(request, caller, guard)
        key = (CreateKind, create.bare, *who) if create is not None else None
        kind = self._kind(key, create, caller, guard, answers) if create is not None else None
        if kind is not None and create is not None and (like := kind.decide(request, create, guard)) is not None:
            return like
        answers.consulted.clear()
        decision = decide(request, caller, guard, answers, today)
        if not isinstance(decision, NeedsFacts):
            self._keep((request, *who), decision, answers)
            if key is not None:
                self._known.setdefault(key, None)
        return decision

    def _kind(
        self,
        key: Any,  # noqa: ANN401  see _standing
        create: VariedCreate,
        caller: Caller,
        guard: Guard,
        answers: Foresight,
    ) -> CreateKind | None:
        """The kind of a create; None where no other one came, or it is none that is allowed."""
        known = self._standing(key, answers)
        if known is None and key in self._known:
            answers.consulted.clear()
            decision, noun = evaluate(create.bare, caller, guard, answers, key[-1])
            known = kind_of(decision, noun, guard) or decision
            self._keep(key, known, answers)
        return known if isinstance(known, CreateKind) else None

    def _standing(self, key: Any, answers: Foresight) -> GuardDecision | CreateKind | None:  # noqa: ANN401  a request, and who sends it
        """What is known, where its questions are answered as they were."""
        known = self._known.get(key)
        if known is not None and all(answers.get(question) is answer for question, answer in known.answers):
            return known.decision
        return None

    def _keep(self, key: Any, decision: GuardDecision | CreateKind, answers: Foresight) -> None:  # noqa: ANN401  see _standing
        """Keep a decision where all that it rests on may be answered again."""
        if not isinstance(decision, NeedsFacts) and (rests_on := answers.steady()) is not None:
            self._put(key, _Known(decision, rests_on))

    def _put(self, key: Any, known: _Known | None) -> None:  # noqa: ANN401  see _standing
        self._known.pop(key, None)
        self._known[key] = known
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
