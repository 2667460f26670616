"""Sockets in an event loop: heads and bodies within bounds, and streams that pass at full speed, half-close kept."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Any, Final

from sealock.guard.heavystreams import HEAVY, Pipe, in_thread
from sealock.guard.http1 import HEAD, ChunkReader, WireError

BLOCK: Final = 256 << 10
"""Bytes of a stream that are read at once."""
_ADVANCE: Final = 16 << 10
"""Bytes that are read in advance: for larger buffers the allocator asks the kernel each time."""
_DIRECT: Final = hasattr(os, "splice")
_HANG_UP: Final = 5.0
"""Seconds between looks at a client that sends no more: a silent engine would not notice that it is gone."""
_END: Final = b"\r\n\r\n"
_BUFFERS: Final = 1 << 20
"""Bytes that the kernel keeps for a stream in each direction; it takes less where net.core.wmem_max is smaller."""


class _Arrival(asyncio.Future[None]):
    """What a task waits for that reads: it goes on within the event, not in a later round of the loop.

    Such a round costs a call of the kernel, for each head that is read.
    """

    _wake: Callable[[Any], object]
    _context: Context

    def add_done_callback(self, fn: Callable[[Any], object], /, *, context: Context | None = None) -> None:
        """Note the task that waits."""
        self._wake, self._context = fn, context or copy_context()

    def arrive(self) -> None:
        """Let the task go on."""
        self.set_result(None)
        self._context.run(self._wake, self)

    def cancel(self, msg: object = None) -> bool:
        """Let the task end, in a later round: who cancels it may be a task too."""
        if not super().cancel(msg):
            return False
        self.get_loop().call_soon(self._wake, self, context=self._context)
        return True


class Line:
    """One end of a connection: a socket that does not block, and what was read from it in advance.

    Its descriptor stays registered with the event loop between reads, which spares two calls of the kernel for each.
    `on_gone` is called when the other end closes while nothing is read.
    """

    def __init__(self, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        sock.setblocking(False)
        self.sock, self.loop = sock, loop
        self.buffer = bytearray()
        self.ended = False
        """Whether the other end sent its last byte."""
        self.on_gone: Callable[[], None] | None = None
        self._waiting: _Arrival | None = None
        self._poll: select.poll | None = None
        self._registered = False
        self._emptied = False
        """Whether all that had arrived was read: the next bytes are most likely yet to come."""

    async def more(self, most: int = _ADVANCE) -> bool:
        """Read more bytes into the buffer; False at the end."""
        if self._registered and self._emptied and not self.ended:
            await self.readable()
        while not self.ended:
            try:
                data = self.sock.recv(most)
            except BlockingIOError:
                await self.readable()
                continue
            self.ended = not data
            self._emptied = len(data) < most
            self.buffer += data
            return not self.ended
        return False

    async def readable(self) -> None:
        """Wait until there is something to read, or the end."""
        self.watch()
        self._waiting = waiting = _Arrival(loop=self.loop)
        try:
            await waiting
        finally:
            self._waiting = None

    def watch(self) -> None:
        """Notice from now on when the other end closes."""
        if not self._registered:
            self.loop.add_reader(self.sock, self._event)
            self._registered = True

    def _event(self) -> None:
        if self._waiting is not None:
            if not self._waiting.done():
                self._waiting.arrive()
            return
        try:
            data = self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        # What nothing reads now would be reported again and again.
        self._forget()
        if not data:
            self.ended = True
            self.look()

    def look(self) -> None:
        """Call `on_gone` if the other end closed both directions; one that only sends no more waits for its answer."""
        if self.ended and self.on_gone is not None and is_hung_up(self):
            self.on_gone()

    def _forget(self) -> None:
        if self._registered:
            self.loop.remove_reader(self.sock)
            self._registered = False

    def is_silent(self) -> bool:
        """Whether there is nothing to read now, and the other end is open."""
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.sock, select.POLLIN)
        return not self._poll.poll(0)

    async def head(self) -> bytes:
        """Read the head of a message; b"" where the connection ended before one began. WireError for more than HEAD."""
        start = 0
        while (end := self.buffer.find(_END, start)) < 0 and (start := max(0, len(self.buffer) - 3)) <= HEAD:
            if not await self.more():
                if self.buffer:
                    message = "the connection ended within the head of a message"
                    raise WireError(message)
                return b""
        if end < 0 or end > HEAD:
            message = f"the head of the message is larger than {HEAD} bytes"
            raise WireError(message, 431)
        head = bytes(self.buffer[: end + 4])
        del self.buffer[: end + 4]
        return head

    async def body(self, length: int, limit: int) -> bytes:
        """Read a whole body: `length` as in RequestHead, -2 for all until the end; WireError for more than `limit`."""
        if length > limit:
            raise too_large(limit)
        if length == -1:
            return await self._chunked(limit)
        while length == -2 or len(self.buffer) < length:
            if len(self.buffer) > limit:
                raise too_large(limit)
            if not await self.more():
                if length != -2:
                    message = "the connection ended within the body"
                    raise WireError(message)
                length = len(self.buffer)
        body = bytes(self.buffer[:length])
        del self.buffer[:length]
        return body

    async def _chunked(self, limit: int) -> bytes:
        reader, body, wire = ChunkReader(), bytearray(), 0
        while True:
            parts, used = reader.feed(self.buffer)
            for part in parts:
                body += part
            wire += used
            for part in parts:
                part.release()
            parts.clear()
            del self.buffer[:used]
            # Many small chunks take more bytes than what they carry.
            if len(body) > limit or wire > 8 * limit + HEAD:
                raise too_large(limit)
            if reader.done:
                return bytes(body)
            if not await self.more():
                message = "the connection ended within the body"
                raise WireError(message)

    async def send(self, data: bytes | bytearray | memoryview) -> None:
        """Send all of the bytes."""
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            await self.loop.sock_sendall(self.sock, memoryview(data)[sent:])

    def finish(self) -> None:
        """Send no more, and let the other end read what was sent."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close the connection."""
        self._forget()
        self.sock.close()


def too_large(limit: int) -> WireError:
    """The error for a body that is larger than the guard reads."""
    return WireError(f"the body is larger than the {limit} bytes that the guard reads", 413)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def carry(source: Line, target: Line, length: int = -2) -> bool:
    """Carry bytes from one connection to another: `length` of them, or -2 for all until the end.

    Returns whether all arrived: False where the source ended early. OSError where one of the two broke.
    """
    left = length
    if source.buffer:
        first = bytes(source.buffer if left == -2 else source.buffer[:left])
        del source.buffer[: len(first)]
        await target.send(first)
        left -= len(first) if left != -2 else 0
    if not left:
        return True
    if source.ended:
        return left == -2
    for line in (source, target):
        with suppress(OSError):
            line.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFERS)
    if _DIRECT:
        return await _spliced(source, target, left)
    return await _copied(source, target, left)


async def _copied(source: Line, target: Line, left: int) -> bool:
    while left:
        try:
            data = source.sock.recv(BLOCK if left == -2 else min(left, BLOCK))
        except BlockingIOError:
            await source.readable()
            continue
        if not data:
            source.ended = True
            return left == -2
        await target.send(data)
        left -= len(data) if left != -2 else 0
    return True


async def _spliced(source: Line, target: Line, left: int) -> bool:
    """Let the kernel move the bytes through a pipe, so that they never enter this process."""
    try:
        pipe = Pipe()
    except OSError:  # out of descriptors
        return await _copied(source, target, left)
    heavy = 0
    try:
        while left:
            try:
                count = pipe.take(source.sock.fileno(), left)
            except BlockingIOError:
                await source.readable()
                continue
            if not count:
                source.ended = True
                return left == -2
            left -= count if left != -2 else 0
            while pipe.filled:
                try:
                    pipe.give(target.sock.fileno())
                except BlockingIOError:
                    await _writable(target)
            heavy += count
            if heavy > HEAVY and left and not source.ended:
                left, ended = await in_thread(pipe, source.sock, target.sock, left)
                heavy = 0
                if ended:
                    source.ended = True
                    return left == -2
        return True
    finally:
        pipe.close()


async def _writable(line: Line) -> None:
    ready: asyncio.Future[None] = line.loop.create_future()
    line.loop.add_writer(line.sock, _resolve, ready)
    try:
        await ready
    finally:
        line.loop.remove_writer(line.sock)


async def join(client: Line, engine: Line) -> None:
    """Carry bytes in both directions until the engine ends, or the client is gone.

    A client that only sends no more gets the rest of the answer: the engine sees that end, the other way stays open.
    """

    async def way(source: Line, target: Line) -> None:
        try:
            await carry(source, target)
        finally:
            target.finish()

    out = asyncio.ensure_future(way(client, engine))
    back = asyncio.ensure_future(way(engine, client))
    try:
        await asyncio.wait({out, back}, return_when=asyncio.FIRST_COMPLETED)
        # The engine's end is the end: what the client still sends has no reader.
        while not back.done() and out.exception() is None and not is_hung_up(client):
            await asyncio.wait({back}, timeout=_HANG_UP)
    finally:
        for task in (out, back):
            task.cancel()
        await asyncio.gather(out, back, return_exceptions=True)


def is_hung_up(line: Line) -> bool:
    """Whether the other end closed both directions."""
    poll = select.poll()
    poll.register(line.sock, 0)
    return bool(poll.poll(0))
