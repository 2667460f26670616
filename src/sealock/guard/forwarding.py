"""Forwards one request that may pass, and its answer: bodies within bounds or as streams, connections hijacked."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Final

import msgspec
from msgspec import Struct

from sealock.errors import EngineError
from sealock.guard.archives import Spool
from sealock.guard.decision.routes import ApiRoute
from sealock.guard.enginedoor import BROKEN, EngineDoor, answer_of
from sealock.guard.http1 import AnswerHead, ChunkReader, RequestHead, WireError, answer_head, header_lines, request_head
from sealock.guard.sockets import Line, carry, is_hung_up, join

ANSWER: Final = 64 << 20
"""Most bytes of an answer that is read whole, to be filtered or added to."""
_DRAIN: Final = 64 << 20
"""Most bytes that are read and thrown away, so that a client that still sends gets to read its answer."""
_SHORT: Final = 64 << 10
"""Most bytes of an answer that is sent before its line is in the log."""
_DRAIN_SECONDS: Final = 5.0
_OWN: Final = header_lines((("Content-Type", "application/json"), ("Server", "sealock")))
"""The headers of the guard's own answers."""
_STREAMED: Final = frozenset({
    "GET /events", "GET /containers/{id}/logs", "GET /services/{id}/logs", "GET /tasks/{id}/logs",
    "GET /containers/{id}/export", "GET /containers/{id}/archive", "GET /containers/{id}/stats",
    "POST /containers/{id}/attach", "GET /images/get", "GET /images/{name}/get", "POST /images/create",
    "POST /images/load", "POST /images/{name}/push", "POST /build", "POST /plugins/pull", "POST /plugins/{name}/push",
    "POST /plugins/{name}/upgrade",
})  # fmt: skip
"""Routes whose answers are streams: the connection ends with them, so that the kernel can carry them."""


class ClientGoneError(Exception):
    """The client closed its connection before it had its answer."""


class Forward(Struct, frozen=True):
    """What the engine gets: a target, and a body (None for the client's stream, or what is `kept` of it)."""

    route: ApiRoute | None
    target: str
    body: bytes | None
    kept: Spool | None = None
    head: bytes = b""
    """What `write_head` wrote of it, where that was done before."""


class Forwarded(Struct, frozen=True):
    """The answer that the engine gave, and whether the client's connection can take another request."""

    status: int
    keep_alive: bool


class WholeAnswer(Struct):
    """An answer that was read whole, for others to change before the client gets it."""

    head: AnswerHead
    body: bytes


class Forwarder:
    """Forwards the requests of one client's connection."""

    def __init__(self, client: Line, door: EngineDoor) -> None:
        self.client, self.door = client, door
        self.sent: Callable[[], object] = object
        """Is called once the engine has a request whose body was read."""
        self.answered: Callable[[int], object] = int
        """Is called with the status: once the engine's answer begins, or once a short one is sent."""
        self.more = ""
        """Lines of headers that the answer gets."""
        self.streaming = False
        """Whether it carries a stream now, which may last."""
        self._sending: asyncio.Task[None] | None = None
        """Carries the body of the request while the answer comes."""

    async def ask(self, request: RequestHead, forward: Forward, *, outlasts: bool = False) -> WholeAnswer:
        """Forward a request whose answer is read whole; EngineError, or ClientGoneError.

        `outlasts` waits for the answer though the client leaves: no engine undoes what it began for one.
        """
        line, answer = await self._sent(request, forward, outlasts=outlasts)
        try:
            body = b"" if answer.length == 0 else await line.body(answer.length, ANSWER)
        except BROKEN as error:
            line.close()
            raise _broken(error) from error
        except BaseException:
            line.close()
            raise
        self._give(line, answer)
        return WholeAnswer(answer, body)

    async def pass_on(self, request: RequestHead, forward: Forward) -> Forwarded:
        """Forward a request, and its answer as it comes; EngineError before the answer began."""
        line, answer = await self._sent(request, forward)
        # The client does not wait for the log: of what lasts, the line is written when it begins.
        lasts = _is_streamed(forward) or not 0 <= answer.length <= _SHORT
        if lasts:
            self.answered(answer.status)
        try:
            return await self._answered(request, forward, line, answer)
        except BaseException:
            await self._stop_sending()
            line.close()
            raise
        finally:
            if not lasts:
                self.answered(answer.status)

    async def _sent(self, request: RequestHead, forward: Forward, *, outlasts: bool = False) -> tuple[Line, AnswerHead]:
        """Send the request, and read the head of its answer."""
        head = forward.head or write_head(request, forward)
        for fresh in (False, True):
            line = await self.door.take(fresh=fresh or forward.body is None)
            try:
                return line, await self._exchanged(request, forward, line, head, outlasts=outlasts)
            except BROKEN as error:
                line.close()
                # A client that only sends no more waits for its answer: it hears that the engine broke off.
                if self.client.ended and is_hung_up(self.client) and not isinstance(error, WireError):
                    raise ClientGoneError from None
                # A connection that waited may have been closed by an engine that restarted.
                if fresh or request.method not in {"GET", "HEAD"} or isinstance(error, WireError):
                    raise _broken(error) from error
            except BaseException:
                line.close()
                raise
        raise AssertionError  # the second round returns or raises

    async def _exchanged(
        self, request: RequestHead, forward: Forward, line: Line, head: bytes, *, outlasts: bool
    ) -> AnswerHead:
        if forward.body is None and request.length:
            await line.send(head)
            return await self._with_stream(request, line, forward.kept)
        # What an engine that hangs does not take waits too, and the client may leave meanwhile.
        with nullcontext() if outlasts else _Watched(self.client, line):
            await line.send(head + (forward.body or b""))
            self.sent()
            return await answer_of(line, request.method)

    async def _with_stream(self, request: RequestHead, line: Line, kept: Spool | None) -> AnswerHead:
        """Start to send the client's stream, and read the head of the answer, which may come before its end."""
        if request.continues and kept is None:
            await self.client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.streaming = True
        self._sending = sending = asyncio.ensure_future(self.send_body(request.length, line, kept))
        answering = asyncio.ensure_future(answer_of(line, request.method))
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return await answering
            if (fault := sending.exception()) is None:
                with _Watched(self.client, line):
                    return await answering
            if isinstance(fault, WireError) or is_hung_up(self.client):
                raise fault
            # An engine that refuses a stream answers, and closes before it read all of it.
            async with asyncio.timeout(_DRAIN_SECONDS):
                return await answering
        except TimeoutError:
            message = "it closed the connection without an answer"
            raise EOFError(message) from None
        finally:
            self.streaming = False
            if not answering.done() or answering.exception() is not None:
                await self._stop_sending()
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)

    async def _stop_sending(self) -> bool:
        """End the client's stream; returns whether all of it was sent."""
        sending, self._sending = self._sending, None
        if sending is None:
            return True
        complete = sending.done() and not sending.cancelled() and sending.exception() is None
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return complete

    async def send_body(self, length: int, line: Line, kept: Spool | None) -> None:
        """Carry the body of the request; its chunks are read, and written again."""
        client = self.client
        reader = ChunkReader()
        if kept is not None:
            await kept.give(line, chunked=not kept.complete and length == -1)
            if kept.complete:
                return
            reader, length = kept.chunks or reader, length - kept.size if length > 0 else length
        if length > 0:
            if not await carry(client, line, length):
                message = "the connection ended within the body"
                raise WireError(message)
            return
        while True:
            parts, used = reader.feed(client.buffer)
            data = b"".join(b"%x\r\n%b\r\n" % (len(part), bytes(part)) for part in parts)
            for part in parts:
                part.release()
            del parts, client.buffer[:used]
            if reader.done:
                await line.send(data + b"0\r\n\r\n")
                return
            if data:
                await line.send(data)
            if not await client.more():
                message = "the connection ended within the body"
                raise WireError(message)

    async def _answered(self, request: RequestHead, forward: Forward, line: Line, answer: AnswerHead) -> Forwarded:
        """Pass the answer on."""
        hijackable = forward.route is not None and forward.route.upgrade
        if answer.status == 101 or (hijackable and answer.length == -2 and answer.status == 200):
            return await self._hijacked(request, line, answer)
        close = not request.keep_alive or not answer.keep_alive or self._sending is not None
        length = -2 if request.method == "HEAD" else answer.length
        head = answer_head(answer.status, answer.reason, answer.lines + self.more, length, close=close)
        if answer.length == 0:
            await self.client.send(head)
        elif answer.length == -2 or not answer.keep_alive:
            await self.client.send(head)
            await self._until_end(line)
        elif answer.length == -1:
            await self._chunks(head, line)
        else:
            await self._counted(head, line, answer.length)
        if self._sending is None or await self._stop_sending():
            self._give(line, answer)
        else:
            line.close()
            await drain(self.client)
        return Forwarded(answer.status, not close)

    async def _hijacked(self, request: RequestHead, line: Line, answer: AnswerHead) -> Forwarded:
        upgrade = request.upgrade if answer.status == 101 else ""
        if answer.status == 101 and not upgrade:
            message = "it changes to another protocol, which the client did not ask for"
            raise _broken(WireError(message))
        length = -2 if answer.status == 200 else 0
        await self.client.send(answer_head(answer.status, answer.reason, answer.lines, length, upgrade))
        self.streaming = True
        try:
            await join(self.client, line)
        finally:
            self.streaming = False
            line.close()
        return Forwarded(answer.status, keep_alive=False)

    async def _until_end(self, line: Line) -> None:
        self.streaming = True
        try:
            with self._watching(line):
                await carry(line, self.client)
        finally:
            self.streaming = False

    async def _counted(self, head: bytes, line: Line, length: int) -> None:
        if len(line.buffer) >= length:
            await self.client.send(head + line.buffer[:length])
            del line.buffer[:length]
            return
        await self.client.send(head)
        with self._watching(line):
            if not await carry(line, self.client, length):
                message = "the engine ended within its answer"
                raise ClientGoneError(message)

    async def _chunks(self, head: bytes, line: Line) -> None:
        """Pass on an answer in chunks as they come, up to its end."""
        reader, data = ChunkReader(), head
        with self._watching(line):
            while True:
                parts, used = reader.feed(line.buffer)
                for part in parts:
                    part.release()
                data += line.buffer[:used]
                del parts, line.buffer[:used]
                if data:
                    await self.client.send(data)
                if reader.done:
                    return
                data = b""
                if not await line.more():
                    message = "the engine ended within its answer"
                    raise ClientGoneError(message)

    def _watching(self, line: Line) -> AbstractContextManager[None]:
        return nullcontext() if self._sending is not None else _Watched(self.client, line)

    def _give(self, line: Line, answer: AnswerHead) -> None:
        if answer.keep_alive:
            self.door.give(line)
        else:
            line.close()


def _is_streamed(forward: Forward) -> bool:
    return forward.route is not None and forward.route.name in _STREAMED


def write_head(request: RequestHead, forward: Forward) -> bytes:
    """Write the head that the engine gets."""
    length = request.length if forward.body is None else len(forward.body)
    if forward.kept is not None and forward.kept.complete:
        length = forward.kept.size
    upgrade = request.upgrade if forward.route is not None and forward.route.upgrade else ""
    lines = request.lines
    if forward.body and not request.content_type:
        # The decision made a body where the client sent none.
        lines += "Content-Type: application/json\r\n"
    close = _is_streamed(forward) and not upgrade
    return request_head(request.method, forward.target, lines, length, upgrade, close=close)


class _Watched:
    """Breaks off the engine's answer when the client goes away, as the engine would do without a guard."""

    def __init__(self, client: Line, engine: Line) -> None:
        self.client, self.engine = client, engine

    def __enter__(self) -> None:
        self.client.on_gone = self._break_off
        if not self.client.buffer:  # else the next request is here already, so the client is
            self.client.watch()

    def __exit__(self, *_: object) -> None:
        self.client.on_gone = None

    def _break_off(self) -> None:
        with suppress(OSError):
            self.engine.sock.shutdown(socket.SHUT_RDWR)


async def drain(client: Line) -> None:
    """Let a client that still sends read its answer: what it sends is thrown away, for a short while."""
    client.finish()
    taken = 0
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while taken < _DRAIN:
                client.buffer.clear()
                if not await client.more():
                    return
                taken += len(client.buffer)


def json_answer(status: int, reason: str, value: object, *, close: bool) -> bytes:
    """An answer of the guard's own, as an engine writes its own."""
    body = msgspec.json.encode(value) + b"\n"
    return answer_head(status, reason, _OWN, len(body), close=close) + body


def _broken(error: Exception) -> EngineError:
    return EngineError(f"the engine broke off: {error}")
