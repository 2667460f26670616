"""Requests to an engine and their answers: connections kept and used again, everything within bounds."""

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

from sealock.errors import EngineError, EngineRefusedError
from sealock.net.http.wire import HttpTimeouts as Waiting
from sealock.net.http.wire import TooMuchError
from sealock.runtime.engine.connection import CONNECT, EngineConnection
from sealock.runtime.engine.endpoint import EngineEndpoint
from sealock.text import format_size

LARGEST: Final = 64 << 20
"""Bytes of one answer."""
STREAMED: Final = 1 << 50
"""Bytes of a stream; who reads it has a bound of his own."""
TOO_LARGE: Final = 413
"""The status of an answer that was not taken for its size."""
_CHUNK: Final = 1 << 16
_WORDS: Final = 500


class EngineTimeouts(Struct, frozen=True):
    """How long an engine may take, in seconds."""

    silence: float = 20.0
    """To say the next thing."""
    answer: float = 60.0
    """For the head of an answer, and then for the rest of it where it is no stream."""
    stream: float = 600.0
    """To begin a stream, and to say the next thing in it: an engine gathers an image before it sends it."""


class _Fault(Struct):
    message: str = ""


class EngineRequests:
    """One engine, asked by any number of threads. Close it, or use it as a context."""

    def __init__(self, endpoint: EngineEndpoint, patience: EngineTimeouts | None = None) -> None:
        self.endpoint = endpoint
        self.patience = patience or EngineTimeouts()
        self.api = ""
        """The version of the API that is spoken, "" before it is known."""
        self._idle: list[EngineConnection] = []
        self._busy: set[EngineConnection] = set()
        self._lock = Lock()
        self._closed = False

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections; threads that wait for an answer are told that it broke off."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for connection in idle:
            connection.finish()
        for connection in busy:
            connection.end()

    def process(self) -> int:
        """The id of the process that listens on a unix socket (it may be systemd), 0 where that cannot be told."""
        if self.endpoint.kind != "unix":
            return 0
        connection = EngineConnection(self.endpoint, self._waiting)
        connection.connect()
        try:
            return connection.peer()
        finally:
            connection.finish()

    @property
    def _waiting(self) -> Waiting:
        return Waiting(CONNECT, self.patience.silence, self.patience.answer)

    def get(self, path: str, query: Mapping[str, str] = {}, *, limit: int = LARGEST) -> bytes:
        """Give the body of an answer, `limit` bytes of it at the most.

        EngineRefusedError for a status other than 200 to 299, with what the engine says, and for more than the limit.
        """
        return self._body("GET", path, query, None, limit)

    def post(self, path: str, body: object = None, **query: str) -> bytes:
        """Send JSON, and give the body of the answer. It changes what the engine runs: never without being told to."""
        return self._body("POST", path, query, msgspec.json.encode(body) if body is not None else b"")

    def delete(self, path: str, **query: str) -> bytes:
        """Remove something that sealock itself made."""
        return self._body("DELETE", path, query, None)

    def _body(
        self, method: str, path: str, query: Mapping[str, str], body: bytes | None, limit: int = LARGEST
    ) -> bytes:
        with self.answer(method, path, query, body) as answer:
            until = time.monotonic() + self.patience.answer
            held = bytearray()
            for chunk in self.chunks(answer, path):
                held += chunk
                if len(held) > limit:
                    message = f"the engine's answer to {path} is larger than {format_size(limit)}"
                    raise EngineRefusedError(message, TOO_LARGE)
                if time.monotonic() > until:
                    message = f"the engine's answer to {path} took longer than {self.patience.answer:g} seconds"
                    raise EngineError(message)
            return bytes(held)

    def stream(self, path: str, **query: str) -> Iterator[bytes]:
        """Yield a long answer as it comes; only silence and dripping end it early. The caller bounds its size."""
        waiting = Waiting(CONNECT, self.patience.stream, self.patience.stream)
        with self.answer("GET", path, query, waiting=waiting) as answer:
            yield from self.chunks(answer, path)

    @contextmanager
    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        *,
        waiting: Waiting | None = None,
    ) -> Iterator[HTTPResponse]:
        """Send a request over a kept or a new connection, and keep it for the next where that is sound."""
        where = f"/v{self.api}{path}" if self.api else path
        where += f"?{urlencode(query)}" if query else ""
        headers = {"Host": "docker", "User-Agent": "sealock"} | (
            {"Content-Type": "application/json"} if body is not None else {}
        )
        connection = self._kept() if waiting is None else None
        connection = connection or EngineConnection(self.endpoint, waiting or self._waiting)
        sound = False
        with self._lock:
            self._busy.add(connection)
        try:
            answer = self._sent(connection, method, where, body, headers)
            if not 200 <= answer.status < 300:
                raise self._refusal(answer, path)
            if connection.line is not None and connection.line.wire is not None:
                connection.line.wire.body(STREAMED)
            yield answer
            read = answer.isclosed() or answer.length == 0
            answer.close()
            sound = waiting is None and read and not answer.will_close
        finally:
            with self._lock:
                self._busy.discard(connection)
                sound = sound and not self._closed
                if sound:
                    self._idle.append(connection)
            if not sound:
                connection.finish()

    def _kept(self) -> EngineConnection | None:
        """A kept connection that the engine has not closed meanwhile."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.stands:
                return connection
            connection.finish()

    def _sent(
        self, connection: EngineConnection, method: str, where: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        try:
            try:
                return self._asked(connection, method, where, body, headers)
            except ConnectionError:
                words = connection.complaint()
                if not words:
                    raise
                message = f"no engine could be reached at {self.endpoint}: ssh says: {words}"
                raise EngineError(message) from None
        except TooMuchError:
            message = f"what listens at {self.endpoint} answers with a head that has no end"
            raise EngineError(message) from None
        except TimeoutError:
            message = (
                f"the engine at {self.endpoint} does not answer: it said nothing for {connection.patience.quiet:g} "
                f"seconds, or dripped, when asked for {where}"
            )
            raise EngineError(message) from None
        except HTTPException as error:
            message = f"what listens at {self.endpoint} does not speak HTTP as an engine does: {_why(error)}"
            raise EngineError(message) from None
        except (OSError, ValueError) as error:
            message = f"the engine at {self.endpoint} broke off when asked for {where}: {_why(error)}"
            raise EngineError(message) from None

    def _asked(
        self, connection: EngineConnection, method: str, where: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        """Ask; once more over a new connection where the engine closed a kept one in the moment that it was used."""
        kept = connection.sock is not None
        try:
            connection.request(method, where, body, headers)
            return connection.getresponse()
        except ConnectionError:
            if not kept or method != "GET" or self._closed:
                raise
        connection.finish()
        connection.request(method, where, body, headers)
        return connection.getresponse()

    def _refusal(self, answer: HTTPResponse, path: str) -> EngineRefusedError:
        try:
            said = answer.read(_CHUNK)
            words = msgspec.json.decode(said, type=_Fault).message
        except (OSError, HTTPException, ValueError, msgspec.MsgspecError, RecursionError):
            words = ""
        words = words or answer.reason or "no reason given"
        message = f"the engine refused {path}: {words[:_WORDS].strip()} ({answer.status})"
        return EngineRefusedError(message, answer.status)

    def chunks(self, answer: HTTPResponse, path: str) -> Iterator[bytes]:
        """Yield the body of an answer as it comes; EngineError where it breaks off."""
        try:
            while chunk := answer.read1(_CHUNK):
                yield chunk
            # An answer of a known length that ends early is told by what is left of it.
            left = answer.length or 0
        except TimeoutError:
            message = f"the engine at {self.endpoint} stopped, or dripped, in the middle of its answer to {path}"
            raise EngineError(message) from None
        except (OSError, HTTPException, ValueError) as error:
            message = f"the engine at {self.endpoint} broke off in the middle of its answer to {path}: {_why(error)}"
            raise EngineError(message) from None
        if left:
            message = f"the engine at {self.endpoint} broke off in the middle of its answer to {path}"
            message += f": {left} bytes are missing"
            raise EngineError(message)


def _why(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]
