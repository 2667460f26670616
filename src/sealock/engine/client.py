"""Asks an engine: one request at a time a connection, several connections at a time, everything within bounds.

Docker's Engine API from 1.24 on, and Podman's compatible one (https://docs.docker.com/reference/api/engine/).
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from sealock.engine.connection import EngineConnection
from sealock.engine.endpoint import Endpoint
from sealock.errors import EngineError, EngineRefusedError

OLDEST: Final = (1, 24)
NEWEST: Final = (1, 47)
"""The versions of the API that sealock speaks; it takes the engine's own where that lies between."""
LARGEST: Final = 64 << 20
"""Bytes of one answer."""
AT_ONCE: Final = 8
"""Requests at the same time."""
_CHUNK: Final = 1 << 16

_T = TypeVar("_T")
_K = TypeVar("_K")


class Patience(Struct, frozen=True):
    """How long an engine may take, in seconds: to say the next thing, and for a whole answer that is no stream."""

    silence: float = 20.0
    answer: float = 60.0


class Listed(Struct, frozen=True):
    """A container as a list shows it. `state` is "running", "exited" …; "" from an engine that does not say."""

    id: str
    names: tuple[str, ...] = ()
    image: str = ""
    state: str = ""

    @property
    def name(self) -> str:
        """Its own name, without the slash; names of links that lead to it have more than one."""
        own = [name.lstrip("/") for name in self.names]
        return next((name for name in own if "/" not in name), self.id[:12])


class _Row(Struct):
    id: str = msgspec.field(name="Id")
    names: list[str] | None = msgspec.field(default=None, name="Names")
    image: str = msgspec.field(default="", name="Image")
    state: str = msgspec.field(default="", name="State")


class _Fault(Struct):
    message: str = ""


class Engine:
    """One engine. Connections are kept and used again; close it, or use it as a context."""

    def __init__(self, endpoint: Endpoint, patience: Patience | None = None) -> None:
        self.endpoint = endpoint
        self.patience = patience or Patience()
        self.api = ""
        """The version of the API that is spoken, "" before `negotiate`."""
        self._idle: list[EngineConnection] = []
        self._lock = Lock()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def process(self) -> int:
        """The id of the process that listens on a unix socket (it may be systemd), 0 where that cannot be told."""
        if self.endpoint.kind != "unix":
            return 0
        connection = EngineConnection(self.endpoint, self.patience.silence)
        connection.connect()
        try:
            held = connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        finally:
            connection.close()
        pid: int = struct.unpack("3i", held)[0]
        return pid

    def negotiate(self) -> None:
        """Ask for the newest version of the API that both speak; EngineError where there is none."""
        with self._answer("GET", "/_ping") as answer:
            said = answer.getheader("Api-Version") or ""
        if not said:
            # Engines before 1.25 say it in /version alone.
            said = str(self._decoded(self.get("/version"), dict[str, Any]).get("ApiVersion", ""))
        theirs = _version(said)
        if theirs is None:
            message = f"what listens at {self.endpoint} is no engine: it says no version of its API"
            raise EngineError(message)
        if theirs < OLDEST:
            message = f"the engine at {self.endpoint} speaks API {said}, and sealock needs 1.24 (Docker 1.12) or newer"
            raise EngineError(message)
        self.api = ".".join(map(str, min(theirs, NEWEST)))

    def get(self, path: str, **query: str) -> bytes:
        """Give the body of an answer. EngineRefusedError for a status of 400 and above, with what the engine says."""
        return self._body("GET", path, query, None)

    def post(self, path: str, body: object = None, **query: str) -> bytes:
        """Send JSON, and give the body of the answer. It changes what the engine runs: never without being told to."""
        return self._body("POST", path, query, msgspec.json.encode(body) if body is not None else b"")

    def delete(self, path: str, **query: str) -> bytes:
        """Remove something that sealock itself made."""
        return self._body("DELETE", path, query, None)

    def _body(self, method: str, path: str, query: dict[str, str], body: bytes | None) -> bytes:
        until = time.monotonic() + self.patience.answer
        with self._answer(method, path, query, body) as answer:
            held = bytearray()
            for chunk in _chunks(answer, self.endpoint):
                held += chunk
                if len(held) > LARGEST:
                    message = f"the engine's answer to {path} is larger than {LARGEST >> 20} MiB"
                    raise EngineError(message)
                if time.monotonic() > until:
                    message = f"the engine's answer to {path} took longer than {self.patience.answer:.0f} seconds"
                    raise EngineError(message)
            return bytes(held)

    def stream(self, path: str, **query: str) -> Iterator[bytes]:
        """Yield a long answer as it comes; only silence ends it early. The caller bounds its size."""
        with self._answer("GET", path, query, None) as answer:
            yield from _chunks(answer, self.endpoint)

    @contextmanager
    def _answer(
        self, method: str, path: str, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> Iterator[HTTPResponse]:
        """Send a request over a kept or a new connection, and keep it for the next where that is sound."""
        where = f"/v{self.api}{path}" if self.api else path
        where += f"?{urlencode(query)}" if query else ""
        headers = {"Host": "docker", "User-Agent": "sealock"} | (
            {"Content-Type": "application/json"} if body is not None else {}
        )
        connection, answer = self._sent(method, where, body, headers)
        sound = False
        try:
            if answer.status >= 400:
                raise self._refusal(answer, path)
            yield answer
            sound = answer.isclosed() and not answer.will_close
        finally:
            if sound:
                with self._lock:
                    self._idle.append(connection)
            else:
                connection.close()

    def _sent(
        self, method: str, where: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[EngineConnection, HTTPResponse]:
        """Send; a kept connection that the engine has closed meanwhile is replaced once, for what changes nothing."""
        with self._lock:
            kept = self._idle.pop() if self._idle else None
        for connection in (kept, EngineConnection(self.endpoint, self.patience.silence)):
            if connection is None:
                continue
            try:
                connection.request(method, where, body, headers)
                return connection, connection.getresponse()
            except (OSError, HTTPException) as error:
                connection.close()
                if connection is kept and method == "GET" and not isinstance(error, TimeoutError):
                    continue
                raise EngineError(_broken(self.endpoint, where, error, self.patience)) from error
        raise AssertionError  # the second connection either answers or raises

    def _refusal(self, answer: HTTPResponse, path: str) -> EngineRefusedError:
        try:
            said = answer.read(_CHUNK)
            words = msgspec.json.decode(said, type=_Fault).message
        except (OSError, HTTPException, msgspec.MsgspecError):
            words = ""
        return EngineRefusedError(
            f"the engine refused {path}: {words[:500] or answer.reason} ({answer.status})", answer.status
        )

    def _decoded(self, body: bytes, kind: type[_T]) -> _T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.MsgspecError, RecursionError) as error:
            message = f"what listens at {self.endpoint} does not answer as an engine does: {error}"
            raise EngineError(message) from None

    def containers(self, *, stopped: bool = True) -> tuple[Listed, ...]:
        """List the containers, by name."""
        rows = self._decoded(self.get("/containers/json", **({"all": "1"} if stopped else {})), list[_Row])
        found = (Listed(row.id, tuple(row.names or ()), row.image, row.state) for row in rows)
        return tuple(sorted(found, key=lambda one: (one.name, one.id)))

    def container(self, name: str) -> str:
        """Give what the engine says of one container, as JSON; by name, id, or the beginning of an id."""
        return self._text(f"/containers/{quote(name, safe='')}/json")

    def info(self) -> str:
        """Give what the engine says of itself and its machine, as JSON."""
        return self._text("/info")

    def version(self) -> str:
        """Give the versions of the engine and of its parts, as JSON."""
        return self._text("/version")

    def networks(self) -> str:
        """Give all networks, as JSON: a list. Who is on them is told by `network` alone."""
        return self._text("/networks")

    def network(self, name: str) -> str:
        """Give one network with the containers on it, as JSON."""
        return self._text(f"/networks/{quote(name, safe='')}")

    def images(self) -> str:
        """Give all images, as JSON: a list."""
        return self._text("/images/json")

    def image(self, name: str) -> str:
        """Give what the engine says of one image, as JSON."""
        return self._text(f"/images/{quote(name, safe='/')}/json")

    def _text(self, path: str) -> str:
        return self.get(path).decode("utf-8", "replace")

    def each(self, ask: Callable[[_K], _T], of: Iterable[_K]) -> Iterator[tuple[_K, _T | EngineRefusedError]]:
        """Ask the same of several things, some at the same time; in order, each with its answer or the refusal.

        What was removed meanwhile is such a refusal, with status 404.
        """
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  seldom needed

        def one(thing: _K) -> tuple[_K, _T | EngineRefusedError]:
            try:
                return thing, ask(thing)
            except EngineRefusedError as refusal:
                return thing, refusal

        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            yield from pool.map(one, of)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _chunks(answer: HTTPResponse, endpoint: Endpoint) -> Iterator[bytes]:
    try:
        while chunk := answer.read1(_CHUNK):
            yield chunk
        # An answer of a known length that ends early is told by what is left of it.
        left = answer.length or 0
    except (OSError, HTTPException) as error:
        message = f"the engine at {endpoint} broke off in the middle of an answer: {error!s:.200}"
        raise EngineError(message) from error
    if left:
        message = f"the engine at {endpoint} broke off in the middle of an answer: {left} bytes are missing"
        raise EngineError(message)


def _broken(endpoint: Endpoint, where: str, error: Exception, patience: Patience) -> str:
    if isinstance(error, TimeoutError):
        return f"the engine at {endpoint} said nothing for {patience.silence:.0f} seconds when asked for {where}"
    if isinstance(error, HTTPException):
        return f"what listens at {endpoint} does not speak HTTP as an engine does: {error!s:.200}"
    return f"the engine at {endpoint} broke off when asked for {where}: {error}"


def _version(text: str) -> tuple[int, int] | None:
    major, _, minor = text.strip()[:20].partition(".")
    return (int(major), int(minor)) if (major + minor).isascii() and major.isdigit() and minor.isdigit() else None
