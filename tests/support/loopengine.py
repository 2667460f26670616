"""An engine in the event loop of a test, and a client whose requests a forwarder of the guard's brings to it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Self, TypeAlias

from sealock.guard.decision.routes import ApiRoute, match_route
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.forwarding import Forwarder
from sealock.guard.http1 import ChunkReader, RequestHead, read_request
from sealock.guard.sockets import Line
from support.waiting import PATIENCE

Act: TypeAlias = "bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]"
"""What an engine does with a request: send these bytes and read on, or something of its own, and close."""


class LoopEngine:
    """An engine in the loop of the test: `acts` are for its requests in turn, and the last for all after."""

    def __init__(self, path: Path, *acts: Act, reads_bodies: bool = True) -> None:
        self.path, self.acts, self.reads_bodies = path, list(acts), reads_bodies
        self.requests: list[bytes] = []
        self.connections = self.ended = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection to its end."""
        self.connections += 1
        try:
            while True:
                self.requests.append(await self._request(reader))
                act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
                if callable(act):
                    await act(reader, writer)
                    return
                writer.write(act)
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            self.ended += 1
            writer.close()

    async def _request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        request = read_request(head)
        if not self.reads_bodies:
            return head
        if request.length >= 0:
            return head + await reader.readexactly(request.length)
        chunks, body = ChunkReader(), b""
        while not chunks.done:
            if not (data := await reader.read(65536)):
                raise EOFError
            body += b"".join(map(bytes, chunks.feed(data)[0]))
        return head + body


async def until(reached: Callable[[], object]) -> None:
    """Let others in the loop work until a state is reached."""
    while not reached():  # noqa: ASYNC110  the state is of the kernel or of a thread, which set no event
        await asyncio.sleep(0)


def run(engine: LoopEngine, test: Callable[[EngineDoor], Coroutine[Any, Any, Any]]) -> Any:
    """Let a test use a door of the engine."""

    async def all_of_it() -> Any:
        server = await asyncio.start_unix_server(engine.serve, engine.path)
        door = EngineDoor(str(engine.path), asyncio.get_running_loop(), (("X-Mark", "1"),))
        async with asyncio.timeout(PATIENCE):
            try:
                return await test(door)
            finally:
                door.close()
                # Whatever happened, no connection stays open.
                await until(lambda: engine.ended == engine.connections)
                server.close()

    return asyncio.run(all_of_it())


async def close(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Close the connection without an answer."""


async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Do not answer."""
    await reader.read()


def end(data: bytes) -> Act:
    """Send bytes, and close."""

    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    return act


class LoopClient:
    """A client of the guard: its own end, and a forwarder of the other."""

    def __init__(self, door: EngineDoor) -> None:
        self.sock, self.theirs = socket.socketpair()
        self.sock.setblocking(False)
        self.forwarder = Forwarder(Line(self.theirs, door.loop), door)

    async def received(self) -> bytes:
        """All that it gets, once the guard closed its end."""
        self.forwarder.client.close()
        data = b""
        while piece := await asyncio.get_running_loop().sock_recv(self.sock, 65536):
            data += piece
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.forwarder.client.close()
        self.sock.close()


def request_of(line: str, headers: str = "") -> RequestHead:
    """A request with these headers."""
    return read_request(f"{line} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())


def route(name: str) -> ApiRoute:
    """The route of a method and a path."""
    method, _, path = name.partition(" ")
    found = match_route(method, tuple(path.strip("/").split("/")))
    assert found is not None
    return found[0]
