# ruff: noqa: SLF001  what a server does by itself, or for a signal
"""One client's connection in this process: what it answers and writes to the log where the usual way is not open."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sealock.guard import callers, session
from sealock.guard.archives import ArchiveSlots
from sealock.guard.breakglass import GlassWatch
from sealock.guard.callers import Callers, RequestLimits
from sealock.guard.decision.decide import recognize
from sealock.guard.decision.exchange import PathAnswer
from sealock.guard.decision.prepared import Guard as PreparedGuard
from sealock.guard.decision.routes import ApiRoute
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts
from sealock.guard.gate import Gate
from sealock.guard.imageevidence import StoredEvidence
from sealock.guard.livepolicy import LivePolicy
from sealock.guard.log import GuardLog
from sealock.guard.metrics import GuardMetrics
from sealock.guard.peers import Peer
from sealock.guard.repeatedrequests import RepeatedRequests
from sealock.guard.served import ClientIdentity, GuardParts, ServedConnection
from sealock.guard.server import GuardServer
from sealock.guard.session import Session
from sealock.guard.sockets import Line
from sealock.guard.statuspage import StatusPage
from support.loopengine import until
from support.oddcontexts import archive, member
from support.scriptedengine import ScriptedEngine, answer, scripted
from support.waiting import PATIENCE

POLICY = """
[guard]
[[guard.caller]]
name = "ci"
uid = 12
own = true
fail-on = "critical"
allow = ["ping", "containers", "images", "build"]
[[guard.caller]]
name = "few"
uid = 13
own = true
containers = 1
fail-on = "critical"
allow = ["containers"]
[[guard.caller]]
name = "binds"
uid = 14
binds = ["/"]
fail-on = "critical"
allow = ["containers"]
[[guard.caller]]
name = "watched"
mode = "audit"
uid = 15
own = true
containers = 1
requests-per-second = 1
fail-on = "critical"
allow = ["ping", "containers"]
[[guard.caller]]
name = "another"
uid = 16
allow = ["ping"]
[[guard.caller]]
name = "remote"
tls-name = "dev"
allow = ["ping"]
"""
CI, FEW, BINDS, WATCHED = (ClientIdentity(None, Peer(uid, uid, os.getpid(), "")) for uid in (12, 13, 14, 15))
OVER = threading.Event()
"""Is set when a guard ends, for what should last until then."""
CREATE = b'{"Image": "a", "HostConfig": {"NetworkMode": "none"}}'


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[ScriptedEngine]:
    with scripted(tmp_path / "e") as made:
        made.replies |= {
            "GET /images/a/json": answer({"Id": "sha256:1", "Config": {}}),
            "POST /containers/create": answer({"Id": "b" * 64}, 201),
        }
        yield made


class Guard:
    """The parts of a guard in front of an engine, and what its log says."""

    def __init__(self, folder: Path, engine: Path, loop: asyncio.AbstractEventLoop, connections: int = 100) -> None:
        (folder / "sealock.toml").write_text(POLICY)
        self.file = folder / "log"
        door = EngineDoor(str(engine), loop)
        facts = Facts(door, StoredEvidence(str(folder)))
        gate = Gate(LivePolicy(str(folder / "sealock.toml")), facts, GlassWatch(str(folder)))
        self.parts = GuardParts(
            gate,
            Callers(door),
            RequestLimits(connections),
            GuardLog(str(self.file)),
            GuardMetrics(),
            ArchiveSlots(),
            RepeatedRequests(),
        )

    def close(self) -> None:
        OVER.set()
        self.parts.gate.facts.close()
        self.parts.gate.facts.door.close()
        self.parts.log.close()

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()]


def request(line: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"{line} HTTP/1.1", "Host: x", "Connection: close", *headers]
    if body:
        lines += [f"Content-Length: {len(body)}", *([] if headers else ["Content-Type: application/json"])]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def exchanged(made: Guard, identity: ClientIdentity, data: bytes) -> bytes:
    """What a client gets that sends this."""
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    with theirs:
        one = Session(Line(ours, loop), identity, made.parts)
        serving = asyncio.ensure_future(one.serve())
        received = b""
        async with asyncio.timeout(PATIENCE):
            await loop.sock_sendall(theirs, data)
            while piece := await loop.sock_recv(theirs, 65536):
                received += piece
            theirs.close()
            await serving
        return received


def ask(folder: Path, engine: ScriptedEngine, identity: ClientIdentity, data: bytes) -> tuple[int, str, dict[str, Any]]:
    """The status and the message of the answer, and the last line of the log."""

    async def run() -> tuple[int, str, dict[str, Any]]:
        with closing(Guard(folder, engine.path, asyncio.get_running_loop())) as made:
            head, _, body = (await exchanged(made, identity, data)).partition(b"\r\n\r\n")
            return int(head.split()[1]), body.decode(), made.lines()[-1]

    return asyncio.run(run())


IDENTITIES: dict[str, tuple[ClientIdentity, int, str]] = {
    "a certificate that the policy names": (ClientIdentity("dev"), 200, ""),
    "another certificate": (ClientIdentity("eve"), 403, "G001"),
    "a process that the guard cannot see": (ClientIdentity(None, Peer(12, 12, 0, None)), 403, "the guard cannot see the process that calls (uid 12, pid 0)"),
    "a container that does not run": (ClientIdentity(None, Peer(12, 12, os.getpid(), "c" * 64)), 403, f"container {'c' * 12}, in which the process"),
    "a process of the host": (ClientIdentity(None, Peer(12, 12, os.getpid(), "")), 200, ""),
}  # fmt: skip


@pytest.mark.parametrize(("identity", "status", "words"), IDENTITIES.values(), ids=IDENTITIES)
def test_a_client_is_served_as_who_it_is(
    identity: ClientIdentity, status: int, words: str, tmp_path: Path, engine: ScriptedEngine
) -> None:
    engine.replies[f"GET /containers/{'c' * 64}/json"] = answer(
        {"Id": "c" * 64, "Config": {}, "State": {"Pid": 0, "Running": False}}
    )
    got, body, entry = ask(tmp_path, engine, identity, request("GET /_ping"))
    assert (got, words in body) == (status, True)
    assert entry["status"] == status


@pytest.mark.parametrize(
    ("identity", "who"),
    [
        (CI, f"uid 12, pid {os.getpid()}"), (ClientIdentity("dev"), "certificate dev"),
        (ClientIdentity(), f"uid {os.getuid()}, pid {os.getpid()}"),
    ],
    ids=["a process", "a certificate", "nobody yet"],
)  # fmt: skip
def test_what_is_no_request_is_refused_with_who_sent_it(
    identity: ClientIdentity, who: str, tmp_path: Path, engine: ScriptedEngine
) -> None:
    status, _, entry = ask(tmp_path, engine, identity, b"nonsense\r\n\r\n")
    assert (status, entry["event"]) == (400, "refused")
    assert entry["message"].endswith(f"({who})")


def test_a_list_that_is_no_json_is_an_error_of_the_engine(tmp_path: Path, engine: ScriptedEngine) -> None:
    for reply, status in (
        (answer(b"<html>"), 502),
        (answer([{"Labels": {}}]), 200),
        (answer({"message": "x"}, 500), 500),
    ):
        engine.replies["GET /images/json"] = reply
        got, body, entry = ask(tmp_path, engine, CI, request("GET /images/json"))
        assert (got, entry["status"], "the engine's answer is no JSON" in body) == (status, status, status == 502)
        assert ("no JSON" in entry.get("error", "")) == (status == 502)


def test_creates_of_a_caller_that_counts_wait_for_each_other(
    tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "_TURN", 0.01)
    engine.replies["GET /containers/json"] = answer([])

    async def run() -> list[int]:
        with closing(Guard(tmp_path, engine.path, asyncio.get_running_loop())) as made:
            asked = request("POST /containers/create?name=x", CREATE)
            found = [int((await exchanged(made, FEW, asked)).split()[1]) for _ in range(2)]
            turn = await made.parts.limits.turn("few")
            late = await exchanged(made, FEW, asked)
            assert b"another create of few lasts, so that its containers cannot be counted" in late
            other = await exchanged(made, FEW, request("GET /containers/json"))
            turn.release()
            return [*found, int(late.split()[1]), int(other.split()[1])]

    assert asyncio.run(run()) == [201, 201, 403, 200]


def test_limits_of_a_caller_in_audit_mode_hold_nothing_back(
    tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callers, "_TURN", 0.01)
    engine.replies["GET /containers/json"] = answer([])

    async def run() -> tuple[list[int], list[dict[str, Any]]]:
        with closing(Guard(tmp_path, engine.path, asyncio.get_running_loop())) as made:
            turn = await made.parts.limits.turn("watched")
            asked = (request("POST /containers/create", CREATE), request("GET /_ping"))
            statuses = [int((await exchanged(made, WATCHED, data)).split()[1]) for data in asked]
            turn.release()
            return statuses, made.lines()

    statuses, lines = asyncio.run(run())
    assert statuses == [201, 200]
    assert [(line["result"], line["rules"]) for line in lines] == [
        ("audit", ["G011"]),
        ("audit", ["G429"]),
    ]


def test_no_caller_has_the_connections_of_all(tmp_path: Path, engine: ScriptedEngine) -> None:
    ping = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"

    async def run() -> tuple[list[int], list[str]]:
        loop = asyncio.get_running_loop()
        with closing(Guard(tmp_path, engine.path, loop, connections=2)) as made:
            clients: list[socket.socket] = []
            serving: list[asyncio.Future[None]] = []
            statuses: list[int] = []

            async def ping_from(client: socket.socket) -> None:
                await loop.sock_sendall(client, ping)
                statuses.append(int((await loop.sock_recv(client, 65536)).split()[1]))

            for uid in (12, 12, 12, 12, 16):
                ours, theirs = socket.socketpair()
                theirs.setblocking(False)
                clients.append(theirs)
                identity = ClientIdentity(None, Peer(uid, uid, os.getpid(), ""))
                serving.append(asyncio.ensure_future(Session(Line(ours, loop), identity, made.parts).serve()))
                await ping_from(theirs)
            await ping_from(clients[2])
            await ping_from(clients[0])
            clients[0].close()
            await serving[0]
            await ping_from(clients[2])
            await ping_from(clients[3])
            for client in clients[1:]:
                client.close()
            await asyncio.gather(*serving)
            reasons = [line["reasons"][0]["why"] for line in made.lines() if line["status"] == 429]
            return statuses, reasons

    statuses, reasons = asyncio.run(run())
    assert statuses == [200, 200, 429, 429, 200, 429, 200, 200, 429], "the last but one took the place of one that left"
    assert set(reasons) == {"ci has 2 connections, half of all that the guard can serve"}


BUILD = request(
    "POST /build",
    archive(member("Dockerfile", "FROM a\nUSER 1\n"), member("x", "x" * (1 << 20))),
    "Content-Type: application/x-tar",
)


def test_an_archive_that_cannot_be_kept_or_read_is_not_passed_on(
    tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.replies["POST /build"] = answer(b"{}")
    assert ask(tmp_path, engine, CI, BUILD)[0] == 200
    with monkeypatch.context() as patched:
        patched.setattr(session, "LARGEST", 100)
        status, body, _ = ask(tmp_path, engine, CI, BUILD)
        assert (status, "it is larger than 100 B" in body) == (403, True)
    with monkeypatch.context() as patched:
        OVER.clear()
        patched.setattr(session, "READ_ARCHIVE", 0.01)
        patched.setattr(session, "read_archive", lambda *_: OVER.wait(PATIENCE))
        status, body, _ = ask(tmp_path, engine, CI, BUILD)
        assert (status, "the archive could not be read within 0.01 seconds" in body) == (403, True)

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(session, "Spool", refuse)
        status, body, entry = ask(tmp_path, engine, CI, BUILD)
        assert (status, entry["event"]) == (507, "refused")
        assert "the archive cannot be kept on the guard's disk: No space left on device" in body
    assert sum(line.startswith(b"POST /build") for line in engine.requests) == 1


def lead(monkeypatch: pytest.MonkeyPatch, *places: str) -> None:
    """Let a path lead to one place after the other, each time that the guard follows it."""
    left = iter(places)

    async def follow(_self: Facts, _path: str) -> PathAnswer:
        return PathAnswer(next(left), "directory")

    monkeypatch.setattr(Facts, "path", follow)


def describe_web(engine: ScriptedEngine) -> None:
    """Let the engine have a container that mounts a path of the host."""
    described = {
        "Id": "b" * 64, "Name": "/web", "Config": {"Image": "a"}, "HostConfig": {"NetworkMode": "none", "Binds": ["/srv/x:/x:ro"]},
        "Mounts": [{"Type": "bind", "Source": "/srv/x", "Destination": "/x", "RW": False}],
    }  # fmt: skip
    for name in ("web", "b" * 64):
        engine.replies[f"GET /containers/{name}/json"] = answer(described)


def test_a_container_whose_path_was_replaced_is_removed(
    tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.replies[f"DELETE /containers/{'b' * 64}"] = answer(None, 204)
    asked = request(
        "POST /containers/create", b'{"Image": "a", "HostConfig": {"NetworkMode": "none", "Binds": ["/srv/x:/x:ro"]}}'
    )
    for after, status in (("/srv/x", 201), ("/etc", 403)):
        lead(monkeypatch, "/srv/x", after)
        got, body, entry = ask(tmp_path, engine, BINDS, asked)
        assert (got, entry["status"]) == (status, status)
        assert ("/srv/x was replaced while the request was evaluated; the container was removed" in body) == (
            status == 403
        )


@pytest.mark.parametrize("verb", ["start", "restart"])
def test_a_container_whose_path_was_replaced_is_killed(
    verb: str, tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe_web(engine)
    engine.replies[f"POST /containers/{'b' * 64}/{verb}"] = answer(None, 204)
    engine.replies[f"POST /containers/{'b' * 64}/kill"] = answer(None, 204)
    for after, status in (("/srv/x", 204), ("/etc", 403)):
        lead(monkeypatch, "/srv/x", after)
        got, body, entry = ask(tmp_path, engine, BINDS, request(f"POST /containers/web/{verb}", b""))
        assert (got, entry["status"]) == (status, status), body
        assert ("/srv/x was replaced while the request was evaluated; the container was killed" in body) == (
            status == 403
        )


MOUNTED = b'{"Image": "a", "HostConfig": {"NetworkMode": "none", "Binds": ["/srv/x:/x:ro"]}}'
LEAVING: dict[str, tuple[str, bytes, bytes, str]] = {
    "it creates": ("POST /containers/create", MOUNTED, answer({"Id": "b" * 64}, 201), f"DELETE /containers/{'b' * 64}?force=1"),
    "it starts": ("POST /containers/web/start", b"", answer(None, 204), f"POST /containers/{'b' * 64}/kill"),
    "it restarts": ("POST /containers/web/restart", b"", answer(None, 204), f"POST /containers/{'b' * 64}/kill"),
    "the engine breaks off": ("POST /containers/web/start", b"", b"", f"POST /containers/{'b' * 64}/kill"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "body", "reply", "ended"), LEAVING.values(), ids=LEAVING)
def test_a_container_is_checked_though_its_client_left(  # noqa: PLR0917  a row
    line: str, body: bytes, reply: bytes, ended: str, tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    gone = threading.Event()

    def answer_late(sock: socket.socket) -> None:
        gone.wait(PATIENCE)
        sock.sendall(reply)

    describe_web(engine)
    asked = line.replace("/web/", f"/{'b' * 64}/")
    engine.replies[asked] = answer_late
    engine.replies[ended.partition("?")[0]] = answer(None, 204)
    lead(monkeypatch, "/srv/x", "/etc")

    def came(start: str) -> bool:
        return any(start in got.decode("latin-1").split("\r\n")[0] for got in engine.requests)

    async def run() -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        with closing(Guard(tmp_path, engine.path, loop)) as made:
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            serving = asyncio.ensure_future(Session(Line(ours, loop), BINDS, made.parts).serve())
            await loop.sock_sendall(theirs, request(line, body))
            await until(
                lambda: came(asked.partition(" ")[2]) and any(got.startswith(b"POST") for got in engine.requests)
            )
            theirs.close()
            for _ in range(20):
                await asyncio.sleep(0)
            gone.set()
            await serving
            return made.lines()[-1]

    entry = asyncio.run(run())
    assert came(ended.partition(" ")[2]), entry
    assert "/srv/x was replaced while the request was evaluated" in entry["error"]


def test_a_request_that_comes_again_is_forwarded_and_logged_like_the_first(
    tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.replies |= {"GET /containers/json": answer([]), "HEAD /_ping": answer(None)}
    ping = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
    seen: list[str] = []

    def noted(method: str, target: str, guard: PreparedGuard) -> ApiRoute | None:
        seen.append(method)
        return recognize(method, target, guard)

    monkeypatch.setattr(session, "recognize", noted)

    async def run() -> tuple[list[bytes], list[dict[str, Any]]]:
        with closing(Guard(tmp_path, engine.path, asyncio.get_running_loop())) as made:
            who = ClientIdentity(None, Peer(12, 12, os.getpid(), ""))
            await exchanged(made, who, request("GET /containers/json"))
            answers = [await exchanged(made, who, ping * 2 + request("GET /containers/json"))]
            answers.append(await exchanged(made, who, ping.replace(b"GET", b"HEAD") * 2 + request("GET /_ping")))
            (tmp_path / "sealock.toml").write_text(POLICY.replace('"ping", "containers", "images"', '"images"'))
            answers.append(await exchanged(made, who, ping + request("GET /_ping")))
            made.parts.gate.policy.look(force=True)
            answers.append(await exchanged(made, who, ping + request("GET /_ping")))
            return answers, made.lines()

    answers, lines = asyncio.run(run())
    allowed, bodiless, before, after = (piece.count(b"HTTP/1.1 200") for piece in answers)
    assert (allowed, bodiless, before, after) == (3, 3, 2, 0)
    assert answers[1].count(b"OK") == 1
    assert answers[3].count(b"HTTP/1.1 403 Forbidden") == 2
    assert [line["result"] for line in lines] == ["allowed"] * 9 + ["denied"] * 2
    assert {line["status"] for line in lines[:9]} == {200}
    assert all(line["caller"]["name"] == "ci" for line in lines[:9])
    # The first of each kind is read, and that of each connection; those after it are not, until the policy is another.
    assert seen == ["GET", "GET", "HEAD", "GET", "GET", "GET", "GET"]
    assert sum(data.startswith(b"GET /_ping") for data in engine.requests) == 5


def test_a_body_in_chunks_is_read_each_time(tmp_path: Path, engine: ScriptedEngine) -> None:
    chunked = b"GET /_ping HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    data = chunked + b"0\r\n\r\n" + chunked + b"2\r\n{}\r\n0\r\n\r\n" + request("GET /_ping")

    async def run() -> list[int]:
        with closing(Guard(tmp_path, engine.path, asyncio.get_running_loop())) as made:
            await exchanged(made, ClientIdentity(None, Peer(12, 12, os.getpid(), "")), data)
            return [line["status"] for line in made.lines()]

    assert asyncio.run(run()) == [200, 200, 200]


# The server.


class Waiting(ServedConnection):
    """A connection that does nothing until it is ended."""

    async def serve(self) -> None:
        await asyncio.Event().wait()


def test_a_fault_of_a_look_or_of_a_rotation_is_in_the_log(
    tmp_path: Path, engine: ScriptedEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> list[str]:
        with closing(Guard(tmp_path, engine.path, asyncio.get_running_loop())) as made:
            parts = made.parts
            server = GuardServer((), Waiting, parts, StatusPage(None, parts.gate, parts.metrics))
            server._reload()
            (tmp_path / "log").rename(tmp_path / "old")
            (tmp_path / "log").mkdir()
            server._reload()
            (tmp_path / "log").rmdir()
            (tmp_path / "old").rename(tmp_path / "log")
            looks, counted = iter([OSError("a fault")]), asyncio.Event()

            def fail() -> None:
                if (fault := next(looks, None)) is not None:
                    raise fault
                counted.set()

            monkeypatch.setattr(server, "_look", fail)
            monkeypatch.setattr("sealock.guard.server._LOOK", 0.001)
            keeping = asyncio.ensure_future(server._keep_house())
            async with asyncio.timeout(PATIENCE):
                await counted.wait()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            return [f"{line['event']}: {line['message']}" for line in made.lines()]

    events = asyncio.run(run())
    assert any(
        event.startswith(f"log-refused: the log {tmp_path}/log cannot be written: Is a directory") for event in events
    )
    assert any(event == "fault: OSError('a fault')" for event in events)


@pytest.mark.parametrize(
    ("sent", "late", "status"),
    [
        (b"GET /_ping HTTP/1.1\r\nHo", 1.0, b"408"),
        (b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n{", 1.0, b"408"),
        (b"GET /_ping HTTP/1.1\r\nHo", 0.0, b""),
        (b"", 1.0, b""),
    ],
    ids=["a head", "a body", "a guard that ends", "nothing"],
)
def test_a_client_that_sends_its_request_too_slowly_reads_why(
    sent: bytes, late: float, status: bytes, tmp_path: Path, engine: ScriptedEngine
) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        with closing(Guard(tmp_path, engine.path, loop)) as made, theirs:
            one = Session(Line(ours, loop), ClientIdentity(), made.parts)
            one.task = asyncio.ensure_future(one.serve())
            await loop.sock_sendall(theirs, sent)
            await until(lambda: one.idle is not bool(sent) and one.deadline > 0)
            one.deadline = late
            one.expire()
            await asyncio.gather(one.task, return_exceptions=True)
            assert (await loop.sock_recv(theirs, 1000))[9:12] == status
            lines = [f"{line['event']}: {line['message']}" for line in made.lines()] if status else []
            assert lines == [
                f"refused: no whole request within 30 seconds (uid {os.getuid()}, pid {os.getpid()})"
            ] * bool(status)
            assert made.parts.metrics.total("errors_total", kind="client") == bool(status)

    asyncio.run(run())


def test_connections_that_waited_too_long_are_ended(tmp_path: Path, engine: ScriptedEngine) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        with closing(Guard(tmp_path, engine.path, loop)) as made:
            parts = made.parts
            server = GuardServer((), Waiting, parts, StatusPage(None, parts.gate, parts.metrics))
            pairs = [socket.socketpair() for _ in range(4)]
            waiting = [Waiting(Line(ours, loop), ClientIdentity(), parts) for ours, _ in pairs]
            for one, deadline in zip(waiting, (0.0, 1.0, time.monotonic() + PATIENCE, 2.0), strict=True):
                one.deadline, one.task = deadline, asyncio.ensure_future(one.serve())
                server.sessions.add(one)
            await asyncio.sleep(0)
            server._look()
            await asyncio.sleep(0.01)
            assert [one.task is not None and one.task.cancelled() for one in waiting] == [False, True, False, True]
            waiting[0].idle = False
            server.sessions -= {waiting[1], waiting[3]}
            assert server._close_idle()
            await asyncio.sleep(0.01)
            assert [one.task is not None and one.task.cancelled() for one in waiting] == [False, True, True, True]
            server.sessions -= {waiting[2]}
            assert not server._close_idle(), "the other is in use"
            server._stop()
            server._stop()
            await server._drained()
            await asyncio.gather(*(one.task for one in waiting if one.task is not None), return_exceptions=True)
            for one, (_, theirs) in zip(waiting, pairs, strict=True):
                one.line.close()
                theirs.close()
            assert waiting[0].ending
            assert [line["event"] for line in made.lines()][-2:] == ["stopping", "stopped"]

    asyncio.run(run())
