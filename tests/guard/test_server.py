"""How the guard's server accepts, makes room and ends: with connections that do as they are told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sealock.guard import server as module
from sealock.guard.breakglass import GlassWatch, close_guard, open_guard
from sealock.guard.log import GuardLog
from sealock.guard.metrics import GuardMetrics
from sealock.guard.served import ClientIdentity, ServedConnection
from sealock.guard.server import GuardServer, Listening
from support.waiting import PATIENCE


class Scripted(ServedConnection):
    """A connection that does what its first word says."""

    async def serve(self) -> None:
        await self.line.more()
        word = bytes(self.line.buffer)
        if word == b"fail":
            message = "a fault of the guard"
            raise ValueError(message)
        self.idle = word != b"busy"
        while word in {b"stay", b"busy"} and await self.line.more():
            pass


class World:
    """A server on a socket of its own, with a log, metrics and no engine."""

    def __init__(self, folder: Path, *, policy: Any = None) -> None:
        self.folder, self.file = folder, folder / "log"
        self.looked: list[bool] = []
        self.policy = policy or SimpleNamespace(error="", look=lambda force=False: self.looked.append(force))
        facts = SimpleNamespace(door=SimpleNamespace(path="/engine.sock"), close=lambda: None)
        gate = SimpleNamespace(facts=facts, policy=self.policy, glass=GlassWatch(str(folder)))
        self.metrics, self.log = GuardMetrics(), GuardLog(str(self.file))
        parts: Any = SimpleNamespace(gate=gate, metrics=self.metrics, log=self.log)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(str(folder / "s"))
        self.sock.listen(50)
        self.server = GuardServer((Listening(self.sock),), Scripted, parts, SimpleNamespace(sock=None))  # type: ignore[arg-type]

    def events(self) -> list[tuple[str, str]]:
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        return [(line["event"], line.get("message", "")) for line in lines]

    async def connect(self, word: bytes) -> socket.socket:
        """A client that has sent its word."""
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(client, str(self.folder / "s"))
        await loop.sock_sendall(client, word)
        return client


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110  what is waited for has no event
            await asyncio.sleep(0.01)


async def ended(client: socket.socket) -> bytes:
    """What a client gets until its connection ends."""
    loop, received = asyncio.get_running_loop(), b""
    async with asyncio.timeout(PATIENCE):
        while piece := await loop.sock_recv(client, 1000):
            received += piece
    client.close()
    return received


@pytest.fixture(name="world")
def make_world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.log.close()
    made.sock.close()


def run(world: World, steps: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a server, take the steps, and end it by SIGTERM unless they did."""

    async def served() -> None:
        running = asyncio.ensure_future(world.server.run())
        await until(
            lambda: world.file.exists() and ("started", "the guard is in front of /engine.sock") in world.events()
        )
        await steps()
        if not running.done():
            os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            await running

    asyncio.run(served())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_stops_it_and_ends_what_waits(world: World, number: signal.Signals) -> None:
    async def steps() -> None:
        client = await world.connect(b"stay")
        await until(lambda: world.metrics.connections == 1)
        os.kill(os.getpid(), number)
        assert await ended(client) == b""
        await until(lambda: world.metrics.connections == 0)

    run(world, steps)
    assert world.events()[-1] == ("stopped", "the guard stopped")
    assert world.sock.fileno() == -1


def test_what_is_busy_ends_first_or_at_a_second_signal(world: World) -> None:
    async def steps() -> None:
        busy = await world.connect(b"busy")
        await until(lambda: any(not session.idle for session in world.server.sessions))
        os.kill(os.getpid(), signal.SIGTERM)
        await until(lambda: "stopping" in dict(world.events()))
        assert next(iter(world.server.sessions)).ending
        os.kill(os.getpid(), signal.SIGTERM)
        assert await ended(busy) == b""

    run(world, steps)
    assert world.events()[-2:] == [
        ("stopping", "waits for 1 connection to end; a second signal stops now"),
        ("stopped", "the guard stopped"),
    ]


def test_a_fault_ends_its_connection_alone(world: World) -> None:
    async def steps() -> None:
        other = await world.connect(b"stay")
        assert await ended(await world.connect(b"fail")) == b""
        assert await ended(await world.connect(b"go")) == b""
        await until(lambda: world.metrics.total("errors_total", kind="internal") == 1)
        assert world.metrics.connections == 1
        other.close()
        await until(lambda: world.metrics.connections == 0)

    run(world, steps)
    assert [words for event, words in world.events() if event == "fault"] == ["ValueError('a fault of the guard')"]
    assert world.metrics.total("errors_total") == 1


def test_the_policy_is_read_again_at_sighup_and_its_error_is_named(tmp_path: Path) -> None:
    looked: list[bool] = []
    world = World(tmp_path, policy=SimpleNamespace(error="no policy", look=lambda force=False: looked.append(force)))

    async def steps() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: True in looked)
        world.server._look()  # noqa: SLF001  what it does each second
        assert not world.metrics.policy_valid

    run(world, steps)
    assert ("policy-refused", "no policy; all is denied") in world.events()
    world.log.close()


def test_break_glass_is_noted_when_it_opens_and_when_it_closes(world: World) -> None:
    look = world.server._look  # noqa: SLF001  what it does each second
    look()
    assert world.metrics.open_left == 0
    open_guard(str(world.folder), 600, "why")
    look()
    look()
    assert 0 < world.metrics.open_left <= 600
    assert world.metrics.policy_valid
    close_guard(str(world.folder))
    look()
    look()
    assert world.metrics.open_left == 0
    events = world.events()
    assert [event for event, _ in events] == ["opened", "closed"]
    assert events[0][1].endswith(" s from now: why")


class Waiting:
    """A session as the server sees it."""

    def __init__(self, deadline: float, *, idle: bool = True, streaming: bool = False, silent: bool = True) -> None:
        self.deadline, self.idle, self.streaming = deadline, idle, streaming
        self.expired = self.looked = 0
        self.line = SimpleNamespace(look=self.look, is_silent=lambda: silent)

    def look(self) -> None:
        self.looked += 1

    def expire(self) -> None:
        self.expired += 1


def test_late_connections_end_and_the_others_are_looked_at(world: World) -> None:
    now = time.monotonic()
    late, never, early = Waiting(now - 1), Waiting(0), Waiting(now + 1000, streaming=True)
    world.server.sessions = {late, never, early}  # type: ignore[arg-type]
    world.server._look()  # noqa: SLF001  as above
    assert [each.expired for each in (late, never, early)] == [1, 0, 0]
    assert [each.looked for each in (late, never, early)] == [0, 1, 1]
    assert world.metrics.streams == 1
    world.server.sessions = set()


@pytest.mark.parametrize(
    ("deadlines", "closed"), [([], []), ([5], [5]), ([7, 5], [5]), ([7, 5, 9], [5, 7]), ([4, 3, 2, 1], [1, 2])]
)
def test_the_half_that_has_been_idle_for_longest_is_closed(
    world: World, deadlines: list[float], closed: list[float]
) -> None:
    sessions = [Waiting(deadline) for deadline in deadlines] + [Waiting(0, idle=False), Waiting(0, silent=False)]
    world.server.sessions = set(sessions)  # type: ignore[arg-type]
    assert world.server._close_idle() is bool(deadlines)  # noqa: SLF001  as above
    assert sorted(session.deadline for session in sessions if session.expired) == closed
    world.server.sessions = set()


@pytest.mark.parametrize(("limit", "counted"), [(16 + 2, 1), (16 + 4, 0)], ids=["more than half", "half"])
def test_idle_connections_make_room_before_descriptors_run_out(
    world: World, monkeypatch: pytest.MonkeyPatch, limit: int, counted: int
) -> None:
    async def steps() -> None:
        first, second = await world.connect(b"stay"), await world.connect(b"stay")
        await until(lambda: world.metrics.connections == 2)
        limits = SimpleNamespace(getrlimit=lambda _: (limit, limit), RLIMIT_NOFILE=7)
        monkeypatch.setattr(module, "resource", limits)
        assert await ended(await world.connect(b"go")) == b""
        assert world.metrics.total("errors_total", kind="descriptors") == counted
        monkeypatch.undo()
        await until(lambda: world.metrics.connections == 2 - counted)
        for client in (first, second):
            client.close()

    run(world, steps)


def test_a_client_of_tls_has_its_name(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ClientIdentity] = []

    def make(line: Any, identity: ClientIdentity, parts: Any) -> Scripted:
        seen.append(identity)
        return Scripted(line, identity, parts)

    async def named(sock: socket.socket, context: Any) -> tuple[socket.socket, str]:
        if context == "refuse":
            sock.close()
            raise ConnectionResetError
        return sock, context

    async def serve() -> None:
        for context in (None, "ci", "refuse"):
            ours, theirs = socket.socketpair()
            ours.setblocking(False)
            theirs.sendall(b"go")
            async with asyncio.timeout(PATIENCE):
                await world.server._serve(ours, context)  # type: ignore[arg-type]  # noqa: SLF001  as the server does
            assert ours.fileno() == -1
            theirs.close()

    monkeypatch.setattr(module, "terminate", named)
    world.server._make = make
    asyncio.run(serve())
    assert [identity.tls_name for identity in seen] == [None, "ci"]
    assert world.metrics.connections == 0
