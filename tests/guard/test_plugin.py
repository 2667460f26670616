"""The authorization plugin answers each question of the engine, and denies what it cannot read or evaluate."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from sealock.guard import plugin
from sealock.guard.archives import ArchiveSlots
from sealock.guard.breakglass import GlassWatch
from sealock.guard.callers import Callers, RequestLimits
from sealock.guard.decision.exchange import LARGEST_BODY
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.facts import Facts
from sealock.guard.gate import Gate
from sealock.guard.imageevidence import StoredEvidence
from sealock.guard.livepolicy import LivePolicy
from sealock.guard.log import GuardLog
from sealock.guard.metrics import GuardMetrics
from sealock.guard.plugin import PluginMark, PluginSession
from sealock.guard.repeatedrequests import RepeatedRequests
from sealock.guard.served import ClientIdentity, GuardParts
from sealock.guard.sockets import Line

POLICY = """
[guard]
[[guard.caller]]
name = "ci"
tls-name = "ci-*"
allow = ["ping", "volumes", "build"]
"""
LARGE = {"Name": "x" * LARGEST_BODY}


class Asked:
    """A plugin in the event loop, and the engine's end of a connection to it."""

    def __init__(self, folder: Path) -> None:
        (folder / "sealock.toml").write_text(POLICY)
        loop = asyncio.get_running_loop()
        door = EngineDoor(str(folder / "engine"), loop)
        self.facts = Facts(door, StoredEvidence(str(folder)))
        gate = Gate(LivePolicy(str(folder / "sealock.toml")), self.facts, GlassWatch(str(folder)))
        self.log, self.metrics, self.mark = GuardLog(str(folder / "log")), GuardMetrics(), PluginMark()
        self.parts = GuardParts(
            gate, Callers(door), RequestLimits(100), self.log, self.metrics, ArchiveSlots(), RepeatedRequests()
        )
        self.engine, theirs = socket.socketpair()
        self.engine.setblocking(False)
        self.session = PluginSession(Line(theirs, loop), ClientIdentity(), self.parts, self.mark)
        self.serving = asyncio.ensure_future(self.session.serve())
        self.buffer = b""

    async def ask(self, path: str, value: object, headers: str = "") -> tuple[int, dict[str, Any]]:
        """Send a question, and read the answer."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        loop = asyncio.get_running_loop()
        head = f"POST {path} HTTP/1.1\r\nHost: plugin\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode()
        await loop.sock_sendall(self.engine, head + body)
        while b"\n" not in self.buffer.partition(b"\r\n\r\n")[2]:
            self.buffer += await loop.sock_recv(self.engine, 65536)
        start, _, rest = self.buffer.partition(b"\r\n\r\n")
        line, _, self.buffer = rest.partition(b"\n")
        return int(start.split()[1]), json.loads(line)

    async def end(self) -> None:
        """Close the engine's end: the session ends too."""
        self.engine.close()
        await self.serving
        self.log.close()
        self.facts.close()


def question(method: str, target: str, body: object = None, user: str = "ci-1", **headers: str) -> dict[str, Any]:
    made = {"RequestMethod": method, "RequestUri": target, "User": user, "RequestHeaders": headers}
    return made if body is None else made | {"RequestBody": b64encode(json.dumps(body).encode()).decode()}


JSON = {"Content-Type": "application/json"}
ROWS: dict[str, tuple[str, object, dict[str, Any] | str]] = {
    "its kind": ("/Plugin.Activate", {}, {"Implements": ["authz"]}),
    "an answer": ("/AuthZPlugin.AuthZRes", {}, {"Allow": True, "Msg": ""}),
    "something else": ("/NetworkDriver.Join", {}, {"Err": "the plugin implements authz only"}),
    "what is allowed": ("/AuthZPlugin.AuthZReq", question("GET", "/_ping"), {"Allow": True, "Msg": ""}),
    "with a body": ("/AuthZPlugin.AuthZReq", question("POST", "/volumes/create", {"Name": "x"}, **JSON), {"Allow": True, "Msg": ""}),
    "header names in any case": (
        "/AuthZPlugin.AuthZReq", question("POST", "/volumes/create", {"Name": "x"}, **{"CONTENT-TYPE": "application/json"}),
        {"Allow": True, "Msg": ""},
    ),
    "a stream, which stays unread": (
        "/AuthZPlugin.AuthZReq", question("POST", "/build?networkmode=none", **{"Transfer-Encoding": "chunked"}), {"Allow": True, "Msg": ""},
    ),
    "what is not allowed": ("/AuthZPlugin.AuthZReq", question("GET", "/info"), "G002"),
    "nobody": ("/AuthZPlugin.AuthZReq", question("GET", "/_ping", user=""), "G001"),
    "a body that the engine kept": (
        "/AuthZPlugin.AuthZReq", question("POST", "/volumes/create", **{"Content-Length": "12"}), "did not give it to the plugin",
    ),
    "no body, and none was sent": (
        "/AuthZPlugin.AuthZReq", question("GET", "/_ping", **{"Content-Length": "0"}), {"Allow": True, "Msg": ""},
    ),
    "a body that is too large": ("/AuthZPlugin.AuthZReq", question("POST", "/volumes/create", LARGE, **JSON), "the body is larger than"),
    "no JSON": ("/AuthZPlugin.AuthZReq", b"{x", "the engine's question could not be read"),
    "not UTF-8": ("/AuthZPlugin.AuthZReq", b'{"User": "\xff"}', "the engine's question could not be read"),
    "nested too deeply": ("/AuthZPlugin.AuthZReq", b'{"x": ' + b"[" * 9000 + b"]" * 9000 + b"}", "could not be read"),
    "no base64": (
        "/AuthZPlugin.AuthZReq", question("GET", "/_ping") | {"RequestBody": "%"}, "the engine's question could not be read",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("path", "value", "expected"), ROWS.values(), ids=ROWS)
def test_a_question_is_answered(path: str, value: object, expected: dict[str, Any] | str, tmp_path: Path) -> None:
    async def ask() -> tuple[dict[str, Any], int]:
        asked = Asked(tmp_path)
        status, answer = await asked.ask(path, value)
        assert status == 200
        await asked.end()
        return answer, asked.metrics.total("errors_total", kind="client")

    answer, errors = asyncio.run(ask())
    if isinstance(expected, str):
        assert answer["Allow"] is False
        assert expected in answer["Msg"]
        assert errors == ("could not be read" in answer["Msg"])
    else:
        assert (answer, errors) == (expected, 0)


def test_each_question_has_its_line_and_its_count(tmp_path: Path) -> None:
    async def ask() -> GuardMetrics:
        asked = Asked(tmp_path)
        for target in ("/_ping", "/info", "/_ping"):
            await asked.ask("/AuthZPlugin.AuthZReq", question("GET", target))
        assert not asked.serving.done()
        await asked.end()
        return asked.metrics

    metrics = asyncio.run(ask())
    assert metrics.total("requests_total", result="allowed", caller="ci") == 2
    assert metrics.total("denials_total", rule="G002") == 1
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["result"] for line in lines] == ["allowed", "denied", "allowed"]
    assert {line["form"] for line in lines} == {"plugin"}


def test_its_own_questions_pass_and_leave_no_line(tmp_path: Path) -> None:
    async def ask() -> list[object]:
        asked = Asked(tmp_path)
        name, secret = asked.mark.header
        answers = []
        for method, value in (("GET", secret), ("POST", secret), ("GET", secret[:-1]), ("GET", "")):
            asking = question(method, "/info", user="", **{name: value})
            answers.append((await asked.ask("/AuthZPlugin.AuthZReq", asking))[1]["Allow"])
        await asked.end()
        return answers

    assert asyncio.run(ask()) == [True, False, False, False]
    assert len((tmp_path / "log").read_text().splitlines()) == 3


def test_a_question_without_an_answer_in_time_is_denied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "DEADLINE", 0.01)

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async def ask() -> dict[str, Any]:
        asked = Asked(tmp_path)
        monkeypatch.setattr(Gate, "decide", never)
        _, answer = await asked.ask("/AuthZPlugin.AuthZReq", question("GET", "/_ping"))
        await asked.end()
        return answer

    answer = asyncio.run(ask())
    assert answer["Allow"] is False
    assert "no decision within 0.01 seconds" in answer["Msg"]


@pytest.mark.parametrize("header", ["Connection: close\r\n", "X: \x01\r\n"], ids=["the engine closes", "no HTTP"])
def test_the_connection_ends_after_its_last_question(header: str, tmp_path: Path) -> None:
    async def ask() -> None:
        asked = Asked(tmp_path)
        status, answer = await asked.ask("/Plugin.Activate", {}, header)
        assert (status, "Err" in answer) == ((200, False) if "close" in header else (400, True))
        assert await asyncio.get_running_loop().sock_recv(asked.engine, 1) == b""
        await asked.end()

    asyncio.run(ask())


def test_a_plugin_that_ends_takes_no_further_question(tmp_path: Path) -> None:
    async def ask() -> None:
        asked = Asked(tmp_path)
        asked.session.ending = True
        await asked.serving
        assert await asyncio.get_running_loop().sock_recv(asked.engine, 1) == b""
        await asked.end()

    asyncio.run(ask())


@pytest.mark.parametrize("sent", ["a question", "half a head", "nothing"])
def test_an_engine_that_is_gone_before_its_answer_leaves_its_question_in_the_log(sent: str, tmp_path: Path) -> None:
    body = json.dumps(question("GET", "/_ping")).encode()
    head = f"POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    data = {"a question": head + body, "half a head": head[:20], "nothing": b""}[sent]

    async def leave() -> None:
        asked = Asked(tmp_path)
        await asyncio.get_running_loop().sock_sendall(asked.engine, data)
        asked.engine.close()
        await asked.serving
        asked.facts.close()
        asked.log.close()
        assert asked.session.line.sock.fileno() == -1

    asyncio.run(leave())
    assert len((tmp_path / "log").read_text().splitlines()) == (sent == "a question")
