"""One request and its answer over one connection, which is reused or closed afterwards."""

from __future__ import annotations

import select
import ssl
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, InvalidURL, RemoteDisconnected
from time import monotonic
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from sealock.errors import TransportError
from sealock.net.http.connections import Proxy, Reach, ServerPlace
from sealock.net.http.wire import HeaderLine, HttpTimeouts, TooMuchError
from sealock.net.transport import BrokenOffError, parts_of, shown

IDLE: Final = 20.0
"""Seconds that an idle connection is kept."""
_CHUNK: Final = 256 << 10
_PIECE: Final = 64 << 10
_DRAINED: Final = 64 << 10
"""Most bytes of an unread body that are read to reuse its connection."""


class Connection:
    """One connection, and http.client's view of it."""

    def __init__(self, place: ServerPlace, line: HeaderLine, reach: Reach, proxy: Proxy | None) -> None:
        self.place, self.line, self.reach, self.proxy = place, line, reach, proxy
        self.since = monotonic()
        self._client = HTTPConnection(place.host, place.port)
        self._client.auto_open = 0
        self._client.sock = line

    @property
    def stands(self) -> bool:
        """Whether it can be reused: it is readable if the server closed it or sent unrequested data."""
        if self._client.sock is None or monotonic() - self.since > IDLE:
            return False
        poll = select.poll()
        poll.register(self.line.sock, select.POLLIN)
        return not poll.poll(0)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HTTPResponse:
        """Send a request and give the answer after its head."""
        client = self._client
        parts = parts_of(url)
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (f"?{parts.query}" if parts.query else "")
        if self.proxy is not None and self.place.scheme == "http":
            path = f"http://{self.place.name}{path}"
        client.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        client.putheader("Host", self.place.name)
        for name, value in headers.items():
            client.putheader(name, value)
        if self.proxy is not None and self.place.scheme == "http" and self.proxy.authorization:
            client.putheader("Proxy-Authorization", self.proxy.authorization)
        if body is not None or method in {"POST", "PUT", "PATCH"}:
            client.putheader("Content-Length", str(len(body or b"")))
        client.endheaders()
        view = memoryview(body or b"")
        try:
            for at in range(0, len(view), _PIECE):
                client.send(view[at : at + _PIECE])
        except ConnectionError:
            pass  # the server may have answered before it closed: "too large", "sign in first"
        return client.getresponse()

    def close(self) -> None:
        """Close it."""
        self._client.close()


class HttpAnswer:
    """An answer; see Response."""

    def __init__(
        self,
        connection: Connection,
        response: HTTPResponse,
        url: str,
        sent: Mapping[str, str],
        keep: Callable[[Connection], None],
    ) -> None:
        self._connection, self._response, self._keep = connection, response, keep
        self._open = True
        self._encoded = sent.get("accept-encoding", "identity") != "identity"
        self._wire = connection.line.wire
        self.status, self.url = response.status, url
        headers: dict[str, str] = {}
        for name, value in response.getheaders():
            name = name.lower()  # noqa: PLW2901  as the protocol wants it compared
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        self.headers: Mapping[str, str] = headers

    def chunks(self, limit: int, /) -> Iterator[bytes]:
        """Yield the body."""
        response, got = self._response, 0
        declared = response.length
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"} and not self._encoded:
            message = f"{shown(self.url)} answers in an unrequested encoding ({encoding[:40]!r})"
            raise TransportError(message)
        if len({part.strip() for part in self.headers.get("content-length", "").split(",")}) > 1:
            message = f"{shown(self.url)} sends two different content lengths: refused"
            raise TransportError(message)
        if declared is not None and declared > limit:
            raise self._too_much(limit)
        if self._wire is not None:
            self._wire.body(limit)
        try:
            while chunk := response.read(min(_CHUNK, limit - got + 1)):
                got += len(chunk)
                if got > limit:
                    raise self._too_much(limit)
                yield chunk
        except TooMuchError:
            raise self._too_much(limit) from None
        except (OSError, HTTPException, ValueError) as error:
            self._end(keep=False)
            raise failed(self.url, error, self._connection.line.patience) from None
        if declared is not None and got != declared:
            self._end(keep=False)
            message = f"{shown(self.url)} broke off after {got} of {declared} bytes"
            raise BrokenOffError(message)
        self._end(keep=True)

    def read(self, limit: int, /) -> bytes:
        """Read the whole body."""
        return b"".join(self.chunks(limit))

    def _too_much(self, limit: int) -> TransportError:
        self._end(keep=False)
        return TransportError(f"{shown(self.url)} answers with more than {limit} bytes, the maximum")

    def _end(self, *, keep: bool) -> None:
        if self._open:
            self._open = False
            keep = keep and not self._response.will_close
            self._response.close()
            if keep:
                self._keep(self._connection)
            else:
                self._connection.close()

    def close(self) -> None:
        """Release the connection; a short rest of the body is read, a long one closes the connection."""
        if not self._open:
            return
        length = self._response.length
        try:
            if self._response.isclosed() or (length is not None and length <= _DRAINED):
                self._response.read()
                self._end(keep=True)
                return
        except (OSError, HTTPException, ValueError):
            pass
        self._end(keep=False)

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close it, without waiting for the rest of the body after Ctrl-C."""
        if kind is None or issubclass(kind, Exception):
            self.close()
        elif self._open:
            self._end(keep=False)


def failed(url: str, error: Exception, patience: HttpTimeouts) -> TransportError:
    """The TransportError for an exception."""
    where = shown(url)
    if isinstance(error, TimeoutError):
        return BrokenOffError(
            f"{where} timed out: it accepted the connection but sent nothing for {patience.quiet:g} s, or too slowly."
            " The server may be overloaded, or a proxy may hold the answer back"
        )
    if isinstance(error, TooMuchError):
        return TransportError(f"{where} answers with endless headers: refused")
    if isinstance(error, (RemoteDisconnected, ConnectionError)):
        return BrokenOffError(f"{where} closed the connection without an answer: try again, or look at its log")
    if isinstance(error, InvalidURL):
        return TransportError(f"{where[:200]!r} is not a valid address")
    if isinstance(error, IncompleteRead):
        return BrokenOffError(f"{where} broke off in the middle")
    if isinstance(error, HTTPException):
        return TransportError(f"{where} does not answer with HTTP ({type(error).__name__})")
    if isinstance(error, ssl.SSLError):
        return TransportError(f"{where}: TLS broke off ({error.reason or error})")
    # The text of a ValueError would repeat the header.
    return TransportError(f"the request to {where} failed ({getattr(error, 'strerror', None) or type(error).__name__})")
