"""Decides without an engine: what the decision asks for is assumed, and each assumption that counted is named."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from sealock.guard.decision.decide import decide
from sealock.guard.decision.exchange import (
    MOST_ROUNDS,
    Allowed,
    Answer,
    ArchiveAnswer,
    ArchiveQuestion,
    Caller,
    Denied,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    GuardReason,
    NeedsFacts,
    NoAnswer,
    PathAnswer,
    PathQuestion,
    Question,
)
from sealock.guard.decision.namedpaths import plain_path
from sealock.guard.decision.prepared import Guard

_LISTS: Final = "/containers/json"


class OfflineDecision(Struct, frozen=True):
    """A decision, and what it assumes about engine and host."""

    result: Allowed | Denied
    assumed: tuple[str, ...] = ()


def decide_offline(
    request: EngineRequest, caller: Caller, guard: Guard, today: date, paths: Mapping[str, str] = MappingProxyType({})
) -> OfflineDecision:
    """Decide with assumptions: paths are no links, what the request names on the engine is not there yet.

    `paths` are where paths led that are links, as the log holds them.
    """
    answers: dict[Question, Answer] = {}
    assumed: list[str] = []
    for _ in range(MOST_ROUNDS):
        result = decide(request, caller, guard, answers, today)
        if not isinstance(result, NeedsFacts):
            return OfflineDecision(result, tuple(assumed))
        for question in result.questions:
            answers[question], words = _assume(question, paths)
            assumed.append(words)
    failed = GuardReason("G011", "the decision asks for too much", "send the request to the guard itself")
    return OfflineDecision(Denied((failed,)), tuple(assumed))


def _assume(question: Question, paths: Mapping[str, str]) -> tuple[Answer, str]:
    if isinstance(question, PathQuestion):
        if path := paths.get(question.path, ""):
            return PathAnswer(path, "directory"), f"{question.path} is {path}, and the caller cannot replace it"
        path = plain_path(question.path)
        return PathAnswer(path, "directory"), f"{path} is a directory, is no link, and the caller cannot replace it"
    if isinstance(question, ArchiveQuestion):
        what = "Dockerfile of the context" if question.kind == "context" else "images in the archive"
        return ArchiveAnswer(unread="it is not here"), f"the policy allows the {what}"
    if isinstance(question, EngineQuestion):
        if question.path.startswith(_LISTS):
            return EngineAnswer(200, []), "the caller has no containers yet"
        kind, _, name = question.path[1:].removesuffix("/json").partition("/")
        return EngineAnswer(404), f"the engine has no {kind.removesuffix('s')} {name}"
    return NoAnswer("nothing is known of the image here", "ask on the machine where the guard runs"), "no evidence"
