"""Connections to the engine's socket: reused while they live, and the guard's own questions with a deadline."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

import msgspec

from sealock.errors import UNDECODABLE, EngineError, reason_of
from sealock.guard.http1 import AnswerHead, WireError, header_lines, read_answer, request_head
from sealock.guard.sockets import Line

CONNECT: Final = 5.0
"""Seconds to connect: an engine whose queue of connections is full hangs."""
ANSWER: Final = 5.0
"""Seconds that an answer to the guard's own question may take."""
BODY: Final = 8 << 20
"""Most bytes of an answer to the guard's own question."""
BROKEN: Final = (OSError, EOFError, WireError)
"""What a connection to the engine breaks off with."""
_IDLE: Final = 32
"""Most connections that wait to be used again."""


class EngineDoor:
    """The way to one engine. `marks` are headers that the guard's own questions bear."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop, marks: tuple[tuple[str, str], ...] = ()) -> None:
        self.path, self.loop, self._marks = path, loop, header_lines(marks)
        self.waiting: deque[Line] = deque()
        """Connections for the next requests."""

    async def take(self, *, fresh: bool = False) -> Line:
        """Return a connection: one that was used before and still lives, or a new one; EngineError for none."""
        if not fresh and (line := self._reused()) is not None:
            return line
        try:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        except OSError as error:  # no descriptor, or no memory
            raise self._unreached(error) from error
        sock.setblocking(False)
        try:
            async with asyncio.timeout(CONNECT):
                await self._connect(sock)
        except OSError as error:
            sock.close()
            raise self._unreached(error) from error
        except BaseException:
            sock.close()
            raise
        return Line(sock, self.loop)

    def _reused(self) -> Line | None:
        """A connection that was used before, and still lives."""
        while self.waiting:
            line = self.waiting.pop()
            # One that the engine closed, or wrote to, is readable.
            if line.is_silent() and not line.ended:
                return line
            line.close()
        return None

    def _unreached(self, error: OSError) -> EngineError:
        why = "it takes no connection" if isinstance(error, TimeoutError) else reason_of(error)
        return EngineError(f"the engine at {self.path} cannot be reached: {why}; is it running?")

    async def _connect(self, sock: socket.socket) -> None:
        while True:
            try:
                sock.connect(self.path)
            except BlockingIOError:
                # A unix socket whose queue is full gives no event to wait for: the event loop takes it for connected.
                await asyncio.sleep(0.02)
            else:
                return

    def give(self, line: Line) -> None:
        """Keep a connection for the next request: its last answer was read to the end."""
        if line.buffer or line.ended or len(self.waiting) >= _IDLE:
            line.close()
        else:
            self.waiting.append(line)

    def close(self) -> None:
        """Close the connections that wait."""
        while self.waiting:
            self.waiting.pop().close()

    async def ask(self, path: str, query: Iterable[tuple[str, str]] = ()) -> tuple[int, bytes]:
        """Send a GET of the guard's own; EngineError where no whole answer comes within the deadline."""
        words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query)
        return await self.request("GET", f"{path}?{words}" if words else path)

    def begin(self, target: str) -> Line | None:
        """Send a GET of the guard's own at once, for `request` to read its answer; None where no connection waits."""
        if (line := self._reused()) is None:
            return None
        head = request_head("GET", target, self._marks, 0)
        try:
            if line.sock.send(head) == len(head):
                return line
        except OSError:
            pass
        line.close()
        return None

    async def send_question(self, line: Line, target: str) -> None:
        """Send a GET of the guard's own on this connection."""
        await line.send(request_head("GET", target, self._marks, 0))

    async def request(self, method: str, target: str, begun: Line | None = None) -> tuple[int, bytes]:
        """Send a request without a body of the guard's own, as `ask`; `begun` is where it was sent already."""
        try:
            async with asyncio.timeout(ANSWER + (CONNECT if method != "GET" else 0)):
                # A connection that waited may be closed by now, and what changes something is not sent twice.
                for fresh in (method != "GET", True):
                    line = begun or await self.take(fresh=fresh)
                    try:
                        if begun is None:
                            await line.send(request_head(method, target, self._marks, 0))
                        begun = None
                        answer = await answer_of(line, method)
                        body = await line.body(answer.length, BODY)
                    except (OSError, EOFError):
                        line.close()
                        if fresh:
                            raise
                    except BaseException:
                        line.close()
                        raise
                    else:
                        if answer.keep_alive:
                            self.give(line)
                        else:
                            line.close()
                        return answer.status, body
                raise AssertionError  # the second round returns or raises
        except TimeoutError:
            message = f"the engine at {self.path} does not answer"
            raise EngineError(message) from None
        except BROKEN as error:
            message = f"the engine at {self.path} broke off: {error}"
            raise EngineError(message) from None

    async def decoded(self, path: str, query: Iterable[tuple[str, str]] = ()) -> object:
        """Return the JSON answer to a GET; None for what the engine does not have."""
        status, body = await self.ask(path, query)
        if status == 404:
            return None
        if status != 200:
            message = f"the engine at {self.path} answers {status}"
            raise EngineError(message)
        try:
            return msgspec.json.decode(body)
        except UNDECODABLE:
            message = f"the engine at {self.path} answers with what is no JSON"
            raise EngineError(message) from None


async def answer_of(line: Line, method: str) -> AnswerHead:
    """Read the head of the engine's answer, interim ones passed over; EOFError where it closed without one."""
    while True:
        head = await line.head()
        if not head:
            message = "it closed the connection without an answer"
            raise EOFError(message)
        answer = read_answer(head, method)
        if answer.status >= 200 or answer.status == 101:
            return answer
