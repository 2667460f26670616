"""An answer about an image stands until an event says that something happened to images, and no longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import pytest

from sealock.guard import imagewatch
from sealock.guard.decision.exchange import Answer, EngineAnswer, EngineQuestion
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts, Foresight, ImageEvidence
from sealock.guard.imagewatch import ImageWatch
from support.scriptedengine import answer
from support.waiting import PATIENCE

IMAGE, NETWORK = EngineQuestion("/images/x/json"), EngineQuestion("/networks/x")
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
DOCKER = HEAD + b"Server: Docker/26.1.5 (linux)\r\n\r\n"
EVENT = b"4\r\n{}{}\r\n"


class WatchedEngine:
    """An engine with one image that changes, and the events of it as a test sends them."""

    def __init__(self, path: Path, head: bytes) -> None:
        self.path, self.head = path, head
        self.version, self.status = 1, 200
        self.asked: list[str] = []
        self.streams: list[asyncio.StreamWriter] = []
        self.before_answer: Callable[[], Awaitable[None]] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                target = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode().partition("?")[0]
                self.asked.append(target)
                if target == "/events":
                    self.streams.append(writer)
                    writer.write(self.head)
                    continue
                reply = answer({"Id": self.version}, self.status)
                if self.before_answer is not None:
                    await self.before_answer()
                writer.write(reply)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()


class World:
    """The engine, the guard's facts about it, and how often it was asked about the image."""

    def __init__(self, engine: WatchedEngine, facts: Facts, watch: ImageWatch) -> None:
        self.engine, self.facts, self.watch = engine, facts, watch

    async def ask(self, question: EngineQuestion = IMAGE) -> Answer:
        """Ask as a decision does: what stands, or what was answered last and then is confirmed."""
        answers = Foresight(self.facts)
        given = answers.get(question)
        if answers.begun or given is None:
            await answers.confirm()
            given = answers.get(question) or await self.facts.answer(question)
        answers.close()
        return cast("Answer", given)

    async def seen(self, question: EngineQuestion = IMAGE) -> tuple[object, bool]:
        """The image's version as it is answered, and whether the engine was asked."""
        before = len(self.engine.asked)
        given = await self.ask(question)
        assert isinstance(given, EngineAnswer)
        return given.value["Id"] if given.status == 200 else None, self.engine.asked[before:] != []

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110  what it waits for is in another's hands
                await asyncio.sleep(0.005)

    async def connected(self, count: int = 1) -> None:
        """Wait until the guard follows the events for the `count`th time."""
        await self.until(lambda: len(self.engine.streams) >= count)
        await self.until(self.watch.now)


def run(tmp_path: Path, story: Callable[[World], Awaitable[None]], head: bytes = DOCKER) -> None:
    async def told() -> None:
        engine = WatchedEngine(tmp_path / "e", head)
        async with await asyncio.start_unix_server(engine.serve, engine.path):
            door = EngineDoor(str(engine.path), asyncio.get_running_loop())
            watch = ImageWatch(door)
            facts = Facts(door, cast("ImageEvidence", None), watch)
            following = asyncio.ensure_future(watch.run())
            try:
                await story(World(engine, facts, watch))
            finally:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                facts.close()
                door.close()
                for stream in engine.streams:
                    stream.close()

    asyncio.run(told())


def test_an_answer_about_an_image_stands_until_an_event(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        assert world.engine.streams == [], "nothing is followed before somebody asks"
        assert await world.seen() == (1, True)
        await world.connected()
        assert await world.seen() == (1, True), "what was asked before the events were followed is asked again"
        assert await world.seen() == (1, False)
        world.engine.version = 2
        assert await world.seen() == (1, False)
        world.engine.streams[0].write(EVENT)
        assert await world.seen() == (2, True), "it has arrived, and nobody has read it yet"
        await world.until(world.watch.now)
        assert await world.seen() == (2, True), "the answer came before the event was read"
        assert await world.seen() == (2, False)

    run(tmp_path, story)


def test_an_answer_that_was_asked_for_before_an_event_does_not_stand(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.ask()
        await world.connected()

        async def change() -> None:
            world.engine.before_answer = None
            world.engine.version = 2
            before = world.watch.now()
            world.engine.streams[0].write(EVENT)
            await world.until(lambda: world.watch.now() > before)

        world.engine.before_answer = change
        assert await world.seen() == (1, True), "the engine had written this answer when the event came"
        assert await world.seen() == (2, True)
        assert await world.seen() == (2, False)

    run(tmp_path, story)


def test_nothing_stands_while_no_events_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagewatch, "_AGAIN", 0.0)
    endings: tuple[bytes, ...] = (b"", b"0\r\n\r\n", b"no chunk\r\n")

    async def story(world: World) -> None:
        await world.ask()
        for number, ending in enumerate(endings, 1):
            await world.connected(number)
            await world.ask()
            assert (await world.seen())[1] is False
            stream = world.engine.streams[number - 1]
            if ending:
                stream.write(ending)
            else:
                stream.close()
            world.engine.version += 1
            await world.connected(number + 1)
            assert await world.seen() == (world.engine.version, True)

    run(tmp_path, story)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(
            HEAD + b"Server: Docker/24.0.7 (linux)\r\n\r\n", id="an engine that has no event for some changes"
        ),
        pytest.param(HEAD + b"Server: Libpod/5.4.2 (linux)\r\n\r\n", id="Podman"),
        pytest.param(HEAD + b"\r\n", id="an engine without a name"),
        pytest.param(DOCKER.replace(b"200 OK", b"403 Forbidden"), id="an engine that refuses"),
        pytest.param(
            DOCKER.replace(b"Transfer-Encoding: chunked", b"Content-Length: 9"),
            id="an answer that is no stream of events",
        ),
        pytest.param(b"SSH-2.0\r\n\r\n", id="what is no engine"),
    ],
)
def test_an_engine_whose_events_say_too_little_is_asked_each_time(head: bytes, tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.ask()
        await world.until(lambda: world.engine.streams)
        # The guard closes the connection, and follows nothing.
        async with asyncio.timeout(PATIENCE):
            await world.engine.streams[0].wait_closed()
        assert world.watch.now() == 0
        for _ in range(3):
            assert await world.seen() == (1, True)

    run(tmp_path, story, head)


def test_only_an_image_that_is_there_stands_and_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(world: World) -> None:
        await world.ask()
        await world.connected()
        assert [await world.seen(NETWORK) for _ in range(2)] == [(1, True), (1, True)]
        world.engine.status = 404  # an image without a name is made without an event
        assert [await world.seen() for _ in range(2)] == [(None, True), (None, True)]
        world.engine.status = 200
        assert [await world.seen() for _ in range(2)] == [(1, True), (1, False)]
        later = time.monotonic() + 11
        monkeypatch.setattr(time, "monotonic", lambda: later)
        assert [await world.seen() for _ in range(2)] == [(1, True), (1, False)]

    run(tmp_path, story)
