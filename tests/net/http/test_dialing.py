"""Which address of a name is connected to, how long each may take, and what is said where none answers."""

from __future__ import annotations

import socket
import ssl
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sealock.net.http import connections
from sealock.net.http.connections import (
    NothingListensError,
    PlainError,
    Proxy,
    Reach,
    ServerPlace,
    UnreachedError,
    dial,
    secure,
    through,
)
from sealock.net.http.guard import AddressGuard

NOTHING = "nothing listens on port 80: is the server up, and is the port right?"
SLOW = "no connection within 10 s: does a firewall or a proxy block it?"
OWN = "a remote server redirects to 127.0.0.1, an address of this machine's own network: refused"


class Network:
    """Addresses and how each answers: "" after how many seconds, or an error."""

    def __init__(self, *answers: tuple[str, OSError | float], name: OSError | None = None) -> None:
        self.answers, self.name, self.now = dict(answers), name, 1000.0
        self.tried: list[tuple[str, float]] = []
        self.closed: list[str] = []
        self.sent, self.reply = b"", b""

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        module = {
            name: getattr(socket, name) for name in dir(socket) if name.isupper() or name in {"gaierror", "error"}
        }
        made = SimpleNamespace(**module, getaddrinfo=self.addresses, socket=lambda *_: Socket(self))
        monkeypatch.setattr(connections, "socket", made)
        monkeypatch.setattr(connections, "monotonic", lambda: self.now)

    def addresses(self, _host: str, port: int, **_: Any) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        if self.name is not None:
            raise self.name
        return [(2, 1, 6, "", (address, port)) for address in self.answers]


class Socket:
    """A connection that is being made."""

    def __init__(self, network: Network) -> None:
        self.network, self.timeout, self.address = network, 0.0, ""

    def settimeout(self, seconds: float) -> None:
        self.timeout = seconds

    def connect(self, address: tuple[str, int]) -> None:
        self.address = address[0]
        answer = self.network.answers[self.address]
        self.network.tried.append((self.address, round(self.timeout, 3)))
        if isinstance(answer, OSError):
            raise answer
        self.network.now += min(answer, self.timeout)
        if answer > self.timeout:
            raise TimeoutError

    def setsockopt(self, *_: object) -> None:
        pass

    def sendall(self, data: bytes) -> None:
        self.network.sent += data

    def recv(self, count: int) -> bytes:
        self.network.tried.append(("", round(self.timeout, 3)))
        part, self.network.reply = self.network.reply[:count], self.network.reply[count:]
        self.network.now += 0.25
        return part

    def close(self) -> None:
        self.network.closed.append(self.address)


REFUSED, UNREACHABLE = ConnectionRefusedError(), OSError(113, "No route to host")


@pytest.mark.parametrize(
    ("answers", "address", "tried"),
    [
        pytest.param([("8.8.8.8", 1)], "8.8.8.8", [10], id="the only one"),
        pytest.param([("8.8.8.8", 1), ("9.9.9.9", 1)], "8.8.8.8", [10], id="the first"),
        pytest.param([("8.8.8.8", REFUSED), ("9.9.9.9", 1)], "9.9.9.9", [10, 10], id="after one that refuses"),
        pytest.param([("8.8.8.8", UNREACHABLE), ("9.9.9.9", 1)], "9.9.9.9", [10, 10], id="after one without a route"),
        pytest.param([("8.8.8.8", 4), ("9.9.9.9", 1)], "8.8.8.8", [10], id="one that takes its time"),
        pytest.param([("8.8.8.8", 10), ("9.9.9.9", 0)], "8.8.8.8", [10], id="one that takes all the time"),
        pytest.param([("8.8.8.8", 11), ("9.9.9.9", 0)], "9.9.9.9", [10, 0.001], id="after one that took all the time"),
    ],
)
def test_the_first_address_that_answers_is_used(
    monkeypatch: pytest.MonkeyPatch, answers: list[tuple[str, OSError | float]], address: str, tried: list[float]
) -> None:
    network = Network(*answers)
    network.use(monkeypatch)
    sock, reach = dial("r.example", 80, 10)
    assert (cast("Any", sock).address, reach) == (address, "public")
    assert [seconds for _, seconds in network.tried] == tried
    assert address not in network.closed
    assert len(network.closed) == len(tried) - 1


@pytest.mark.parametrize(
    ("network", "only", "kind", "why"),
    [
        (Network(), None, UnreachedError, "it has no address"),
        (Network(("8.8.8.8", REFUSED)), None, NothingListensError, NOTHING),
        (Network(("8.8.8.8", REFUSED), ("9.9.9.9", 11)), None, UnreachedError, SLOW),
        (Network(("8.8.8.8", 11), ("9.9.9.9", REFUSED)), None, NothingListensError, NOTHING),
        (Network(("8.8.8.8", UNREACHABLE)), None, UnreachedError, "it cannot be reached (No route to host)"),
        (Network(("127.0.0.1", 1)), "public", UnreachedError, OWN),
        (Network(("127.0.0.1", 1)), "link-local", UnreachedError, OWN),
        (Network(("8.8.8.8", REFUSED), ("127.0.0.1", 1)), "public", UnreachedError, OWN),
        (Network(("127.0.0.1", 1), ("8.8.8.8", REFUSED)), "public", NothingListensError, NOTHING),
        (
            Network(name=socket.gaierror(socket.EAI_AGAIN, "again")), None, UnreachedError,
            "the name r.example cannot be resolved (again): is there a network, and does DNS work?",
        ),
        (
            Network(name=socket.gaierror(socket.EAI_NONAME, "unknown")), None, UnreachedError,
            "the name r.example cannot be resolved (unknown): check its spelling",
        ),
    ],
)  # fmt: skip
def test_why_no_address_answers(
    monkeypatch: pytest.MonkeyPatch, network: Network, only: Reach | None, kind: type[Exception], why: str
) -> None:
    network.use(monkeypatch)
    with pytest.raises(UnreachedError) as refused:
        dial("r.example", 80, 10, only=only)
    assert (type(refused.value), str(refused.value)) == (kind, why)


@pytest.mark.parametrize(
    ("only", "address"),
    [(None, "127.0.0.1"), ("loopback", "127.0.0.1"), ("public", "8.8.8.8"), ("link-local", "8.8.8.8")],
)
def test_an_address_of_this_machine_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, only: Reach | None, address: str
) -> None:
    network = Network(("127.0.0.1", 1), ("8.8.8.8", 1))
    network.use(monkeypatch)
    sock, reach = dial("r.example", 80, 10, only=only)
    assert (cast("Any", sock).address, reach) == (address, "loopback" if address == "127.0.0.1" else "public")


def test_an_address_that_the_guard_refuses_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(("10.0.0.1", 1), ("8.8.8.8", 1))
    network.use(monkeypatch)
    sock, _ = dial("r.example", 443, 10, guard=AddressGuard((), "write {}"))
    assert cast("Any", sock).address == "8.8.8.8"
    assert [address for address, _ in network.tried] == ["8.8.8.8"]


PROXY, PLACE = Proxy("proxy.example", 3128, "Basic x"), ServerPlace("https", "r.example", 443)
REFUSES = "the proxy proxy.example:3128 refuses to connect "
REPLIES = {
    "it connects": (b"HTTP/1.1 200 OK\r\n\r\nrest", ""),
    "by the older version": (b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n", ""),
    "with another success": (b"HTTP/1.1 204 x\r\n\r\n", ""),
    "it refuses": (b"HTTP/1.1 403 Forbidden\r\n\r\n", REFUSES + "(HTTP/1.1 403 Forbidden)"),
    "another protocol": (b"HTTP/2 200\r\n\r\n", REFUSES + "(HTTP/2 200)"),
    "nothing": (b"", REFUSES + "(no answer)"),
    "words": (b"ICY 200 OK\r\n\r\n", REFUSES + "(ICY 200 OK)"),
    "without an end": (b"HTTP/1.1 200 OK\r\n", ""),
}


@pytest.mark.parametrize(("reply", "why"), REPLIES.values(), ids=REPLIES)
def test_a_proxy_connects_or_says_why_not(monkeypatch: pytest.MonkeyPatch, reply: bytes, why: str) -> None:
    network = Network(("8.8.8.8", 1))
    network.reply = reply
    network.use(monkeypatch)
    if why:
        with pytest.raises(UnreachedError) as refused:
            through(PROXY, PLACE, 10)
        assert (str(refused.value), network.closed) == (why, ["8.8.8.8"])
    else:
        through(PROXY, PLACE, 10)
        assert (network.closed, network.reply) == ([], b"rest" if reply.endswith(b"rest") else b"")
    assert network.sent == (
        b"CONNECT r.example:443 HTTP/1.1\r\nHost: r.example:443\r\nProxy-Authorization: Basic x\r\n\r\n"
    )
    # The reply has ten seconds of its own, however many reads it takes.
    assert [seconds for address, seconds in network.tried if not address][:3] == [10, 9.75, 9.5][: len(reply) + 1]


@pytest.mark.parametrize(
    ("proxy", "place", "sent"),
    [
        (PROXY, ServerPlace("http", "r.example", 80), b""),
        (Proxy("p", 1, ""), PLACE, b"CONNECT r.example:443 HTTP/1.1\r\nHost: r.example:443\r\n\r\n"),
        (Proxy("p", 1, ""), ServerPlace("https", "fd00::1", 8443), b"CONNECT [fd00::1]:8443 HTTP/1.1\r\nHost: [fd00::1]:8443\r\n\r\n"),
    ],
)  # fmt: skip
def test_what_a_proxy_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, proxy: Proxy, place: ServerPlace, sent: bytes
) -> None:
    network = Network(("8.8.8.8", 1))
    network.reply = b"HTTP/1.1 200 OK\r\n\r\n"
    network.use(monkeypatch)
    through(proxy, place, 10)
    assert network.sent == sent


def test_a_proxy_is_no_way_around_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    network = Network(("8.8.8.8", REFUSED))
    network.use(monkeypatch)
    own = ServerPlace("http", "127.0.0.1", 80)
    refused: tuple[Reach, ...] = ("public", "link-local")
    for only in refused:
        with pytest.raises(UnreachedError, match="an address of this machine's own network: refused"):
            through(PROXY, own, 10, only=only)
    assert network.tried == []
    with pytest.raises(UnreachedError, match=r"the proxy proxy\.example:3128 from the environment: nothing listens"):
        through(PROXY, own, 10, only="loopback")


def fault_of_tls(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("fault", "kind", "why"),
    [
        (TimeoutError(), UnreachedError, "it accepted the connection, but the TLS handshake did not finish within 7 s"),
        (ConnectionResetError(), PlainError, "it closed the connection when TLS began"),
        (ssl.SSLEOFError(8, "EOF occurred"), PlainError, "it does not speak TLS"),
        (fault_of_tls("WRONG_VERSION_NUMBER"), PlainError, "it does not speak TLS"),
        (fault_of_tls("TLSV1_ALERT_INTERNAL_ERROR"), UnreachedError, "TLS failed (TLSV1_ALERT_INTERNAL_ERROR)"),
        (OSError(5, "Input/output error"), UnreachedError, "TLS failed (Input/output error)"),
        (ValueError("no host"), UnreachedError, "TLS failed (no host)"),
    ],
)
def test_why_tls_does_not_begin(fault: Exception, kind: type[Exception], why: str) -> None:
    network = Network()
    sock = Socket(network)

    def refuse(*_: object, **__: object) -> None:
        raise fault

    context = SimpleNamespace(wrap_socket=refuse)
    with pytest.raises(UnreachedError) as refused:
        secure(cast("Any", sock), "r.example", cast("Any", context), 7, "ca.crt")
    assert type(refused.value) is kind
    assert why in str(refused.value)
    assert (sock.timeout, network.closed) == (7, [""])
