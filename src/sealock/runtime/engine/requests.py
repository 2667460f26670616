"""Requests to an engine and their answers: connections are reused, and sizes and times are bounded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from threading import Lock
from typing import Final, Self
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from sealock.errors import EngineError, EngineRefusedError, reason_of
from sealock.net.http.wire import HttpTimeouts, TooMuchError
from sealock.runtime.engine.connection import CONNECT, EngineConnection
from sealock.runtime.engine.endpoint import EngineEndpoint
from sealock.text import count, format_size

LARGEST: Final = 64 << 20
"""Bytes of one answer."""
STREAMED: Final = 1 << 50
"""Bytes of a stream; its reader has a bound of its own."""
TOO_LARGE: Final = 413
"""The status for an answer above its size limit."""
_CHUNK: Final = 1 << 16
_WORDS: Final = 500


class EngineTimeouts(Struct, frozen=True):
    """How long an engine may take, in seconds."""

    silence: float = 20.0
    """To send the next bytes."""
    answer: float = 60.0
    """For the head of an answer, and then for its body unless that is a stream."""
    stream: float = 600.0
    """To start a stream, and to send its next bytes: an engine collects an image before it sends it."""


class _Fault(Struct):
    message: str = ""


class EngineRequests:
    """One engine, for any number of threads. Close it, or use it as a context manager."""

    def __init__(self, endpoint: EngineEndpoint, timeouts: EngineTimeouts | None = None) -> None:
        self.endpoint = endpoint
        self.timeouts = timeouts or EngineTimeouts()
        self.api = ""
        """The negotiated API version, "" before that."""
        self._idle: list[EngineConnection] = []
        self._busy: set[EngineConnection] = set()
        self._lock = Lock()
        self._closed = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections; threads that wait for an answer get an error."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.finish()
        for connection in busy:
            connection.shut_down()

    def process(self) -> int:
        """The pid that listens on a unix socket, which may be systemd; 0 where unknown."""
        if self.endpoint.kind != "unix":
            return 0
        connection = EngineConnection(self.endpoint, self._http_timeouts)
        connection.connect()
        try:
            return connection.peer()
        finally:
            connection.finish()

    @property
    def _http_timeouts(self) -> HttpTimeouts:
        return HttpTimeouts(CONNECT, self.timeouts.silence, self.timeouts.answer)

    def get(self, path: str, query: Mapping[str, str] = {}, *, limit: int = LARGEST) -> bytes:
        """Return the body of an answer of at most `limit` bytes.

        EngineRefusedError for a status other than 200 to 299, with the engine's message, and for a larger body.
        """
        return self._body("GET", path, query, None, limit)

    def post(self, path: str, body: object = None, **query: str) -> bytes:
        """Send JSON and return the body of the answer. It changes the engine's state: only on the user's request."""
        return self._body("POST", path, query, msgspec.json.encode(body) if body is not None else b"")

    def delete(self, path: str, **query: str) -> bytes:
        """Remove something that sealock itself made."""
        return self._body("DELETE", path, query, None)

    def _body(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None, limit: int = LARGEST
    ) -> bytes:
        with self.answer(method, path, query, body) as answer:
            until = time.monotonic() + self.timeouts.answer
            content = bytearray()
            for chunk in self.chunks(answer, path):
                content += chunk
                if len(content) > limit:
                    message = f"the engine's answer to {path} is larger than {format_size(limit)}"
                    raise EngineRefusedError(message, TOO_LARGE)
                if time.monotonic() > until:
                    message = f"the engine's answer to {path} took longer than {self.timeouts.answer:g} seconds"
                    raise EngineError(message)
            return bytes(content)

    def stream(self, path: str, **query: str) -> Iterator[bytes]:
        """Yield a long answer as it arrives; only silence ends it early. The caller bounds its size."""
        timeouts = HttpTimeouts(CONNECT, self.timeouts.stream, self.timeouts.stream)
        with self.answer("GET", path, query, timeouts=timeouts) as answer:
            yield from self.chunks(answer, path)

    @contextmanager
    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        timeouts: HttpTimeouts | None = None,
    ) -> Iterator[HTTPResponse]:
        """Send a request over an idle or a new connection, and keep the connection where it can be reused."""
        where = f"/v{self.api}{path}" if self.api else path
        where += f"?{urlencode(query)}" if query else ""
        headers = {"Host": "docker", "User-Agent": "sealock"} | (
            {"Content-Type": "application/json"} if body is not None else {}
        )
        connection = self._idle_connection() if timeouts is None else None
        connection = connection or EngineConnection(self.endpoint, timeouts or self._http_timeouts)
        reusable = False
        with self._lock:
            self._busy.add(connection)
        try:
            answer = self._send(connection, method, where, body, headers)
            if not 200 <= answer.status < 300:
                raise self._refusal(answer, path)
            if connection.line is not None and connection.line.wire is not None:
                connection.line.wire.body(STREAMED)
            yield answer
            read = answer.isclosed() or answer.length == 0
            answer.close()
            reusable = timeouts is None and read and not answer.will_close
        finally:
            with self._lock:
                self._busy.discard(connection)
                reusable = reusable and not self._closed
                if reusable:
                    self._idle.append(connection)
            if not reusable:
                connection.finish()

    def _idle_connection(self) -> EngineConnection | None:
        """An idle connection that the engine has not closed meanwhile."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.is_reusable:
                return connection
            connection.finish()

    def _send(
        self, connection: EngineConnection, method: str, where: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        try:
            try:
                return self._exchange(connection, method, where, body, headers)
            except ConnectionError:
                words = connection.ssh_error()
                if not words:
                    raise
                message = f"no engine could be reached at {self.endpoint}: ssh says: {words}"
                raise EngineError(message) from None
        except ConnectionError as error:
            # Also http.client.RemoteDisconnected, which is an HTTPException as well.
            message = f"the engine at {self.endpoint} closed the connection before it answered {where}: {_why(error)}"
            raise EngineError(message) from None
        except TooMuchError:
            message = f"the server at {self.endpoint} answers with endless headers"
            raise EngineError(message) from None
        except TimeoutError:
            message = (
                f"the engine at {self.endpoint} does not answer {where}: it sent nothing for "
                f"{connection.timeouts.quiet:g} seconds, or too slowly"
            )
            raise EngineError(message) from None
        except HTTPException as error:
            message = f"the server at {self.endpoint} does not speak HTTP like an engine: {_why(error)}"
            raise EngineError(message) from None
        except (OSError, ValueError) as error:
            message = f"the engine at {self.endpoint} broke off in its answer to {where}: {_why(error)}"
            raise EngineError(message) from None

    def _exchange(
        self, connection: EngineConnection, method: str, where: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        """Send a request, and again over a new connection where the engine has just closed an idle one."""
        reused = connection.sock is not None
        try:
            connection.request(method, where, body, headers)
            return connection.getresponse()
        except ConnectionError:
            if not reused or method != "GET" or self._closed:
                raise
        connection.finish()
        connection.request(method, where, body, headers)
        return connection.getresponse()

    def _refusal(self, answer: HTTPResponse, path: str) -> EngineRefusedError:
        try:
            words = msgspec.json.decode(answer.read(_CHUNK), type=_Fault).message
        except (OSError, HTTPException, ValueError, msgspec.MsgspecError, RecursionError):
            words = ""
        words = words or answer.reason or "no reason given"
        message = f"the engine refused {path}: {words[:_WORDS].strip()} ({answer.status})"
        return EngineRefusedError(message, answer.status)

    def chunks(self, answer: HTTPResponse, path: str) -> Iterator[bytes]:
        """Yield the body of an answer as it arrives; EngineError where it breaks off."""
        try:
            while chunk := answer.read1(_CHUNK):
                yield chunk
            # http.client does not report an answer that ends before its Content-Length.
            left = answer.length or 0
        except TimeoutError:
            message = f"the engine at {self.endpoint} stopped, or sent too slowly, in its answer to {path}"
            raise EngineError(message) from None
        except (OSError, HTTPException, ValueError) as error:
            message = f"the engine at {self.endpoint} broke off in its answer to {path}: {_why(error)}"
            raise EngineError(message) from None
        if left:
            message = f"the engine at {self.endpoint} broke off in its answer to {path}: it lacks {count(left, 'byte')}"
            raise EngineError(message)


def _why(error: Exception) -> str:
    return reason_of(error)[:200]
