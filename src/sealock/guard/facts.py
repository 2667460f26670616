"""Answers the questions of a decision: from the engine, the host's file system and the cache, each with a deadline."""

from __future__ import annotations

import asyncio
import time
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
from sealock.guard.imagewatch import PREFIX, ImageWatch
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
    count: int = 0
    """What the watch of images counted when it was asked for; 0 for what is asked again each time."""
    asked: float = 0.0
    """When it was asked for, by `time.monotonic`."""


class Begun(Struct, frozen=True):
    """A question that was sent: the connection, what was answered last, and what `_Known` says of when it was asked."""

    line: Line
    before: EngineAnswer | None
    mark: tuple[int, float]


class Facts:
    """Answers questions about the engine, the host and images."""

    def __init__(self, door: EngineDoor, evidence: ImageEvidence, watch: ImageWatch | None = None) -> None:
        self.door, self._evidence, self._watch = door, evidence, watch
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

    async def _engine(self, question: EngineQuestion, begun: Begun | None = None) -> Answer:
        count, asked = begun.mark if begun is not None else self._mark(question)
        try:
            status, body = await self.door.request("GET", question.path, begun.line if begun is not None else None)
        except EngineError as error:
            return NoAnswer(str(error))
        known = self._known.get(question.path)
        same = known is not None and known.answer.status == status and known.body == body
        if known is not None and same and not count:
            return known.answer
        answer = known.answer if known is not None and same else _read(status, body)
        if question.path.startswith(_STEADY) and len(body) <= _LARGEST:
            self._known.pop(question.path, None)
            self._known[question.path] = _Known(body, answer, count if status == 200 else 0, asked)
            if len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
        return answer

    def _mark(self, question: EngineQuestion) -> tuple[int, float]:
        """What is counted of events now, and the time: an answer stands that was asked for after the last event."""
        watched = self._watch is not None and question.path.startswith(PREFIX)
        return (self._watch.now() if self._watch is not None and watched else 0), time.monotonic()

    def standing(self, question: EngineQuestion) -> EngineAnswer | None:
        """What the engine answered last, where nothing happened since that could change it."""
        known = self._known.get(question.path)
        if known is None or self._watch is None or not self._watch.stands(known.count, known.asked):
            return None
        return known.answer

    def begin(self, question: EngineQuestion) -> Begun | None:
        """Ask the engine at once, and return what it answered last; None where no connection to it waits."""
        mark = self._mark(question)
        line = self.door.begin(question.path)
        if line is None:
            return None
        known = self._known.get(question.path)
        return Begun(line, known.answer if known is not None else None, mark)

    def keeps(self, question: EngineQuestion, answer: EngineAnswer) -> bool:
        """Whether this is the answer that is kept for a question: it is given again where the engine answers alike."""
        known = self._known.get(question.path)
        return known is not None and known.answer is answer

    async def finish(self, question: EngineQuestion, begun: Begun) -> Answer:
        """The answer to a question that `begin` sent: the same object where it is the same."""
        return await self._engine(question, begun)

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
    """Answers, and for questions without one what the engine answered last; the engine is asked at once.

    Only what nothing happened to since (see `ImageWatch`) is not asked again.
    So the engine works while the guard evaluates. No decision that rests on an answer of last time stands before
    `confirm` has the answers of now.
    """

    def __init__(self, facts: Facts) -> None:
        super().__init__()
        self._facts = facts
        self.begun: dict[EngineQuestion, Begun] = {}
        """What is asked for, and how that was answered last."""
        self.consulted: dict[Question, Answer | None] = {}
        """What was looked up, with the answers that were given."""

    @property
    def remembers(self) -> bool:
        """Whether an answer of last time was given, which may no longer hold."""
        return any(begun.before is not None for begun in self.begun.values())

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
            if (standing := self._facts.standing(question)) is not None:
                self[question] = standing
                return standing
            begun = self._facts.begin(question)
            if begun is None:
                return None
            self.begun[question] = begun
        return self.begun[question].before

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
            question, begun = self.begun.popitem()
            self[question] = answer = await self._facts.finish(question, begun)
            same = same and answer is begun.before
        return same

    def close(self) -> None:
        """Ask no more."""
        while self.begun:
            self.begun.popitem()[1].line.close()


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
