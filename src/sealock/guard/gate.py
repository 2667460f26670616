"""One request to its decision: the facts that it needs are asked for, and whatever goes wrong on the way denies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from traceback import extract_tb
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.guard.breakglass import BreakGlass, GlassWatch
from sealock.guard.decision.decide import recognize
from sealock.guard.decision.exchange import (
    MOST_ROUNDS,
    Allowed,
    Answer,
    ArchiveQuestion,
    Caller,
    Denied,
    EngineRequest,
    GuardDecision,
    GuardReason,
    NeedsFacts,
    PathAnswer,
    PathQuestion,
)
from sealock.guard.decision.jsonvalues import as_object
from sealock.guard.decision.namedpaths import named_paths, plain_path
from sealock.guard.decision.requestbodies import BodyError, parse_strictly
from sealock.guard.facts import Facts, Foresight
from sealock.guard.http1 import WireError
from sealock.guard.knowndecisions import KnownDecisions
from sealock.guard.livepolicy import LivePolicy

DEADLINE: Final = 8.0
"""Seconds for a whole decision, all questions included."""
FAILED: Final = "G000"
_LINKS: Final = 100
"""Most paths of a request whose ends are in the log."""

ReadArchive: TypeAlias = Callable[[ArchiveQuestion, str], Awaitable[Answer]]
"""Reads the archive that a request streams, sent by a caller of this name."""


class GateOutcome(Struct, frozen=True):
    """What is done with a request. `denied` are the reasons why it is denied, or would be where `opened` is set."""

    result: Allowed | Denied
    opened: BreakGlass | None = None
    error: str = ""
    """What went wrong in the guard itself, for the log."""
    paths: tuple[PathAnswer, ...] = ()
    """The paths of the host that the decision rests on."""
    links: tuple[tuple[str, str], ...] = ()
    """The paths of the host that the request names and that lead elsewhere, and where."""
    lasting: bool = False
    """Whether the request may pass, and that rests on nothing but itself, its caller, the policy and the day."""


class Gate:
    """Decides requests by the policy in use."""

    def __init__(self, policy: LivePolicy, facts: Facts, glass: GlassWatch, *, audit: bool = False) -> None:
        self.policy, self.facts, self.glass, self.audit = policy, facts, glass, audit
        self._decisions = KnownDecisions()

    async def decide(
        self, request: EngineRequest, caller: Caller, read_archive: ReadArchive | None = None
    ) -> GateOutcome:
        """Decide a request; it is denied where no decision comes in time.

        It raises nothing but what ends the connection: WireError of a body, and a cancellation.
        """
        answers = Foresight(self.facts)
        error = ""
        try:
            # Most requests rest on no facts.
            first = self._decide(request, caller, answers)
            if isinstance(first, NeedsFacts) and read_archive is not None:
                setting = self.policy.current.setting(caller)
                for question in first.questions:
                    if isinstance(question, ArchiveQuestion):
                        answers.close()  # what was asked by now is old once the archive is there
                        answers[question] = await read_archive(question, setting.name if setting is not None else "")
                        first = self._decide(request, caller, answers)
            if isinstance(first, Denied) and not answers.remembers:
                answers.close()  # no answer can change it
            # A single question has a deadline of its own, which is within that of the decision.
            if len(answers.begun) == 1 and isinstance(first, Allowed | Denied) and not await answers.confirm():
                first = self._decide(request, caller, answers)
            if answers.begun or isinstance(first, NeedsFacts):
                async with asyncio.timeout(DEADLINE):
                    result = await self._with_facts(request, caller, answers, first)
            else:
                result = first
        except WireError:
            raise
        except TimeoutError:
            result = _failed(f"no decision within {DEADLINE:g} seconds", "try again; `sealock guard status` shows why")
        except Exception as fault:  # noqa: BLE001  a fault of the guard must not let a request pass
            error = f"{type(fault).__name__}: {fault} ({_place(fault)})"
            result = _failed("the guard could not evaluate it, by a fault of its own", "see the log of the guard")
        finally:
            answers.close()
        paths = tuple(answer for answer in answers.values() if isinstance(answer, PathAnswer))
        outcome = self.outcome(request, result, error, paths)
        if links := await self._links(request, outcome, answers):
            outcome = replace(outcome, links=links)
        if error or answers or answers.consulted or not isinstance(result, Allowed):
            return outcome
        return replace(outcome, lasting=True)

    async def _links(
        self, request: EngineRequest, outcome: GateOutcome, answers: Foresight
    ) -> tuple[tuple[str, str], ...]:
        """Where named paths lead that are links: what was answered, and for what passes undecided, the others too."""
        known = {asked.path: answer for asked, answer in answers.items() if isinstance(asked, PathQuestion)}
        result = outcome.result
        if isinstance(result, Allowed) and result.would_deny and request.body:
            route = result.route or recognize(request.method, request.target, self.policy.current)
            with suppress(BodyError, TimeoutError):
                named = named_paths(route.name if route is not None else "", as_object(parse_strictly(request.body)))
                async with asyncio.timeout(DEADLINE):
                    for path in islice((path for path in named if path not in known), _LINKS):
                        known[path] = await self.facts.path(path)
        led = ((path, answer.path) for path, answer in known.items() if isinstance(answer, PathAnswer))
        return tuple(islice(((path, to) for path, to in led if to != plain_path(path)), _LINKS))

    def outcome(
        self, request: EngineRequest, result: Allowed | Denied, error: str = "", paths: tuple[PathAnswer, ...] = ()
    ) -> GateOutcome:
        """What is done with a request: in audit mode, and while the guard is open, a denial lets it pass as it came."""
        if isinstance(result, Allowed):
            # In audit mode what holds no longer ends no container.
            return GateOutcome(result, None, error, () if self.audit or result.would_deny else paths)
        if (opened := self.glass.current()) is not None:
            return GateOutcome(result, opened, error, paths)
        if self.audit:
            passed = Allowed(result.route, result.caller, request.target, request.body, would_deny=result.reasons)
            return GateOutcome(passed, None, error)
        return GateOutcome(result, None, error)

    def _decide(self, request: EngineRequest, caller: Caller, answers: Foresight) -> GuardDecision:
        return self._decisions.decide(request, caller, self.policy.current, answers, datetime.now(UTC).date())

    async def _with_facts(
        self, request: EngineRequest, caller: Caller, answers: Foresight, result: GuardDecision
    ) -> Allowed | Denied:
        for _ in range(MOST_ROUNDS):
            same = await answers.confirm()
            if same and not isinstance(result, NeedsFacts):
                return result
            if isinstance(result, NeedsFacts):
                new = [question for question in result.questions if question not in answers]
                if same and not new:
                    return _ENDLESS
                answers |= zip(new, await asyncio.gather(*map(self.facts.answer, new)), strict=True)
            result = self._decide(request, caller, answers)
        if not answers.begun and not isinstance(result, NeedsFacts):
            return result
        return _ENDLESS


def _place(fault: Exception) -> str:
    """Where in the code a fault arose."""
    frames = extract_tb(fault.__traceback__)
    return f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""


def _failed(why: str, remedy: str) -> Denied:
    return Denied((GuardReason(FAILED, why, remedy),))


_ENDLESS: Final = _failed("it rests on more facts than the guard asks for", "split it up")
