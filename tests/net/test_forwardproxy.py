"""The proxy of a sandbox: listed hosts are reached, others are not, whatever a name server or a request says."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socket import gaierror

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.allowedhosts import read_host
from sealock.net.forwardproxy import MOST_HEAD, ForwardProxy, ProxyRequestError, read_request
from support.ports import reserved_port


@contextmanager
def echo() -> Iterator[int]:
    """A server that answers with all it was sent, once the sender is done or a blank line came."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    got = b""
                    while piece := connection.recv(65536):
                        got += piece
                        if got.endswith(b"END"):
                            break
                    connection.sendall(b"got:" + got)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@contextmanager
def proxy(
    *hosts: str, addresses: Sequence[str] = ("127.0.0.1",)
) -> Iterator[tuple[Callable[[bytes], bytes], list[str]]]:
    """A proxy; what it gives sends bytes and returns the answer, and lists what was noted."""
    notes: list[str] = []
    listener = socket.create_server(("127.0.0.1", 0))
    address = listener.getsockname()
    listener.setblocking(False)
    loop = asyncio.new_event_loop()

    async def resolve(name: str, _: int) -> Sequence[str]:
        if name.startswith("nosuch"):
            raise gaierror
        return addresses

    task = loop.create_task(ForwardProxy(tuple(map(read_host, hosts)), notes.append, resolve).serve(listener))

    def run() -> None:
        with pytest.raises(asyncio.CancelledError):
            loop.run_until_complete(task)
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()

    def ask(sent: bytes) -> bytes:
        with socket.create_connection(address, 10) as client:
            client.sendall(sent)
            client.shutdown(socket.SHUT_WR)
            got = b""
            while piece := client.recv(65536):
                got += piece
            return got

    try:
        yield ask, notes
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def tunnel(target: str, data: bytes = b"hello END") -> bytes:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode() + data


def test_a_tunnel_to_a_listed_host_carries_bytes() -> None:
    with echo() as port, proxy(f"ok.test:{port}=127.0.0.1") as (ask, notes):
        assert ask(tunnel(f"ok.test:{port}")) == b"HTTP/1.1 200 Connection established\r\n\r\ngot:hello END"
        assert ask(tunnel(f"OK.test.:{port}")).endswith(b"got:hello END")
        assert notes == []


def test_a_plain_request_is_sent_with_the_host_that_was_checked() -> None:
    with echo() as port, proxy(f"ok.test:{port}=127.0.0.1") as (ask, _):
        head = f"POST http://ok.test:{port}/a?b HTTP/1.1\r\nhost: evil.test\r\nProxy-Authorization: x\r\nA: b\r\n"
        answer = ask(head.encode() + b"Content-Length: 6\r\n\r\nbodEND" + b"GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n")
    sent = f"POST /a?b HTTP/1.1\r\nHost: ok.test:{port}\r\nConnection: close\r\nA: b\r\nContent-Length: 6\r\n\r\nbodEND"
    assert answer == b"got:" + sent.encode()


@pytest.mark.parametrize("target", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "other.test", "ok.test.evil.test"])
def test_what_is_not_listed_is_refused(target: str) -> None:
    with echo() as port, proxy(f"ok.test:{port}=127.0.0.1", "*.ok.test") as (ask, notes):
        answer = ask(tunnel(f"{target}:{port}"))
        assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
        assert b"got:" not in answer
        ask(tunnel(f"{target}:{port}"))
    assert notes == [f"refused a connection to {target}:{port}: it is not in the list of allowed hosts"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
)
def test_a_name_that_leads_inside_is_refused(address: str) -> None:
    with echo() as port, proxy(f"rebound.test:{port}", addresses=(address,)) as (ask, notes):
        answer = ask(tunnel(f"rebound.test:{port}"))
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert len(notes) == 1
    assert "is an internal address" in notes[0]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"CONNECT nosuch.test:443 HTTP/1.1\r\n\r\n", b"502"),
        (b"CONNECT nosuch.test HTTP/1.1\r\n\r\n", b"400"),
        (b"CONNECT user@nosuch.test:443 HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: nosuch.test\r\n\r\n", b"400"),
        (b"GET http://user@nosuch.test/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET https://nosuch.test/ HTTP/1.1\r\n\r\n", b"400"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nA : b\r\n\r\n", b"400"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nA: b\r\n c\r\n\r\n", b"400"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nA: b\nHost: x\r\n\r\n", b"400"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"411"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", b"400"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nContent-Length: +1\r\n\r\n", b"400"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET http://nosuch.test/ HTTP/1.1\r\nA: " + b"b" * (MOST_HEAD + 1) + b"\r\n\r\n", b"431"),
    ],
)
def test_a_request_that_cannot_be_done_is_answered(sent: bytes, status: bytes) -> None:
    with proxy("nosuch.test") as (ask, _):
        assert ask(sent).split(b" ")[1] == status


def test_a_client_that_leaves_ends_nothing() -> None:
    with echo() as port, proxy(f"ok.test:{port}=127.0.0.1") as (ask, _):
        assert ask(b"CONNECT ok.te") == b""
        assert ask(b"") == b""
        assert ask(tunnel(f"ok.test:{port}")).endswith(b"got:hello END")


def test_a_host_that_does_not_listen_is_named() -> None:
    with reserved_port() as port, proxy(f"ok.test:{port}=127.0.0.1") as (ask, _):
        answer = ask(tunnel(f"ok.test:{port}"))
    assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert f"ok.test:{port}: no connection to 127.0.0.1".encode() in answer


FIELDS = st.lists(
    st.sampled_from([b"Host: x", b"A: b", b" folded", b"Content-Length: 3", b"X:\r", b":", b"\xff: \xff"])
)


def test_blanks_in_a_field_are_read_once() -> None:
    with pytest.raises(ProxyRequestError, match="a header field is malformed"):
        read_request(b"GET http://a/ HTTP/1.1\r\nX:" + b" " * 30_000 + b"\0\r\n\r\n")
    assert read_request(b"GET http://a/ HTTP/1.1\r\nX: \t b \t\r\n\r\n").head == (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: b\r\n\r\n"
    )


@given(st.binary(max_size=200) | FIELDS.map(lambda fields: b"\r\n".join([b"GET http://a.test/ HTTP/1.1", *fields])))
def test_any_head_is_a_request_or_an_error(head: bytes) -> None:
    try:
        request = read_request(head + b"\r\n\r\n")
    except ProxyRequestError:
        return
    assert request.host
    assert not {*request.host} & {*" \r\n/"}
    if request.head is not None:
        lines = request.head.split(b"\r\n")
        assert [line for line in lines if line.lower().startswith(b"host:")] == [lines[1]]
        assert not any(b"\n" in line or b"\r" in line for line in lines)
