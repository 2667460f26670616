"""Clients that send or take slowly, and more connections than the service holds: real sockets, the real server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from socket import create_connection, create_server, socket
from threading import Event, Thread

import httpx
import pytest
import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealock.service.web.bodies import read_body
from sealock.service.web.connections import BoundedConnection, ConnectionLimits, web_server
from support.waiting import PATIENCE, wait_until

LONG = ConnectionLimits(512, PATIENCE, PATIENCE, PATIENCE)
SHORT = 0.05


class Served(Struct):
    """A server; `/wait` answers once `release` is set."""

    port: int
    server: uvicorn.Server
    release: Event
    asked: list[str]

    @property
    def number(self) -> int:
        """How many connections it holds."""
        return len(self.server.server_state.connections)


@contextmanager
def serving(limits: ConnectionLimits) -> Iterator[Served]:
    class Bounded(BoundedConnection):
        pass

    Bounded.limits = limits

    async def take(request: Request) -> Response:
        return Response(await read_body(request, 1 << 20))

    def wait(_request: Request) -> Response:
        served.asked.append("wait")
        assert served.release.wait(PATIENCE)
        return Response("answered")

    routes = [
        Route("/", lambda _request: Response("here")),
        Route("/big", lambda _request: Response(b"x" * (16 << 20))),
        Route("/take", take, methods=["POST"]),
        Route("/wait", wait),
    ]
    server = web_server(Starlette(routes=routes), Bounded)
    with create_server(("127.0.0.1", 0)) as listening:
        served = Served(listening.getsockname()[1], server, Event(), [])
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        try:
            yield served
        finally:
            served.release.set()
            server.should_exit = server.force_exit = True
            thread.join()


def connect(served: Served, text: bytes = b"") -> socket:
    made = create_connection(("127.0.0.1", served.port), PATIENCE)
    made.sendall(text)
    return made


def is_ended(client: socket) -> bool:
    """Wait until the server ends a connection, and say whether it did so without a word."""
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


SLOW = {
    "nothing at all": (b"", ConnectionLimits(512, SHORT, PATIENCE, PATIENCE)),
    "half a head": (b"GET / HTTP/1.1\r\nhost: x\r\n", ConnectionLimits(512, SHORT, PATIENCE, PATIENCE)),
    "half a body": (
        b"POST /take HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nx",
        ConnectionLimits(512, PATIENCE, SHORT, PATIENCE),
    ),
    "a request whose answer it does not take": (
        b"GET /big HTTP/1.1\r\nhost: x\r\n\r\n",
        ConnectionLimits(512, PATIENCE, PATIENCE, SHORT),
    ),
}


@pytest.mark.parametrize(("text", "limits"), SLOW.values(), ids=SLOW)
def test_a_client_is_disconnected_that_sends(text: bytes, limits: ConnectionLimits) -> None:
    with serving(limits) as served, connect(served, text) as client:
        if b"big" in text:
            assert client.recv(1) == b"H"
        else:
            assert is_ended(client)
        wait_until(lambda: not served.number)


def test_a_byte_now_and_then_gives_no_more_time() -> None:
    with serving(ConnectionLimits(512, SHORT, PATIENCE, PATIENCE)) as served, connect(served) as client:

        def ends() -> bool:
            try:
                client.sendall(b"G")
            except ConnectionError:
                return True
            return not served.number

        wait_until(ends)


def test_who_sends_and_takes_in_time_is_answered_again_and_again_on_one_connection() -> None:
    with serving(LONG) as served, httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=PATIENCE) as client:
        for body in (b"", b"x", b"y" * 300_000):
            assert client.post("/take", content=body).content == body
            assert client.get("/").text == "here"
            assert len(client.get("/big").content) == 16 << 20
        assert served.number == 1


def test_where_there_are_too_many_connections_the_one_ends_that_waited_longest() -> None:
    with serving(ConnectionLimits(4, PATIENCE, PATIENCE, PATIENCE)) as served, ExitStack() as stack:
        clients = []
        for number in range(4):
            clients.append(stack.enter_context(connect(served, b"GET / HT")))
            wait_until(lambda least=number + 1: served.number == least)  # type: ignore[misc]
        for oldest in clients[:2]:
            with httpx.Client(timeout=PATIENCE) as client:
                assert client.get(f"http://127.0.0.1:{served.port}/").text == "here"
                assert is_ended(oldest)
                assert served.number <= 4
            wait_until(lambda: served.number < 4)
            stack.enter_context(connect(served))
            wait_until(lambda: served.number == 4)


def test_who_is_being_answered_is_not_disconnected_for_another() -> None:
    with serving(ConnectionLimits(2, PATIENCE, PATIENCE, PATIENCE)) as served:
        request = b"GET /wait HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        with connect(served, request) as first, connect(served, request) as second:
            wait_until(lambda: len(served.asked) == 2)
            with connect(served) as third:
                assert is_ended(third)
            served.release.set()
            for client in (first, second):
                with client.makefile("rb") as answer:
                    assert answer.read().endswith(b"answered")
