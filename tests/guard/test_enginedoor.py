"""The guard's own questions to the engine: asked again only where that is safe, within bounds, in time."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from sealock.errors import EngineError
from sealock.guard import enginedoor
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.sockets import Line
from support.loopengine import Act, LoopEngine, close, end, run, until, wait
from support.waiting import PATIENCE


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may keep us longer than an engine may take."""
    monkeypatch.setattr(enginedoor, "CONNECT", PATIENCE)
    monkeypatch.setattr(enginedoor, "ANSWER", PATIENCE)


OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
ASKED: dict[str, tuple[tuple[Act, ...], str, object, int]] = {
    "a connection is used again": ((OK,), "GET", [(200, b"{}")] * 3, 1),
    "an answer that closes": (
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx",), "GET", [(200, b"x")] * 3, 3,
    ),
    "interim answers": ((b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\n" + OK,), "GET", [(200, b"{}")] * 3, 1),
    "more than the answer": ((OK + b"x",), "GET", [(200, b"{}")] * 3, 3),
    "chunks": ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",), "GET", [(200, b"x")] * 3, 1),
    "up to the end": ((end(b"HTTP/1.1 200 OK\r\n\r\nabc"),), "GET", [(200, b"abc")] * 3, 3),
    "closed while it waited": ((OK, close, OK), "GET", [(200, b"{}")] * 3, 2),
    "closed without an answer": ((close,), "GET", "it closed the connection without an answer", 2),
    "closed within the answer": ((end(OK[:-1]),), "GET", "the connection ended within the body", 1),
    "closed within the head": ((end(OK[:9]),), "GET", "the connection ended within the head of a message", 1),
    "what changes something is sent once": ((close,), "POST", "it closed the connection without an answer", 1),
    "too large": ((b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",), "GET", "the body is larger than the 100 bytes", 1),
    "the largest": ((b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100,), "GET", [(200, b"x" * 100)] * 3, 1),
}  # fmt: skip


@pytest.mark.parametrize(("acts", "method", "expected", "connections"), ASKED.values(), ids=ASKED)
def test_the_guard_asks(  # noqa: PLR0917  a row
    acts: tuple[Act, ...],
    method: str,
    expected: object,
    connections: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(enginedoor, "BODY", 100)
    engine = LoopEngine(tmp_path / "e", *acts)

    async def ask(door: EngineDoor) -> object:
        try:
            return [await door.request(method, "/a") for _ in range(3)]
        except EngineError as error:
            return str(error)

    answered = run(engine, ask)
    if isinstance(expected, str):
        assert answered.startswith(f"the engine at {engine.path} broke off: {expected}")
    else:
        assert answered == expected
    assert engine.connections == connections
    assert b"\r\nX-Mark: 1\r\n" in engine.requests[0]


def test_a_question_that_a_waiting_connection_lost_is_asked_once_more(tmp_path: Path) -> None:
    """The first connection answers once, and closes at the next request, as an engine that restarts does."""
    engine = LoopEngine(tmp_path / "e", OK, close, OK, close)

    async def ask(door: EngineDoor) -> None:
        assert await door.ask("/a") == (200, b"{}")
        assert await door.ask("/a") == (200, b"{}")
        with pytest.raises(EngineError, match="without an answer"):
            await door.request("POST", "/b")

    run(engine, ask)
    assert [request.split()[0] for request in engine.requests] == [b"GET", b"GET", b"GET", b"POST"]


def test_the_query_of_a_question_is_quoted(tmp_path: Path) -> None:
    engine = LoopEngine(tmp_path / "e", OK)
    run(engine, lambda door: door.ask("/a", [("filters", '{"a/b": 1}'), ("all", "1")]))
    assert engine.requests[0].startswith(b"GET /a?filters=%7B%22a%2Fb%22%3A%201%7D&all=1 HTTP/1.1\r\n")


def test_an_engine_that_is_silent_or_away_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enginedoor, "ANSWER", 0.01)
    monkeypatch.setattr(enginedoor, "CONNECT", 0.02)
    engine = LoopEngine(tmp_path / "e", wait)
    with pytest.raises(EngineError, match=r"^the engine at .*/e does not answer$"):
        run(engine, lambda door: door.request("GET", "/a"))
    with pytest.raises(EngineError, match=r"^the engine at .*/e does not answer$"):
        run(engine, lambda door: door.request("POST", "/a"))
    (tmp_path / "e").unlink()
    with pytest.raises(EngineError, match="cannot be reached: No such file or directory; is it running"):
        run(LoopEngine(tmp_path / "f", OK), lambda _: EngineDoor("/no/e", asyncio.get_running_loop()).take())
    with socket.socket(socket.AF_UNIX) as full, socket.socket(socket.AF_UNIX) as waiting:
        full.bind(str(tmp_path / "g"))
        full.listen(0)
        waiting.connect(str(tmp_path / "g"))
        with pytest.raises(EngineError, match="it takes no connection; is it running"):
            run(
                LoopEngine(tmp_path / "h", OK),
                lambda _: EngineDoor(str(tmp_path / "g"), asyncio.get_running_loop()).take(),
            )


DECODED: dict[str, tuple[bytes, object]] = {
    "a value": (OK, {}),
    "what is not there": (OK.replace(b"200", b"404"), None),
    "an error": (OK.replace(b"200", b"500"), "answers 500"),
    "another success": (OK.replace(b"200", b"201"), "answers 201"),
    "no JSON": (OK.replace(b"{}", b"{x"), "answers with what is no JSON"),
    "too deep": (b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"[" * 100_000 + b"]" * 100_000, "is no JSON"),
}


@pytest.mark.parametrize(("sent", "expected"), DECODED.values(), ids=DECODED)
def test_an_answer_is_decoded(sent: bytes, expected: object, tmp_path: Path) -> None:
    engine = LoopEngine(tmp_path / "e", sent)
    if isinstance(expected, str):
        with pytest.raises(EngineError, match=expected):
            run(engine, lambda door: door.decoded("/a"))
    else:
        assert run(engine, lambda door: door.decoded("/a")) == expected


def test_so_many_connections_wait_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enginedoor, "_IDLE", 2)
    engine = LoopEngine(tmp_path / "e", OK)

    async def take(door: EngineDoor) -> None:
        lines = [await door.take() for _ in range(3)]
        for line in lines:
            door.give(line)
        again = [await door.take() for _ in range(3)]
        assert [line in lines for line in again] == [True, True, False]
        again.append(await door.take(fresh=True))
        assert again[-1] not in lines
        for line in again:
            line.close()

    run(engine, take)


def _was_asked(engine: LoopEngine, path: bytes) -> bool:
    return any(request.split()[1] == path for request in engine.requests)


def test_a_question_is_sent_at_once_where_a_connection_waits(tmp_path: Path) -> None:
    """Its answer is read later; where the connection was closed meanwhile, the question is asked once more."""
    engine = LoopEngine(tmp_path / "e", OK, close, OK)

    async def ask(door: EngineDoor) -> None:
        assert door.begin("/a") is None
        for path in ("/b", "/c"):
            assert await door.ask("/a") == (200, b"{}")
            line = door.begin(path)
            assert line is not None
            await until(partial(_was_asked, engine, path.encode()))
            assert await door.request("GET", path, line) == (200, b"{}")
        line = door.begin("/d")
        assert line is not None
        line.close()
        assert not door.waiting

    run(engine, ask)
    asked = [request.split()[1] for request in engine.requests]
    assert asked == [b"/a", b"/b", b"/b", b"/a", b"/c", b"/d"]


def test_a_connection_that_ended_or_got_bytes_unasked_is_not_used_again(tmp_path: Path) -> None:
    async def take(door: EngineDoor) -> None:
        for spoil in (b"", b"unasked"):
            theirs, ours = socket.socketpair()
            door.give(Line(ours, asyncio.get_running_loop()))
            theirs.sendall(spoil)
            theirs.shutdown(socket.SHUT_WR)
            assert door.begin("/a") is None
            assert ours.fileno() < 0, "it is closed"
            theirs.close()

    run(LoopEngine(tmp_path / "e", OK), take)
