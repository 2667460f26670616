"""An engine's world for the guard's decision: what there is, and the answers to what a decision asks."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import unquote

from sealock.guard.decision.decide import decide
from sealock.guard.decision.exchange import (
    Allowed,
    Answer,
    ArchiveAnswer,
    ArchiveQuestion,
    Caller,
    Denied,
    EngineAnswer,
    EngineQuestion,
    EngineRequest,
    ImageAnswer,
    NeedsFacts,
    NoAnswer,
    PathAnswer,
    PathQuestion,
    Question,
)
from sealock.guard.decision.prepared import prepare
from sealock.model.location import Source
from sealock.policy.settings import read

TODAY = date(2026, 11, 27)
OPEN = """
[guard]
[[guard.caller]]
name = "all"
allow = [
  "ping", "version", "info", "events", "system", "auth", "containers", "logs", "attach", "exec", "files", "commit",
  "images", "distribution", "build", "volumes", "networks", "services", "secrets", "configs", "tasks", "plugins", "checkpoints",
]
"""
"""A policy that allows every route but those of BuildKit and the swarm itself, and nothing of the host."""


class GuardWorld:
    """Containers, volumes, networks, images and links of an engine's host; each decision runs until it is made."""

    def __init__(self, policy: str = OPEN, *, rewrites: bool = True, protected: tuple[str, ...] = ()) -> None:
        text = read(Source("sealock.toml", policy), ".")
        self.guard = prepare(text, TODAY, rewrites=rewrites, protected=protected)
        self.engine: dict[str, Any] = {}
        self.links: dict[str, str] = {}
        self.paths: dict[str, PathAnswer] = {}
        self.images: dict[str, ImageAnswer] = {}
        self.archive = ArchiveAnswer("FROM debian:12.9\nUSER 1000\n")
        """What a request streams."""
        self.asked: list[Question] = []

    def decide(
        self,
        line: str,
        body: Any = None,
        caller: Caller | None = None,
        *,
        media: str | None = None,
        upgrade: str = "",
    ) -> Allowed | Denied:
        """Decide on "METHOD TARGET" with a body: bytes, or a value that is sent as JSON. None is no body."""
        method, _, target = line.partition(" ")
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        media = ("application/json" if raw else "") if media is None else media
        request = EngineRequest(method, target, media, raw, upgrade)
        answers: dict[Question, Answer] = {}
        for _ in range(8):
            decision = decide(request, caller or Caller(uid=1000, gid=1000), self.guard, answers, TODAY)
            if not isinstance(decision, NeedsFacts):
                return decision
            assert not set(decision.questions) & set(answers), "it asks what was answered"
            answers |= {question: self.answer(question) for question in decision.questions}
        msg = "the decision never comes"
        raise AssertionError(msg)

    def answer(self, question: Question) -> Answer:
        self.asked.append(question)
        if isinstance(question, EngineQuestion):
            path = unquote(question.path)
            return EngineAnswer(200, self.engine[path]) if path in self.engine else EngineAnswer(404, {"message": "no"})
        if isinstance(question, PathQuestion):
            known = self.paths.get(question.path)
            return known or PathAnswer(self.links.get(question.path, question.path.rstrip("/") or "/"), "directory")
        if isinstance(question, ArchiveQuestion):
            return self.archive
        return self.images.get(question.image, NoAnswer("the image was never checked", "sealock check image:NAME"))


def rules(decision: Allowed | Denied) -> set[str]:
    """The ids that a decision denies by; none for what is allowed."""
    return {reason.rule for reason in decision.reasons} if isinstance(decision, Denied) else set()


def sent(decision: Allowed | Denied) -> Any:
    """The JSON body that is forwarded."""
    assert isinstance(decision, Allowed), decision
    assert decision.body is not None
    return json.loads(decision.body)
