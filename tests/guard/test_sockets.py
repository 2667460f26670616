"""What connections read, carry and join is what was sent, however the bytes arrive, and no more than the bounds."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.guard import heavystreams, sockets
from sealock.guard.http1 import HEAD, WireError
from sealock.guard.sockets import Line, carry, join
from support.draws import draws
from support.loopengine import until

T = TypeVar("T")
LIMIT = 100
MANY = 20_000
"""Bytes that need more than eight times as many around them, and a head's."""
END = b"\r\n\r\n"


@contextmanager
def connections(count: int) -> Iterator[list[tuple[socket.socket, socket.socket]]]:
    """Pairs of connected sockets: the other end's, and the guard's."""
    pairs = [socket.socketpair() for _ in range(count)]
    try:
        yield pairs
    finally:
        for pair in pairs:
            for sock in pair:
                sock.close()


async def feed(sock: socket.socket, pieces: list[bytes]) -> None:
    """Send pieces one by one, each after the guard had its turn, and then the end."""
    sock.setblocking(False)
    for piece in pieces:
        await asyncio.get_running_loop().sock_sendall(sock, piece)
        for _ in range(3):
            await asyncio.sleep(0)
    sock.shutdown(socket.SHUT_WR)


def read(pieces: list[bytes], reading: Callable[[Line], Coroutine[Any, Any, T]]) -> tuple[T, bytes]:
    """What a line reads of these pieces, and what it leaves for later."""

    async def run() -> tuple[T, bytes]:
        with connections(1) as ((theirs, ours),):
            line = Line(ours, asyncio.get_running_loop())
            feeding = asyncio.ensure_future(feed(theirs, pieces))
            try:
                value = await reading(line)
                await feeding
                while await line.more():
                    pass
                return value, bytes(line.buffer)
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
                line.close()

    return asyncio.run(run())


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


PLACES = st.lists(st.integers(0, 1 << 20), max_size=6)


@draws(50)
@given(st.binary(max_size=60).filter(lambda data: END not in data + b"\r\n\r"), st.binary(max_size=9), PLACES)
def test_a_head_is_read_up_to_its_end(start: bytes, rest: bytes, places: list[int]) -> None:
    assert read(cut(start + END + rest, places), Line.head) == (start + END, rest)


@pytest.mark.parametrize("size", [HEAD - 1, HEAD])
@pytest.mark.parametrize("places", [[], [5], [HEAD - 1, HEAD, HEAD + 1]])
def test_a_head_of_the_most_bytes_is_read(size: int, places: list[int]) -> None:
    assert read(cut(b"x" * size + END, places), Line.head) == (b"x" * size + END, b"")


HEADS = {
    "one byte too many": ([b"x" * (HEAD + 1) + END], 431, "larger than"),
    "too many before the end came": ([b"x" * (HEAD + 1), b"x" + END], 431, "larger than"),
    "an end within it": ([b"GET / HTTP/1.1\r\n"], 400, "within the head"),
}


@pytest.mark.parametrize(("pieces", "status", "message"), HEADS.values(), ids=HEADS)
def test_a_head_without_its_end_is_refused(pieces: list[bytes], status: int, message: str) -> None:
    with pytest.raises(WireError, match=message) as error:
        read(pieces, Line.head)
    assert error.value.status == status


def test_a_connection_that_ends_before_a_head_has_none() -> None:
    assert read([], Line.head) == (b"", b"")


def chunks(*sizes: int) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (size, b"y" * size) for size in (*sizes, 0))


BODIES = {
    "none": (0, b"", b""),
    "a known length": (3, b"abc", b"abc"),
    "the most bytes": (LIMIT, b"x" * LIMIT, b"x" * LIMIT),
    "up to the end": (-2, b"abc", b"abc"),
    "nothing up to the end": (-2, b"", b""),
    "the most bytes up to the end": (-2, b"x" * LIMIT, b"x" * LIMIT),
    "chunks": (-1, chunks(3, 1), b"yyyy"),
    "the most bytes in chunks": (-1, chunks(LIMIT - 1, 1), b"y" * LIMIT),
    "no chunks": (-1, chunks(), b""),
}


@pytest.mark.parametrize(("length", "sent", "body"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("places", [[], [1, 2, 4]], ids=["at once", "in pieces"])
def test_a_body_is_read(length: int, sent: bytes, body: bytes, places: list[int]) -> None:
    rest = b"" if length == -2 else b"GET "
    assert read(cut(sent + rest, places), lambda line: line.body(length, LIMIT)) == (body, rest)


TOO_LARGE, CUT_OFF = (413, "larger than the 100 bytes"), (400, "within the body")
REFUSED: dict[str, tuple[int, bytes, tuple[int, str]]] = {
    "a length": (LIMIT + 1, b"x" * (LIMIT + 1), TOO_LARGE),
    "up to the end": (-2, b"x" * (LIMIT + 1), TOO_LARGE),
    "chunks": (-1, chunks(LIMIT, 1), TOO_LARGE),
    "more signs of chunks than bytes in them": (
        -1,
        b"000000000000001\r\ny\r\n" * MANY,
        (413, f"larger than the {MANY}"),
    ),
    "a length that ends early": (3, b"ab", CUT_OFF),
    "chunks that end early": (-1, b"3\r\nab", CUT_OFF),
}


@pytest.mark.parametrize(("length", "sent", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_body_that_is_too_large_or_ends_early_is_refused(length: int, sent: bytes, expected: tuple[int, str]) -> None:
    limit = MANY if len(sent) > MANY else LIMIT
    with pytest.raises(WireError, match=expected[1]) as error:
        read([sent], lambda line: line.body(length, limit))
    assert error.value.status == expected[0]


DATA = os.urandom(700_000)


def carried(data: bytes, length: int, ahead: int) -> tuple[bool, bytes, bytes]:
    """Whether all arrived, what arrived, and what the source still has, of which some was read in advance."""

    async def run() -> tuple[bool, bytes, bytes]:
        loop = asyncio.get_running_loop()
        with connections(2) as ((theirs, source), (target, out)):
            theirs.setblocking(False)
            out.setblocking(False)
            lines = Line(source, loop), Line(target, loop)
            lines[0].buffer += data[:ahead]
            received = bytearray()

            async def receive() -> None:
                while piece := await loop.sock_recv(out, 1 << 16):
                    received.extend(piece)

            carried_all = asyncio.Event()

            async def send() -> None:
                await loop.sock_sendall(theirs, data[ahead:])
                if 0 <= length <= len(data):
                    await carried_all.wait()  # a line notices an end that comes meanwhile, and need not
                theirs.shutdown(socket.SHUT_WR)

            others = asyncio.gather(receive(), send())
            complete = await carry(*lines, length)
            carried_all.set()
            lines[1].finish()
            assert lines[0].ended == (length in {-2, len(data) + 1})
            while await lines[0].more():
                pass
            await others
            left = bytes(lines[0].buffer)
            for line in lines:
                line.close()
            return complete, bytes(received), left

    return asyncio.run(run())


def refuse() -> None:
    raise OSError(24, "Too many open files")


WAYS: dict[str, tuple[tuple[Any, str, object], ...]] = {
    "through the kernel": (),
    "without splice": ((sockets, "_DIRECT", False),),
    "out of descriptors": ((sockets, "Pipe", refuse),),
    "in a thread": ((sockets, "HEAVY", 1 << 16),),
    "with all threads taken": ((sockets, "HEAVY", 1 << 16), (heavystreams, "_THREADS", 0)),
}
LENGTHS = (-2, 0, 1, len(DATA) - 1, len(DATA), len(DATA) + 1)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("ahead", [0, 5, len(DATA)])
def test_so_many_bytes_are_carried_and_no_more(
    monkeypatch: pytest.MonkeyPatch, way: tuple[tuple[Any, str, object], ...], length: int, ahead: int
) -> None:
    for module, name, value in way:
        monkeypatch.setattr(module, name, value)
    most = len(DATA) if length == -2 else length
    assert carried(DATA, length, ahead) == (length <= len(DATA), DATA[:most], DATA[most:])


def test_what_the_other_end_has_no_room_for_is_sent_later() -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        with connections(1) as ((theirs, ours),):
            line, filled = Line(ours, loop), 0
            with suppress(BlockingIOError):
                while True:
                    filled += ours.send(b"x" * 65536)
            theirs.setblocking(False)
            sending = asyncio.ensure_future(line.send(b"later"))
            received = b""
            while len(received) < filled + 5:
                received += await loop.sock_recv(theirs, 1 << 20)
            await sending
            assert received == b"x" * filled + b"later"
            line.close()

    asyncio.run(run())


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_pipe_never_waits_and_is_left_to_no_program() -> None:
    def opened() -> set[int]:
        return {int(path.name) for path in Path("/proc/self/fd").iterdir() if path.exists()}

    before = opened()
    pipe = heavystreams.Pipe()
    ends = opened() - before
    try:
        assert len(ends) == 2
        assert not any(os.get_blocking(end) or os.get_inheritable(end) for end in ends)
    finally:
        pipe.close()


def test_a_stream_leaves_no_descriptor_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "HEAVY", 1 << 16)
    carried(DATA, -2, 0)
    before = descriptors()
    carried(DATA, -2, 0)
    assert descriptors() <= before


def test_a_heavy_stream_comes_back_from_its_thread_when_it_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heavystreams, "_PAUSE", 1)

    async def run() -> None:
        with connections(2) as ((theirs, source), (target, out)):
            for sock in (source, target):
                sock.setblocking(False)
            pipe = heavystreams.Pipe()
            theirs.sendall(b"abc")
            assert await heavystreams.in_thread(pipe, source, target, -2) == (-2, False)
            assert await heavystreams.in_thread(pipe, source, target, 5) == (5, False)
            assert out.recv(9) == b"abc"
            theirs.sendall(b"de")
            assert await heavystreams.in_thread(pipe, source, target, 5) == (3, False)
            theirs.sendall(b"fghi")
            assert await heavystreams.in_thread(pipe, source, target, 3) == (0, False)
            assert out.recv(9) == b"defgh"
            theirs.close()
            assert await heavystreams.in_thread(pipe, source, target, -2) == (-2, True)
            assert out.recv(9) == b"i"
            pipe.close()

    asyncio.run(run())


def test_a_stream_in_a_thread_ends_with_its_task_and_gives_the_thread_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its target takes nothing, so that only `stop` can end it."""
    monkeypatch.setattr(heavystreams, "_PAUSE", 1)
    monkeypatch.setattr(heavystreams, "_THREADS", 1)

    async def run() -> None:
        with connections(2) as ((theirs, source), (target, _)):
            for sock in (theirs, source, target):
                sock.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    target.send(b"x" * 65536)
            pipe = heavystreams.Pipe()
            theirs.send(b"abc")
            task = asyncio.ensure_future(heavystreams.in_thread(pipe, source, target, -2))
            await until(lambda: pipe.filled == 3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            pipe.close()

    asyncio.run(run())


async def joined(
    talk: Callable[[socket.socket, socket.socket, asyncio.Future[None]], Coroutine[Any, Any, None]],
) -> None:
    """Let a client and an engine talk over a joined connection, whose end they may wait for."""
    loop = asyncio.get_running_loop()
    with connections(2) as ((client, theirs), (ours, engine)):
        for sock in (client, engine):
            sock.setblocking(False)
        lines = Line(theirs, loop), Line(ours, loop)
        task = asyncio.ensure_future(join(*lines))
        await talk(client, engine, task)
        await task
        for line in lines:
            line.close()


def test_a_client_that_sends_no_more_gets_the_rest() -> None:
    async def talk(client: socket.socket, engine: socket.socket, task: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, b"question")
        client.shutdown(socket.SHUT_WR)
        assert await loop.sock_recv(engine, 99) == b"question"
        assert await loop.sock_recv(engine, 99) == b""
        await loop.sock_sendall(engine, b"answer")
        assert await loop.sock_recv(client, 99) == b"answer"
        assert not task.done()
        engine.close()
        assert await loop.sock_recv(client, 99) == b""

    asyncio.run(joined(talk))


def test_the_end_of_the_engine_is_the_end() -> None:
    async def talk(client: socket.socket, engine: socket.socket, task: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(engine, b"answer")
        engine.close()
        assert await loop.sock_recv(client, 99) == b"answer"
        assert await loop.sock_recv(client, 99) == b""
        await task

    asyncio.run(joined(talk))


def test_a_client_that_is_gone_is_the_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "_HANG_UP", 0.001)

    async def talk(client: socket.socket, engine: socket.socket, task: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        client.shutdown(socket.SHUT_WR)
        assert await loop.sock_recv(engine, 99) == b""
        await asyncio.sleep(0.01)
        assert not task.done()
        client.close()
        await task

    asyncio.run(joined(talk))


def test_a_client_that_breaks_off_ends_a_silent_engine_s_stream() -> None:
    """The bytes that it never read make its end an error, which needs no look."""

    async def talk(client: socket.socket, engine: socket.socket, task: asyncio.Future[None]) -> None:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(engine, b"12")
        assert await loop.sock_recv(client, 1) == b"1"
        client.close()
        await task

    asyncio.run(joined(talk))


def test_only_a_client_that_closed_both_ways_is_gone() -> None:
    async def run() -> list[str]:
        gone: list[str] = []
        with connections(1) as ((theirs, ours),):
            line = Line(ours, asyncio.get_running_loop())
            line.on_gone = lambda: gone.append("gone")
            line.watch()
            theirs.shutdown(socket.SHUT_WR)
            await until(lambda: line.ended)
            line.look()
            assert not gone
            theirs.close()
            line.look()
            line.close()
        return gone

    assert asyncio.run(run()) == ["gone"]


def test_a_client_that_sends_its_next_request_is_not_gone() -> None:
    async def run() -> None:
        with connections(1) as ((theirs, ours),):
            line = Line(ours, asyncio.get_running_loop())
            line.on_gone = pytest.fail
            line.watch()
            theirs.send(b"next")
            for _ in range(5):
                await asyncio.sleep(0)
            line.look()
            assert not line.ended
            assert await line.more()
            assert line.buffer == b"next"
            line.close()

    asyncio.run(run())
