"""Follows the engine's events about images, so that the guard asks about an image again only after something happened.

An answer stands while the connection lives on which the engine sends its events, and none came since it was asked for:
whatever arrives there makes every answer old. While there is no such connection, each decision asks. Docker's engine
publishes an event for each change of an image's name since version 25; others are asked each time.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from typing import Final
from urllib.parse import quote

from sealock.errors import EngineError
from sealock.guard.enginedoor import ANSWER, EngineDoor, answer_of
from sealock.guard.http1 import AnswerHead, ChunkReader, WireError
from sealock.guard.sockets import Line
from sealock.patterns import compile_lazily

PREFIX: Final = "/images/"
"""How the paths begin that are about images."""
_OLDEST: Final = 10.0
"""Seconds that an answer stands at most: should an event be missing, not for ever."""
_AGAIN: Final = 1.0
"""Seconds until a connection that ended is made again."""
_REFUSED: Final = 60.0
"""Seconds until an engine is asked again that has no such events."""
_BEFORE: Final = 5
"""Seconds of events from before: the engine answers before it begins to listen itself."""
_SERVER: Final = compile_lazily(r"Docker/(?:2[5-9]|[3-9][0-9])\..*")


class ImageWatch:
    """Counts what happens to images. `now` is the count, 0 while nobody says what happens."""

    def __init__(self, door: EngineDoor) -> None:
        self._door = door
        self._count = 1
        self._line: Line | None = None
        self._wanted = asyncio.Event()

    def now(self) -> int:
        """What an answer that is asked for now is marked with. An event that arrived is counted before it is read."""
        self._wanted.set()
        if self._line is None:
            return 0
        try:
            self._line.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return self._count
        except OSError:
            pass
        self._count += 1
        return 0

    def stands(self, count: int, asked: float) -> bool:
        """Whether an answer stands that was asked for at this count and time (of `time.monotonic`)."""
        return count != 0 and time.monotonic() - asked < _OLDEST and self.now() == count

    async def run(self) -> None:
        """Follow the events for ever, from when `now` is called first."""
        await self._wanted.wait()
        while True:
            pause = _AGAIN
            with suppress(EngineError, OSError, EOFError, WireError, TimeoutError):
                pause = await self._follow()
            await asyncio.sleep(pause)

    async def _follow(self) -> float:
        """Follow the events until they end; returns the seconds to wait then."""
        line = await self._door.take(fresh=True)
        try:
            async with asyncio.timeout(ANSWER):
                filters = quote('{"type":{"image":true}}', safe="")
                await self._door.send_question(line, f"/events?filters={filters}&since={int(time.time()) - _BEFORE}")
                answer = await answer_of(line, "GET")
            if not _publishes(answer):
                return _REFUSED
            self._line = line
            await self._count_events(line)
        finally:
            self._line = None
            self._count += 1
            line.close()
        return _AGAIN

    async def _count_events(self, line: Line) -> None:
        chunks = ChunkReader()
        while line.buffer or await line.more():
            self._count += 1
            for part in chunks.feed(line.buffer)[0]:
                part.release()
            line.buffer.clear()
            if chunks.done:
                return


def _publishes(answer: AnswerHead) -> bool:
    """Whether an answer is that of an engine which publishes all that happens to its images, as it happens."""
    return answer.status == 200 and answer.length == -1 and _SERVER.fullmatch(answer.header("server")) is not None
