"""What the HTTP client says of connections that do not come about, or break while something is sent or read."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from sealock.errors import TransportError
from sealock.net.http import HttpTimeouts, HttpTransport, exchange
from sealock.net.http.connections import PlainError, Proxy, ServerPlace, UnreachedError, dial, secure, through
from sealock.net.http.exchange import Connection
from sealock.net.http.wire import HeaderLine
from support.ports import reserved_port
from support.simulators.registry import Reply, registry

PLACE = ServerPlace("https", "example.com", 443)
CALM = HttpTimeouts(connect=20.0, quiet=20.0, head=40.0)


@contextmanager
def resetting() -> Iterator[int]:
    """A port whose server resets each connection when it has read something."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            sock, _ = listening.accept()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.recv(1)
            sock.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


def test_an_address_that_cannot_be_reached() -> None:
    with pytest.raises(UnreachedError, match=r"^it cannot be reached \(\w") as raised:
        dial("255.255.255.255", 9, 20.0)
    assert type(raised.value) is UnreachedError


def test_a_name_whose_resolution_took_all_the_time() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        for _ in range(3):
            # The queue of the server is full then, and the kernel answers nobody else.
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        with pytest.raises(UnreachedError, match=r"^no connection within 0 s: does a firewall or a proxy block it\?$"):
            dial("127.0.0.1", server.getsockname()[1], 0.0)


def test_a_proxy_that_is_down() -> None:
    with reserved_port() as port, pytest.raises(UnreachedError) as raised:
        through(Proxy("127.0.0.1", port), PLACE, 20.0)
    assert str(raised.value) == (
        f"the proxy 127.0.0.1:{port} from the environment: "
        f"nothing listens on port {port}: is the server up, and is the port right?"
    )


def test_a_proxy_that_resets_the_connection() -> None:
    with resetting() as port, pytest.raises(UnreachedError, match=r"did not connect \(.*Connection reset by peer\)"):
        through(Proxy("127.0.0.1", port), PLACE, 20.0)


def test_a_name_that_no_proxy_can_be_asked_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UnreachedError, match=r"did not connect \('ascii' codec"):
            through(Proxy("127.0.0.1", port), ServerPlace("https", "ex\xe4mple.com", 443), 20.0)


def test_a_server_that_resets_the_connection_when_tls_begins() -> None:
    with resetting() as port:
        sock, _ = dial("127.0.0.1", port, 20.0)
        with pytest.raises(PlainError, match="it closed the connection when TLS began"):
            secure(sock, "127.0.0.1", ssl.create_default_context(), 20.0, "ca.crt")
    assert sock.fileno() == -1


def test_a_name_that_no_certificate_has() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(UnreachedError, match=r"^TLS failed") as raised:
        secure(ours, "", ssl.create_default_context(), 20.0, "ca.crt")
    assert (type(raised.value), ours.fileno()) == (UnreachedError, -1)


def test_an_answer_that_comes_before_all_was_sent_is_read() -> None:
    place = ServerPlace("http", "127.0.0.1", 80)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connection = Connection(place, HeaderLine(ours, CALM), "loopback", None)

        def refuse() -> None:
            theirs.recv(1 << 16)
            theirs.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            theirs.shutdown(socket.SHUT_RD)
            while theirs.recv(1 << 16):
                pass  # who waits to send wakes up where there is room, and only then hears of it

        thread = threading.Thread(target=refuse)
        thread.start()
        assert connection.exchange("PUT", "http://127.0.0.1/x", {}, bytes(10 << 20)).status == 413
        thread.join()


def test_a_request_names_its_host_once_and_asks_for_no_encoding() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sent: list[bytes] = []

        def answer() -> None:
            sock, _ = server.accept()
            with sock:
                sent.append(sock.recv(1 << 16))
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        port = server.getsockname()[1]
        one = HttpTransport(environment={}, patience=CALM)
        with one.request("GET", f"http://127.0.0.1:{port}/a b?c", headers={"x": "y"}) as made:
            assert made.read(1) == b""
        one.close()
        thread.join()
    first, host, agent, *rest = sent[0].decode().split("\r\n")
    assert (first, host) == ("GET /a%20b?c HTTP/1.1", f"Host: 127.0.0.1:{port}")
    assert (agent.partition("/")[0], rest) == ("user-agent: sealock", ["accept-encoding: identity", "x: y", "", ""])


def test_a_connection_that_was_idle_for_long_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "IDLE", -1.0)
    with registry() as server:
        server.answers = lambda _asked: Reply(200, b"x")
        one = HttpTransport(environment={}, patience=CALM)
        for _ in range(2):
            with one.request("GET", f"{server.url}/x") as answer:
                answer.read(1)
        one.close()
        assert len({asked.port for asked in server.asked}) == 2


def test_a_rest_that_breaks_off_is_no_fault_of_an_answer_that_nobody_reads() -> None:
    with registry() as server:
        server.answers = lambda _asked: Reply(200, b"x" * 100, cut=50)
        one = HttpTransport(environment={}, patience=CALM)
        for _ in range(2):
            with one.request("GET", f"{server.url}/x") as answer:
                assert answer.status == 200
        one.close()
        assert len({asked.port for asked in server.asked}) == 2


def test_a_connection_is_closed_where_the_user_interrupts(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[Connection] = []

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    close = Connection.close

    def noted(connection: Connection) -> None:
        closed.append(connection)
        close(connection)

    with registry() as server:
        one = HttpTransport(environment={}, patience=CALM)
        monkeypatch.setattr(Connection, "exchange", interrupted)
        monkeypatch.setattr(Connection, "close", noted)
        with pytest.raises(KeyboardInterrupt):
            one.request("GET", f"{server.url}/x")
        assert len(closed) == 1
        monkeypatch.undo()
        with pytest.raises(TransportError):
            one.request("GET", "http://127.0.0.1:1/x")
