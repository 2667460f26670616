"""Exchanges over HTTP with a server on this machine that answers by a script: for `support.edgerecords`.

A script has for each connection the answers to the requests that come over it, with line feeds where HTTP has more. An
answer that ends with <close> is the last of its connection, and a request beyond the script closes it. What a client
does next waits until the server has answered, so that nothing depends on which of the two is quicker.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from selectors import EVENT_READ, DefaultSelector
from threading import Condition, Thread
from typing import Any, Final

from sealock.errors import SealockError
from sealock.net.http import HttpTransport
from sealock.net.http.guard import AddressGuard
from sealock.net.http.wire import HttpTimeouts
from support.sweeps import Reader

_CLOSE: Final = "<close>"
_PATIENCE: Final = HttpTimeouts(connect=5.0, quiet=5.0)
_MOST: Final = 20
"""Requests of one script."""


class _ScriptedServer:
    """Answers by a script, in a thread of its own, until it is closed."""

    def __init__(self, script: list[list[str]]) -> None:
        self.script, self.asked = list(script), list[str]()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.ours, theirs = socket.socketpair()
        self.ready, self.busy = Condition(), False
        self.selector = DefaultSelector()
        self.selector.register(self.listener, EVENT_READ)
        self.selector.register(theirs, EVENT_READ)
        self.stop = theirs
        self.left: dict[socket.socket, list[str]] = {}
        self.thread = Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop, and close all connections."""
        self.ours.close()
        self.thread.join()
        for each in (self.listener, self.stop, *self.left):
            each.close()
        self.selector.close()

    def settle(self) -> None:
        """Wait until everything that came was answered."""
        with self.ready:
            self.busy = True
            self.ours.send(b".")
            self.ready.wait_for(lambda: not self.busy, 5)

    def _serve(self) -> None:
        while True:
            ready = [key.fileobj for key, _ in self.selector.select()]
            for each in ready:
                if each is self.listener:
                    self._accept()
                elif each is not self.stop and isinstance(each, socket.socket):
                    self._answer(each)
            if self.stop in ready:
                if not self.stop.recv(100):
                    return
                with self.ready:
                    self.busy = False
                    self.ready.notify_all()

    def _accept(self) -> None:
        connection, _ = self.listener.accept()
        answers = self.script.pop(0) if self.script else []
        self.left[connection] = list(answers)
        self.selector.register(connection, EVENT_READ)
        if not answers:
            self._end(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = b""
        with suppress(OSError):
            while not _is_whole(request) and (more := connection.recv(1 << 16)):
                request += more
        answers = self.left[connection]
        if request and answers and len(self.asked) < _MOST:
            self.asked.append(request.decode("latin-1").replace(str(self.port), "PORT"))
            text = answers.pop(0).replace("{port}", str(self.port))
            with suppress(OSError):
                connection.sendall(text.removesuffix(_CLOSE).replace("\n", "\r\n").encode("latin-1", "replace"))
            if text.endswith(_CLOSE):
                self._end(connection)
        else:
            self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        self.selector.unregister(connection)
        del self.left[connection]
        connection.close()


def _is_whole(request: bytes) -> bool:
    head, end, body = request.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end) and len(body) >= int(lengths[0] if lengths else b"0")


@contextmanager
def _served(script: list[list[str]]) -> Iterator[_ScriptedServer]:
    server = _ScriptedServer(script)
    try:
        yield server
    finally:
        server.close()


def served(text: str) -> list[str]:
    """What a client sends to a server that answers by a script, and what it makes of the answers."""
    table = json.loads(text)
    script = [[str(answer) for answer in each] for each in table.get("connections") or [] if isinstance(each, list)]
    guard = AddressGuard(tuple(map(str, table["guard"])), "write {}") if isinstance(table.get("guard"), list) else None
    lines: list[str] = []
    with _served(script) as server:
        where = f"http://127.0.0.1:{server.port}"
        environment = (
            {"http_proxy": str(table["proxy"]).replace("{port}", str(server.port))} if table.get("proxy") else {}
        )
        transport = HttpTransport(
            environment=environment,
            insecure=set(map(str, table.get("insecure") or ())),
            guard=guard,
            patience=_PATIENCE,
        )
        for request in table.get("requests") or []:
            lines += [line.replace(str(server.port), "PORT") for line in _requested(transport, where, request)]
            server.settle()
        transport.close()
        server.settle()
    return [*(line for each in server.asked for line in (*each.split("\r\n")[:1], *_fields_and_body(each))), *lines]


def _fields_and_body(request: str) -> Iterator[str]:
    """The header fields and body of a request, without those that are always the same."""
    head, _, body = request.partition("\r\n\r\n")
    for line in head.split("\r\n")[1:]:
        if not line.lower().startswith(("user-agent:", "host: 127.0.0.1:", "accept-encoding: identity")):
            yield f"  {line}"
    if body:
        yield f"  {len(body)} bytes: {body[:40]!r}"


def _requested(transport: HttpTransport, where: str, request: dict[str, Any]) -> Iterator[str]:
    method, url = str(request.get("method", "GET")), str(request.get("url", "{here}/x")).replace("{here}", where)
    body, limit = request.get("body"), request.get("limit", 1000)
    headers = {str(name): str(value) for name, value in (request.get("headers") or {}).items()}
    sent = None if body is None else str(body).encode("utf-8", "replace") * int(request.get("times", 1))
    try:
        with transport.request(
            method, url, headers=headers, body=sent, named_by=str(request.get("named_by", "")).replace("{here}", where)
        ) as answer:
            yield f"{answer.status} {answer.url} {dict(answer.headers)}"
            if request.get("read", True):
                yield repr(answer.read(limit if isinstance(limit, int) else 1000))
    except SealockError as error:
        yield f"{type(error).__name__}: {error}"


READERS: Final[dict[str, Reader]] = {"net-of-served": served}
