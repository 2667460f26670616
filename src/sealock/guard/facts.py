"""Answers the questions of a decision: from the engine, the host's file system and the cache, each with a deadline."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

import msgspec

from sealock.errors import EngineError
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

PATH: Final = 3.0
"""Seconds to follow a path: a file system of the network may never answer."""
IMAGE: Final = 3.0
"""Seconds for evidence about an image from the cache."""
_THREADS: Final = 8


class ImageEvidence(Protocol):
    """Gives evidence about images; it may block, but should not take longer than IMAGE."""

    def answer(self, question: ImageQuestion, known: dict[str, Any] | None) -> ImageAnswer | NoAnswer:
        """Answer a question; `known` is what the engine knows of the image, None where it does not have it."""
        ...


class Facts:
    """Answers questions about the engine, the host and images."""

    def __init__(self, door: EngineDoor, evidence: ImageEvidence) -> None:
        self.door, self._evidence = door, evidence
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

    async def _engine(self, question: EngineQuestion) -> Answer:
        try:
            status, body = await self.door.request("GET", question.path)
        except EngineError as error:
            return NoAnswer(str(error))
        try:
            return EngineAnswer(status, without_nulls(msgspec.json.decode(body)) if body.strip() else None)
        except (msgspec.MsgspecError, RecursionError):
            return EngineAnswer(status)

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


def without_nulls(value: Any) -> Any:  # noqa: ANN401  any JSON
    """An engine's JSON without members that are null: Go writes that for what is not set."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value
