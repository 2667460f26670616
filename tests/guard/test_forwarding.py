"""What the engine gets of a request, what the client gets of its answer, and which connections live on."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Final

import pytest

from sealock.errors import EngineError
from sealock.guard import enginedoor, forwarding
from sealock.guard.archives import Spool
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.forwarding import ClientGoneError, Forward, Forwarded, drain
from sealock.guard.http1 import WireError
from support.loopengine import Act, LoopClient, LoopEngine, close, end, request_of, route, run, until, wait
from support.waiting import PATIENCE


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may keep us longer than an engine may take."""
    monkeypatch.setattr(enginedoor, "CONNECT", PATIENCE)
    monkeypatch.setattr(enginedoor, "ANSWER", PATIENCE)
    monkeypatch.setattr(forwarding, "_DRAIN_SECONDS", PATIENCE)


OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
INFO, CREATE, ATTACH = "GET /info", "POST /containers/create", "POST /containers/x/attach"
EVENTS, BUILD = "GET /events", "POST /build"
RAW = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nabc"
SWITCH = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nabc"
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
COUNTED = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
CLOSED = b"Connection: close\r\n\r\nabc"
ANSWERS: dict[str, tuple[str, str, Act, bytes, Forwarded, int]] = {
    "a length": (INFO, "", COUNTED, COUNTED, Forwarded(200, keep_alive=True), 1),
    "no bytes": (INFO, "", OK[:-4].replace(b"2\r", b"0\r") + b"\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Forwarded(200, keep_alive=True), 1),
    "chunks": (INFO, "", CHUNKS, CHUNKS, Forwarded(200, keep_alive=True), 1),
    "no content": (INFO, "", b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 204 No Content\r\n\r\n", Forwarded(204, keep_alive=True), 1),
    "a client that closes": (
        INFO, "Connection: close\r\n", COUNTED, COUNTED.replace(b"\r\nabc", CLOSED), Forwarded(200, keep_alive=False), 1,
    ),
    "an engine that closes": (
        INFO, "", end(COUNTED.replace(b"\r\nabc", CLOSED)), COUNTED.replace(b"\r\nabc", CLOSED),
        Forwarded(200, keep_alive=False), 0,
    ),
    "up to the end": (
        EVENTS, "", end(b"HTTP/1.1 200 OK\r\n\r\nabc"), b"HTTP/1.1 200 OK\r\n" + CLOSED, Forwarded(200, keep_alive=False), 0,
    ),
    "a head": ("HEAD /_ping", "", COUNTED[:-3], b"HTTP/1.1 200 OK\r\n\r\n", Forwarded(200, keep_alive=True), 1),
    "another protocol": (ATTACH, UPGRADE, end(SWITCH), SWITCH, Forwarded(101, keep_alive=False), 0),
    "a raw stream": (ATTACH, "", end(RAW), RAW, Forwarded(200, keep_alive=False), 0),
    "a raw stream where a protocol was asked for": (ATTACH, UPGRADE, end(RAW), RAW, Forwarded(200, keep_alive=False), 0),
    "an error of a stream": (
        ATTACH, UPGRADE, COUNTED.replace(b"200", b"409"), COUNTED.replace(b"200", b"409"), Forwarded(409, keep_alive=True), 1,
    ),
    "an error of a stream up to the end": (
        ATTACH, "", end(RAW.replace(b"200", b"500")), RAW.replace(b"200", b"500").replace(b"\r\nabc", CLOSED),
        Forwarded(500, keep_alive=False), 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "headers", "act", "expected", "outcome", "waiting"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_passed_on(  # noqa: PLR0917  a row
    line: str, headers: str, act: Act, expected: bytes, outcome: Forwarded, waiting: int, tmp_path: Path
) -> None:
    statuses: list[int] = []

    async def pass_on(door: EngineDoor) -> bytes:
        with LoopClient(door) as client:
            client.forwarder.answered = statuses.append
            request = request_of(line, headers)
            forward = Forward(route(line), request.target, b"")
            assert await client.forwarder.pass_on(request, forward) == outcome
            assert not client.forwarder.streaming
            assert len(door.waiting) == waiting
            return await client.received()

    assert run(LoopEngine(tmp_path / "e", act), pass_on) == expected
    assert statuses == [outcome.status]


@pytest.mark.parametrize(("line", "closes"), [(EVENTS, True), (INFO, False), ("GET /containers/x/logs", True)])
def test_a_stream_asks_for_a_connection_of_its_own(line: str, closes: bool, tmp_path: Path) -> None:  # noqa: FBT001
    engine = LoopEngine(tmp_path / "e", OK)

    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            await client.forwarder.pass_on(request_of(line), Forward(route(line), line.split()[1], b""))

    run(engine, pass_on)
    assert (b"\r\nConnection: close\r\n" in engine.requests[0]) == closes


BROKEN: dict[str, tuple[str, str, Act, type[Exception], str]] = {
    "without an answer": (CREATE, "", close, EngineError, "broke off: it closed the connection"),
    "within its answer": (INFO, "", end(COUNTED[:-1]), ClientGoneError, "ended within its answer"),
    "within its chunks": (INFO, "", end(CHUNKS[:-2]), ClientGoneError, "ended within its answer"),
    "with another protocol": (ATTACH, "", end(SWITCH), EngineError, "which the client did not ask for"),
    "with what is no HTTP": (INFO, "", end(b"SSH-2.0\r\n\r\n"), EngineError, "broke off: the engine's answer has no HTTP"),
    "with malformed chunks": (INFO, "", end(CHUNKS.replace(b"3\r", b"x\r")), WireError, "a chunk's size is malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "headers", "act", "kind", "message"), BROKEN.values(), ids=BROKEN)
def test_an_engine_that_breaks_off_is_an_error(  # noqa: PLR0917  a row
    line: str, headers: str, act: Act, kind: type[Exception], message: str, tmp_path: Path
) -> None:
    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client, pytest.raises(kind, match=message):
            await client.forwarder.pass_on(request_of(line, headers), Forward(route(line), "/a", b""))
        assert not door.waiting

    run(LoopEngine(tmp_path / "e", act), pass_on)


def test_what_only_reads_is_sent_once_more(tmp_path: Path) -> None:
    """Where a connection that waited was closed meanwhile; what changes something may have been done."""
    engine = LoopEngine(tmp_path / "e", OK, close, OK, close, OK)

    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            for _ in range(2):
                assert (await client.forwarder.pass_on(request_of(INFO), Forward(route(INFO), "/a", b""))).status == 200
            with pytest.raises(EngineError, match="broke off"):
                await client.forwarder.pass_on(request_of(CREATE), Forward(route(CREATE), "/b", b"{}"))

    run(engine, pass_on)
    assert [request.split()[0] for request in engine.requests] == [b"GET", b"GET", b"GET", b"POST"]


def test_a_body_that_streams_takes_no_connection_that_waited(tmp_path: Path) -> None:
    """It could not be sent once more where that was closed meanwhile."""

    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            for body, waiting in ((b"", 1), (b"", 1), (None, 2), (b"", 2)):
                await client.forwarder.pass_on(request_of(CREATE), Forward(route(CREATE), "/a", body))
                assert len(door.waiting) == waiting

    run(LoopEngine(tmp_path / "e", OK, OK, OK, OK), pass_on)


SENT: dict[str, tuple[str, bytes, bytes | None, bytes]] = {
    "a body that was read": ("Content-Type: a/b\r\nContent-Length: 9\r\n", b"", b"{}", b"content-type: a/b\r\nContent-Length: 2\r\n\r\n{}"),
    "a body that the guard made": ("", b"", b"{}", b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
    "no body": ("", b"", b"", b"Content-Length: 0\r\n\r\n"),
    "a stream of none": ("", b"", None, b"Content-Length: 0\r\n\r\n"),
    "a stream of a length": ("Content-Length: 5\r\n", b"abcdeGET", None, b"Content-Length: 5\r\n\r\nabcde"),
    "a stream in chunks": (
        "Transfer-Encoding: chunked\r\n", b"1\r\na\r\n4\r\nbcde\r\n0\r\n\r\nGET", None,
        b"Transfer-Encoding: chunked\r\n\r\nabcde",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "sent", "body", "expected"), SENT.values(), ids=SENT)
@pytest.mark.parametrize("pieces", [1, 4], ids=["at once", "in pieces"])
@pytest.mark.parametrize("continues", [False, True], ids=["", "and the client waits to continue"])
def test_a_request_is_sent(  # noqa: PLR0917  a row
    headers: str,
    sent: bytes,
    body: bytes | None,
    expected: bytes,
    pieces: int,
    continues: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    engine = LoopEngine(tmp_path / "e", OK)
    done: list[str] = []

    async def pass_on(door: EngineDoor) -> bytes:
        size = -(-len(sent) // pieces) or 1
        with LoopClient(door) as client:
            client.forwarder.sent = lambda: done.append("sent")
            request = request_of("POST /build", headers + ("Expect: 100-continue\r\n" if continues else ""))

            async def send() -> None:
                for at in range(0, len(sent), size):
                    await door.loop.sock_sendall(client.sock, sent[at : at + size])
                    await asyncio.sleep(0)

            sending = asyncio.ensure_future(send())
            forward = Forward(route("POST /containers/create"), "/b?t=1", body)
            assert await client.forwarder.pass_on(request, forward) == Forwarded(
                200, keep_alive=body is not None or not sent
            )
            await sending
            line = client.forwarder.client
            assert bytes(line.buffer) == (b"GET" if sent else b"") or await line.more()
            return await client.received()

    received = run(engine, pass_on)
    assert engine.requests[0].startswith(b"POST /b?t=1 HTTP/1.1\r\nHost: docker\r\n")
    assert engine.requests[0].endswith(b"\r\n" + expected)
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") == (continues and bool(sent))
    assert done == ([] if sent else ["sent"])


KEPT: dict[str, tuple[str, bytes, int, bytes]] = {
    "all of a length": ("Content-Length: 5\r\n", b"abcdeGET", 9, b"Content-Length: 5\r\n\r\nabcde"),
    "all of the chunks": ("Transfer-Encoding: chunked\r\n", b"5\r\nabcde\r\n0\r\n\r\nGET", 9, b"Content-Length: 5\r\n\r\nabcde"),
    "the start of a length": ("Content-Length: 9\r\n", b"abcde....GET", 2, b"Content-Length: 9\r\n\r\nabcde...."),
    "the start of the chunks": (
        "Transfer-Encoding: chunked\r\n", b"2\r\nab\r\n3\r\ncde\r\n4\r\n....\r\n0\r\n\r\nGET", 2,
        b"Transfer-Encoding: chunked\r\n\r\nabcde....",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("headers", "sent", "limit", "expected"), KEPT.values(), ids=KEPT)
def test_what_was_kept_of_a_stream_is_sent(
    headers: str, sent: bytes, limit: int, expected: bytes, tmp_path: Path
) -> None:
    engine = LoopEngine(tmp_path / "e", OK)
    pieces: list[int] = []

    async def pass_on(door: EngineDoor) -> bytes:
        with LoopClient(door) as client:
            client.sock.send(sent[: sent.index(b"e") + 1])
            kept, line, request = Spool(), client.forwarder.client, request_of(BUILD, headers)
            filling = asyncio.ensure_future(kept.fill(line, request.length, limit, lambda: pieces.append(1)))
            await until(lambda: pieces)
            client.sock.send(sent[sent.index(b"e") + 1 :])
            await filling
            assert kept.complete == (limit > 5)
            outcome = await client.forwarder.pass_on(request, Forward(route(BUILD), "/b", None, kept))
            assert outcome == Forwarded(200, keep_alive=False)
            kept.close()
            assert line.buffer == b"GET" or await line.more()
            return bytes(line.buffer)

    assert run(engine, pass_on) == b"GET"
    assert engine.requests[0].replace(b"Connection: close\r\n", b"").endswith(b"\r\n" + expected)


@pytest.mark.parametrize("sent", [b"abc", b""], ids=["part of the body", "nothing"])
@pytest.mark.parametrize("headers", ["Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n"])
def test_an_engine_that_answers_before_the_body_came_is_heard(headers: str, sent: bytes, tmp_path: Path) -> None:
    refusal = COUNTED.replace(b"200 OK", b"400 Bad")
    engine = LoopEngine(tmp_path / "e", end(refusal), reads_bodies=False)

    async def pass_on(door: EngineDoor) -> bytes:
        with LoopClient(door) as client:
            client.sock.send(b"3\r\n" + sent if "chunked" in headers else sent)
            passing = asyncio.ensure_future(
                client.forwarder.pass_on(request_of(BUILD, headers), Forward(route(BUILD), "/b", None))
            )
            received = b""
            while not received.endswith(b"abc"):
                received += await door.loop.sock_recv(client.sock, 99)
            # What it still sends is thrown away, until it sends no more.
            client.sock.send(b"more")
            assert not passing.done()
            client.sock.shutdown(socket.SHUT_WR)
            assert await passing == Forwarded(400, keep_alive=False)
            return received + await client.received()

    assert run(engine, pass_on) == refusal.replace(b"\r\nabc", CLOSED)


@pytest.mark.parametrize("headers", ["Content-Length: 9\r\n", "Transfer-Encoding: chunked\r\n"])
def test_a_client_that_breaks_off_its_body_is_an_error(headers: str, tmp_path: Path) -> None:
    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            client.sock.send(b"5\r\nab")
            client.sock.shutdown(socket.SHUT_WR)
            with pytest.raises(EngineError, match="broke off: the connection ended within the body"):
                await client.forwarder.pass_on(request_of(BUILD, headers), Forward(route(BUILD), "/b", None))

    run(LoopEngine(tmp_path / "e", wait, reads_bodies=False), pass_on)


START = b"HTTP/1.1 200 OK\r\n"
STREAMS: dict[str, tuple[str, bytes]] = {
    "before the answer": (CREATE, b""),
    "within chunks": (INFO, START + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    "within a counted answer": (INFO, START + b"Content-Length: 9\r\n\r\nabc"),
    "within a stream up to the end": (EVENTS, START + b"\r\nabc"),
}


@pytest.mark.parametrize(("line", "start"), STREAMS.values(), ids=STREAMS)
def test_a_client_that_leaves_ends_the_engine_s_answer(line: str, start: bytes, tmp_path: Path) -> None:
    async def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        assert await reader.read() == b"", "the guard ended the connection"

    engine = LoopEngine(tmp_path / "e", begin)

    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            passing = asyncio.ensure_future(
                client.forwarder.pass_on(request_of(line), Forward(route(line), "/a", b"{}"))
            )
            received = b""
            while not engine.requests or not received.endswith(start[-3:]):
                received += await door.loop.sock_recv(client.sock, 99) if engine.requests else b""
                await asyncio.sleep(0)
            client.sock.close()
            if line == EVENTS:
                # Up to its end the stream just ends there.
                assert (await passing).status == 200
            else:
                with pytest.raises(ClientGoneError):
                    await passing
            assert client.forwarder.client.on_gone is None
            assert not client.forwarder.streaming
            assert not door.waiting

    run(engine, pass_on)


def test_a_client_leaves_an_engine_that_takes_no_more_of_its_body(tmp_path: Path) -> None:
    over = asyncio.Event()

    async def hang(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await over.wait()

    engine = LoopEngine(tmp_path / "e", hang, reads_bodies=False)

    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            forward = Forward(route(CREATE), "/a", b" " * (8 << 20))
            passing = asyncio.ensure_future(client.forwarder.pass_on(request_of(CREATE), forward))
            await until(lambda: engine.requests)
            client.sock.close()
            done, _ = await asyncio.wait({passing}, timeout=30)
            over.set()
            assert done, "it waits for the engine no longer"
            with pytest.raises(ClientGoneError):
                await passing

    run(engine, pass_on)


@pytest.mark.parametrize(("line", "body"), [(CREATE, b"{}"), (INFO, b"")])
def test_a_client_that_only_sends_no_more_hears_that_the_engine_broke_off(
    line: str, body: bytes, tmp_path: Path
) -> None:
    async def pass_on(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            client.sock.shutdown(socket.SHUT_WR)
            await client.forwarder.client.more()
            with pytest.raises(EngineError, match="broke off: it closed the connection without an answer"):
                await client.forwarder.pass_on(request_of(line), Forward(route(line), "/a", body))

    run(LoopEngine(tmp_path / "e", close), pass_on)


ASKED_WHOLE: dict[str, tuple[Act, bytes | str]] = {
    "no bytes": (OK[:-2].replace(b"2\r", b"0\r"), b""),
    "one byte": (OK[:-1].replace(b"2\r", b"1\r"), b"{"),
    "chunks": (CHUNKS, b"abc"),
    "the largest": (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + b"x" * 100, b"x" * 100),
    "too large": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        "broke off: the body is larger than the 100 bytes",
    ),
    "up to the end": (end(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100), b"x" * 100),
    "cut off": (end(COUNTED[:-1]), "broke off: the connection ended within the body"),
    "none": (close, "broke off: it closed the connection without an answer"),
}


@pytest.mark.parametrize(("act", "outcome"), ASKED_WHOLE.values(), ids=ASKED_WHOLE)
def test_an_answer_is_read_whole(
    act: Act, outcome: bytes | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "ANSWER", 100)

    async def ask(door: EngineDoor) -> bytes:
        with LoopClient(door) as client:
            return (await client.forwarder.ask(request_of(INFO), Forward(route(INFO), "/a", b""))).body

    if isinstance(outcome, str):
        with pytest.raises(EngineError, match=outcome):
            run(LoopEngine(tmp_path / "e", act), ask)
    else:
        assert run(LoopEngine(tmp_path / "e", act), ask) == outcome


@pytest.mark.parametrize("stops", ["by its end", "after so many bytes", "after so long"])
def test_what_a_client_still_sends_is_thrown_away_for_a_while(
    stops: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "_DRAIN", 10)
    monkeypatch.setattr(forwarding, "_DRAIN_SECONDS", 0.01 if "long" in stops else PATIENCE)

    async def throw_away(door: EngineDoor) -> None:
        with LoopClient(door) as client:
            client.sock.send(b"x" * (10 if "bytes" in stops else 9))
            if "end" in stops:
                client.sock.shutdown(socket.SHUT_WR)
            await drain(client.forwarder.client)
            assert client.sock.recv(1) == b"", "it can read that no more comes"

    run(LoopEngine(tmp_path / "e", OK), throw_away)
