"""Answers the questions of a decision: from the engine, the host's file system and the cache, each with a deadline."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, EngineError
from sealock.guard.decision.exchange import (
    Answer,
    ArchiveAnswer,
    ArchiveQuestion,
    EngineAnswer,
    EngineQuestion,
    ImageAnswer,
    ImageQuestion,
    NoAnswer,
    PathAnswer,
    PathQuestion,
    Question,
)
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.hostpaths import PathError, resolve
from sealock.guard.sockets import Line

PATH: Final = 3.0
"""Seconds to follow a path: a file system of the network may never answer."""
IMAGE: Final = 3.0
"""Seconds for evidence about an image from the cache."""
_THREADS: Final = 8
_STEADY: Final = ("/images/", "/networks/", "/volumes/")
"""What the engine answers alike as long as nothing is made or removed."""
_KEPT: Final = 256
"""Answers that are kept."""
_LARGEST: Final = 64 << 10
"""Most bytes of an answer that is kept."""


class ImageEvidence(Protocol):
    """Gives evidence about images; it may block, but should not take longer than IMAGE."""

    def answer(self, question: ImageQuestion, known: dict[str, Any] | None) -> ImageAnswer | NoAnswer:
        """Answer a question; `known` is what the engine knows of the image, None where it does not have it."""
        ...


class _Known(Struct, frozen=True):
    """What the engine answered last, as it came and as it was read."""

    body: bytes
    answer: EngineAnswer


class Facts:
    """Answers questions about the engine, the host and images."""

    def __init__(self, door: EngineDoor, evidence: ImageEvidence) -> None:
        self.door, self._evidence = door, evidence
        self._known: dict[str, _Known] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="guard-facts")

    def close(self) -> None:
        """Wait for nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def answer(self, question: Question) -> Answer:
        """Answer a question; NoAnswer where there is none in time. It never raises."""
        match question:
            case EngineQuestion():
                return await self._engine(question)
            case PathQuestion():
                return await self.path(question.path)
            case ImageQuestion():
                return await self._image(question)
            case ArchiveQuestion():
                return ArchiveAnswer(unread="the engine gives a plugin no streams")

    async def _engine(self, question: EngineQuestion, begun: Line | None = None) -> Answer:
        try:
            status, body = await self.door.request("GET", question.path, begun)
        except EngineError as error:
            return NoAnswer(str(error))
        known = self._known.get(question.path)
        if known is not None and known.answer.status == status and known.body == body:
            return known.answer
        answer = _read(status, body)
        if question.path.startswith(_STEADY) and len(body) <= _LARGEST:
            self._known.pop(question.path, None)
            self._known[question.path] = _Known(body, answer)
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return answer

    def begin(self, question: EngineQuestion) -> tuple[Line, EngineAnswer | None] | None:
        """Ask the engine at once, and return what it answered last; None where no connection to it waits."""
        line = self.door.begin(question.path)
        if line is None:
            return None
        known = self._known.get(question.path)
        return line, known.answer if known is not None else None

    def keeps(self, question: EngineQuestion, answer: EngineAnswer) -> bool:
        """Whether this is the answer that is kept for a question: it is given again where the engine answers alike."""
        known = self._known.get(question.path)
        return known is not None and known.answer is answer

    async def finish(self, question: EngineQuestion, line: Line) -> Answer:
        """The answer to a question that `begin` sent: the same object where it is the same."""
        return await self._engine(question, line)

    async def path(self, path: str) -> PathAnswer | NoAnswer:
        """Follow a path of the host."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(PATH):
                return await loop.run_in_executor(self._threads, resolve, path)
        except PathError as error:
            return NoAnswer(
                f"the guard cannot follow {path}: {error}",
                "name a path that the guard's user may look up, or give the guard CAP_DAC_READ_SEARCH",
            )
        except TimeoutError:
            return NoAnswer(f"the file system of {path} does not answer", "use a path whose file system answers")

    async def _image(self, question: ImageQuestion) -> Answer:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(IMAGE):
                known = await self.door.decoded(f"/images/{question.image}/json")
                return await loop.run_in_executor(
                    self._threads, self._evidence.answer, question, known if isinstance(known, dict) else None
                )
        except EngineError as error:
            return NoAnswer(str(error))
        except TimeoutError:
            return NoAnswer(f"nothing is known about {question.image} within {IMAGE:g} seconds", "try again later")


class Foresight(dict[Question, Answer]):
    """Answers, and for questions without one what the engine answered last; the engine is asked at once in any case.

    So the engine works while the guard evaluates. No decision that rests on an answer of last time stands before
    `confirm` has the answers of now.
    """

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts
        self.begun: dict[EngineQuestion, tuple[Line, EngineAnswer | None]] = {}
        """What is asked for, and how that was answered last."""
        self.consulted: dict[Question, Answer | None] = {}
        """What was looked up, with the answers that were given."""

    @property
    def remembers(self) -> bool:
        """Whether an answer of last time was given, which may no longer hold."""
        return any(before is not None for _, before in self.begun.values())

    def get(self, question: Question, default: Any = None) -> Any:  # noqa: ANN401  as of any dict
        """The answer to a question, or the one of last time; the default where there is neither."""
        answer = self.consulted[question] = self._looked_up(question)
        return default if answer is None else answer

    def _looked_up(self, question: Question) -> Answer | None:
        if question in self:
            return self[question]
        if not isinstance(question, EngineQuestion):
            return None
        if question not in self.begun:
            begun = self._facts.begin(question)
            if begun is None:
                return None
            self.begun[question] = begun
        return self.begun[question][1]

    def steady(self) -> tuple[tuple[EngineQuestion, EngineAnswer], ...] | None:
        """What was looked up, where each answer is one that the engine may give again; None where one is not."""
        pairs: list[tuple[EngineQuestion, EngineAnswer]] = []
        for question, answer in self.consulted.items():
            if not isinstance(question, EngineQuestion) or not isinstance(answer, EngineAnswer):
                return None
            if not self._facts.keeps(question, answer):
                return None
            pairs.append((question, answer))
        return tuple(pairs)

    async def confirm(self) -> bool:
        """Wait for the answers of now; returns whether they are those that were given."""
        same = True
        while self.begun:
            question, (line, before) = self.begun.popitem()
            self[question] = answer = await self._facts.finish(question, line)
            same = same and answer is before
        return same

    def close(self) -> None:
        """Ask no more."""
        while self.begun:
            self.begun.popitem()[1][0].close()


def _read(status: int, body: bytes) -> EngineAnswer:
    try:
        return EngineAnswer(status, without_nulls(msgspec.json.decode(body)) if body.strip() else None)
    except UNDECODABLE:
        return EngineAnswer(status)


def without_nulls(value: Any) -> Any:  # noqa: ANN401  any JSON
    """An engine's JSON without members that are null: Go writes that for what is not set."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
