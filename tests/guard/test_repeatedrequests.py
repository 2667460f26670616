"""A request that comes again byte for byte is read and decided once; whatever else differs, it is decided anew."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.guard.decision.decide import decide, recognize
from sealock.guard.decision.exchange import Allowed, Caller, CallingContainer, EngineRequest
from sealock.guard.decision.prepared import Guard, prepare
from sealock.guard.forwarding import Forward
from sealock.guard.gate import GateOutcome
from sealock.guard.http1 import read_request
from sealock.guard.repeatedrequests import DecidedRequest, RepeatedRequests
from sealock.model.location import Source
from sealock.policy.settings import read

POLICY = """
[guard]
[[guard.caller]]
name = "few"
uid = 3
requests-per-second = 5
allow = ["ping", "containers"]
[[guard.caller]]
name = "counted"
uid = 4
containers = 5
allow = ["ping", "containers"]
[[guard.caller]]
name = "others"
uid = [1, 2]
allow = ["ping", "containers", "events", "files"]
[[guard.caller]]
name = "remote"
tls-name = ["a", "b"]
allow = ["ping"]
"""
DAY = 20_000 * 86_400
CALLER = Caller(1, 1, (1,), 100)
PING = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"


def prepared() -> Guard:
    return prepare(read(Source("sealock.toml", POLICY), "."), date(2026, 11, 28))


GUARD = prepared()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds since 1970."""
    now = [float(DAY)]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def decided(head: bytes, caller: Caller = CALLER, *, lasting: bool = True) -> DecidedRequest:
    """A request as the gate decides it without facts."""
    request = read_request(head)
    route = recognize(request.method, request.target, GUARD)
    body = None if route is not None and route.body == "stream" else b""
    asked = EngineRequest(request.method, request.target, request.content_type, body, request.upgrade)
    result: Any = decide(asked, caller, GUARD, {}, date(2026, 11, 28))
    forward = Forward(route, getattr(result, "target", request.target), body)
    return DecidedRequest(request, asked, GateOutcome(result, lasting=lasting and isinstance(result, Allowed)), forward)


def kept(
    head: bytes = PING, caller: Caller = CALLER, guard: Guard = GUARD, *, lasting: bool = True
) -> RepeatedRequests:
    made = RepeatedRequests()
    made.keep(head, caller, guard, decided(head, caller, lasting=lasting))
    return made


@pytest.mark.usefixtures("clock")
def test_the_same_bytes_of_the_same_caller_stand() -> None:
    found = kept().find(PING, CALLER, GUARD)
    assert found is not None
    assert (found.outcome, found.head) == (decided(PING).outcome, read_request(PING))
    assert found.forward.head == b"GET /_ping HTTP/1.1\r\nHost: docker\r\n\r\n"
    assert kept().find(PING, replace(CALLER, pid=7), GUARD) == found
    events = b"GET /events HTTP/1.1\r\nHost: x\r\nX-Trace: 1\r\n\r\n"
    streamed = kept(events).find(events, CALLER, GUARD)
    assert streamed is not None
    assert streamed.forward.head == b"GET /events HTTP/1.1\r\nHost: docker\r\nx-trace: 1\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "caller", "guard"),
    [
        pytest.param(PING.replace(b"x", b"y"), CALLER, GUARD, id="another header"),
        pytest.param(PING.replace(b"GET", b"HEAD"), CALLER, GUARD, id="another method"),
        pytest.param(PING, replace(CALLER, uid=2), GUARD, id="another user"),
        pytest.param(PING, replace(CALLER, gid=2), GUARD, id="another group"),
        pytest.param(PING, replace(CALLER, groups=(1, 2)), GUARD, id="one more group"),
        pytest.param(PING, replace(CALLER, tls_name="a"), GUARD, id="a certificate"),
        pytest.param(PING, replace(CALLER, container=CallingContainer("c")), GUARD, id="a container"),
        pytest.param(PING, None, GUARD, id="nobody yet"),
        pytest.param(PING, CALLER, prepared(), id="a policy that was read again"),
    ],
)
@pytest.mark.usefixtures("clock")
def test_anything_else_is_decided(head: bytes, caller: Caller | None, guard: Guard) -> None:
    assert kept().find(head, caller, guard) is None


def test_a_request_stands_until_the_day_ends(clock: list[float]) -> None:
    made = kept()
    for seconds, stands in ((86_399.9, True), (86_400.0, False), (0.0, True), (-0.1, False)):
        clock[0] = DAY + seconds
        assert (made.find(PING, CALLER, GUARD) is not None) == stands, seconds
    clock[0] = DAY + 86_400.0
    made.keep(PING, CALLER, GUARD, decided(PING))
    clock[0] = DAY
    assert made.find(PING, CALLER, GUARD) is None


LONG = PING.replace(b"\r\n\r\n", b"\r\nX: " + b"x" * 1100 + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("head", "caller"),
    [
        pytest.param(b"POST /containers/a/start HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", CALLER, id="a body"),
        pytest.param(PING.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost"), CALLER, id="chunks"),
        pytest.param(PING.replace(b"Host", b"Expect: 100-continue\r\nHost"), CALLER, id="a client that waits"),
        pytest.param(PING.replace(b"Host", b"Connection: Upgrade\r\nUpgrade: tcp\r\nHost"), CALLER, id="an upgrade"),
        pytest.param(b"PUT /containers/a/archive HTTP/1.1\r\nHost: x\r\n\r\n", CALLER, id="a stream without a length"),
        pytest.param(LONG, CALLER, id="a long head"),
        pytest.param(PING, Caller(3, 1), id="a caller with so many requests a second"),
        pytest.param(PING, Caller(4, 1), id="a caller whose containers are counted"),
        pytest.param(PING, Caller(9, 1), id="a caller that the policy does not name"),
        pytest.param(PING, replace(CALLER, container=CallingContainer("c")), id="a container, which may be renamed"),
        pytest.param(b"GET /info HTTP/1.1\r\nHost: x\r\n\r\n", CALLER, id="a request that is denied"),
    ],
)
@pytest.mark.usefixtures("clock")
def test_what_may_be_decided_otherwise_is_not_kept(head: bytes, caller: Caller) -> None:
    assert kept(head, caller).find(head, caller, GUARD) is None


@pytest.mark.usefixtures("clock")
def test_what_rests_on_facts_is_not_kept() -> None:
    assert kept(lasting=False).find(PING, CALLER, GUARD) is None


@pytest.mark.usefixtures("clock")
def test_another_policy_forgets_what_was_kept() -> None:
    made, other = kept(), prepared()
    made.keep(PING, replace(CALLER, uid=2), other, decided(PING))
    assert made.find(PING, replace(CALLER, uid=2), other) is not None
    assert made.find(PING, CALLER, other) is None


@pytest.mark.usefixtures("clock")
def test_the_last_256_are_kept() -> None:
    made = RepeatedRequests()
    heads = [PING.replace(b"x", b"%d" % number) for number in range(257)]
    for head in heads:
        made.keep(head, CALLER, GUARD, decided(head))
    assert [made.find(head, CALLER, GUARD) is not None for head in heads] == [False] + [True] * 256
