"""The one HTTP implementation: `HttpTransport` carries out `sealock.transport`, over the standard library's client."""

from __future__ import annotations

import os
import select
import ssl
from collections.abc import Collection, Iterator, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, IncompleteRead, InvalidURL, RemoteDisconnected
from threading import Lock
from time import monotonic
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote, urljoin, urlsplit

from sealock import __version__
from sealock.errors import TransportError
from sealock.httptransport.dialing import (
    PORTS,
    Place,
    PlainError,
    Proxy,
    Reach,
    UnreachedError,
    dial,
    proxy_for,
    reach_of,
    secure,
    through,
)
from sealock.httptransport.wire import Line, Patience, TooMuchError
from sealock.transport import BrokenOffError, NoTlsError, shown

__all__ = ["HttpAnswer", "HttpTransport", "Patience"]

MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CARRIED: Final = frozenset({"accept", "accept-encoding", "range", "user-agent", "if-none-match", "if-modified-since"})
"""Headers that another server may see; whatever else the caller set may be a secret."""
_REPEATABLE: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_CHUNK: Final = 256 << 10
_PIECE: Final = 64 << 10
_IDLE: Final = 20.0
"""Seconds that a connection is kept for the next request."""
_KEPT: Final = 16
"""Idle connections to one server."""
_DRAINED: Final = 64 << 10
"""Bytes of a body nobody wants that are read so that its connection can be used again."""


class HttpTransport:
    """Sends requests over HTTP/1.1, over HTTPS with checked certificates. May be used by several threads at once.

    `authorities` maps HOST or HOST:PORT to PEM files of certificate authorities that are trusted there beside the
    system's; `certificates` maps it to a client certificate and its key, two PEM files (or one file twice). `insecure`
    names the hosts (HOST or HOST:PORT) that may be spoken to over plain HTTP; this machine itself always may be.
    Proxies come from `environment`, by default the process's own (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY); what
    lies on this machine is reached directly. `patience` bounds all waiting.

    No answer's body is inflated: "Accept-Encoding: identity" is sent unless the caller's headers say otherwise.
    """

    def __init__(
        self,
        *,
        authorities: Mapping[str, str | tuple[str, ...]] | None = None,
        certificates: Mapping[str, tuple[str, str]] | None = None,
        insecure: Collection[str] = (),
        environment: Mapping[str, str] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self._authorities, self._certificates = authorities or {}, certificates or {}
        self._insecure = insecure
        self._environment = os.environ if environment is None else environment
        self._patience = patience or Patience()
        self._lock = Lock()
        self._idle: dict[Place, list[_Connection]] = {}
        self._contexts: dict[tuple[tuple[str, ...], tuple[str, str]], ssl.SSLContext] = {}
        self._reaches: dict[Place, Reach] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        named_by: str = "",
    ) -> HttpAnswer:
        """Send one request; see Transport. Redirects of GET and HEAD are followed, five at the most."""
        sent = {"user-agent": f"sealock/{__version__}", "accept-encoding": "identity"}
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        only: Reach | None = None
        if named_by:
            only = self._checked_step(named_by, url)
        for _ in range(MOST_REDIRECTS + 1):
            place = self._place(url)
            answer = self._send(method, url, place, sent, body, only)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or method not in {"GET", "HEAD"} or not target:
                return answer
            answer.close()
            following = urljoin(url, target)
            only = self._checked_step(url, following, only)
            if self._place(following) != place:
                sent = {name: value for name, value in sent.items() if name in _CARRIED}
            url = following
        message = f"{shown(url)} sends us from one address to the next, more than {MOST_REDIRECTS} times"
        raise TransportError(message)

    def close(self) -> None:
        """Close the connections that are kept for further requests."""
        with self._lock:
            kept = [connection for some in self._idle.values() for connection in some]
            self._idle.clear()
        for connection in kept:
            connection.close()

    def _place(self, url: str) -> Place:
        """The server of a URL; TransportError for one that we do not speak to."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in PORTS or not parts.hostname or port in {-1, 0} or "@" in parts.netloc:
            message = f"{shown(url)[:200]} is not an address that we speak to: https://HOST[:PORT]/... is"
            raise TransportError(message)
        place = Place(parts.scheme, parts.hostname, port or PORTS[parts.scheme])
        if place.scheme == "http" and reach_of(place.host) != "loopback" and not self._is_insecure(place):
            message = (
                f"{shown(url)} would be asked over plain HTTP, where anybody on the way can read and change what comes."
                f" If that is meant, name {place.name} among the insecure registries of sealock.toml"
            )
            raise TransportError(message)
        return place

    def _is_insecure(self, place: Place) -> bool:
        return bool({place.host, place.name, f"{place.host}:{place.port}"} & set(self._insecure))

    def _checked_step(self, origin: str, url: str, only: Reach | None = None) -> Reach:
        """Refuse to be led from HTTPS to HTTP; tell which addresses within our own network may be led to."""
        if urlsplit(origin).scheme == "https" and urlsplit(url).scheme != "https":
            message = f"{shown(origin)} leads to {shown(url)[:200]}, away from HTTPS: refused"
            raise TransportError(message)
        if only is not None:
            return only
        place = self._place(origin)
        with self._lock:
            return self._reaches.get(place, reach_of(place.host))

    def _send(  # noqa: PLR0913, PLR0917  a request has as many parts
        self, method: str, url: str, place: Place, headers: Mapping[str, str], body: bytes | None, only: Reach | None
    ) -> HttpAnswer:
        """Send to one server, over a kept connection if there is one that still stands."""
        while True:
            connection = self._take(place, only)
            reused = connection is not None
            connection = connection or self._connected(place, only, url)
            try:
                return HttpAnswer(connection, connection.exchange(method, url, headers, body), url, headers, self)
            except (RemoteDisconnected, ConnectionError) as error:
                connection.close()
                if reused and method in _REPEATABLE:
                    continue  # it had been closed from afar since its last use
                raise _failed(url, error, self._patience) from None
            except (OSError, HTTPException, ValueError) as error:
                connection.close()
                raise _failed(url, error, self._patience) from None
            except BaseException:
                connection.close()
                raise

    def _take(self, place: Place, only: Reach | None) -> _Connection | None:
        with self._lock:
            kept = self._idle.get(place, [])
            while kept:
                connection = kept.pop()
                if connection.stands and not (only and connection.reach not in {"public", only}):
                    return connection
                connection.close()
        return None

    def _connected(self, place: Place, only: Reach | None, url: str) -> _Connection:
        proxy = proxy_for(place, self._environment)
        patience = self._patience
        try:
            if proxy is None:
                sock = dial(place.host, place.port, patience.connect, only=only)
                reach = reach_of(str(sock.getpeername()[0]))
            else:
                # The proxy looks the name up, so the name is all that can be judged.
                reach = reach_of(place.host)
                sock = through(proxy, place, patience.connect, only=only)
            if place.scheme == "https":
                sock = secure(sock, place.host, self._context(place), patience.connect)
        except (UnreachedError, OSError) as error:
            message = f"{shown(url)} could not be reached: {error}"
            raise (NoTlsError if isinstance(error, PlainError) else TransportError)(message) from None
        with self._lock:
            self._reaches[place] = reach
        return _Connection(place, Line(sock, patience), reach, proxy)

    def _context(self, place: Place) -> ssl.SSLContext:
        names = (place.name, f"{place.host}:{place.port}", place.host)
        named = next((self._authorities[name] for name in names if name in self._authorities), ())
        authority = (named,) if isinstance(named, str) else named
        certificate = next((self._certificates[name] for name in names if name in self._certificates), ("", ""))
        with self._lock:
            found = self._contexts.get((authority, certificate))
            if found is None:
                found = ssl.create_default_context()
                found.set_alpn_protocols(["http/1.1"])
                _load(found, authority, certificate)
                self._contexts[authority, certificate] = found
        return found

    def keep(self, connection: _Connection) -> None:
        """Keep a connection whose answer was read to its end."""
        connection.since = monotonic()
        with self._lock:
            kept = self._idle.setdefault(connection.place, [])
            if len(kept) < _KEPT:
                kept.append(connection)
                return
        connection.close()


def _load(context: ssl.SSLContext, authorities: tuple[str, ...], certificate: tuple[str, str]) -> None:
    """Give a context its files; TransportError names the one that cannot be used."""
    file = ""
    try:
        for file in authorities:
            context.load_verify_locations(file)
        if certificate[0]:
            file = certificate[0]
            # A key with a passphrase is refused: OpenSSL would ask for it on the terminal.
            context.load_cert_chain(*certificate, password=lambda: b"")
    except (OSError, ValueError) as error:
        message = f"{file} could not be used for TLS: {getattr(error, 'strerror', None) or error}"
        raise TransportError(message) from None


class _Connection:
    """One connection, and http.client's view of it."""

    def __init__(self, place: Place, line: Line, reach: Reach, proxy: Proxy | None) -> None:
        self.place, self.line, self.reach, self.proxy = place, line, reach, proxy
        self.since = monotonic()
        self._client = HTTPConnection(place.host, place.port)
        self._client.auto_open = 0
        self._client.sock = line

    @property
    def stands(self) -> bool:
        """Whether it may be used again: a server that closed it, or said something unasked, makes it readable."""
        if self._client.sock is None or monotonic() - self.since > _IDLE:
            return False
        poll = select.poll()
        poll.register(self.line.sock, select.POLLIN)
        return not poll.poll(0)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> HTTPResponse:
        """Send a request and give the answer once its head has come."""
        client = self._client
        parts = urlsplit(url)
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
        except (BrokenPipeError, ConnectionResetError):
            pass  # it may have answered before it closed: "too large", "sign in first"
        return client.getresponse()

    def close(self) -> None:
        """Close it."""
        self._client.close()


class HttpAnswer:
    """An answer; see Answer."""

    def __init__(
        self,
        connection: _Connection,
        response: HTTPResponse,
        url: str,
        sent: Mapping[str, str],
        transport: HttpTransport,
    ) -> None:
        self._connection, self._response, self._transport = connection, response, transport
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
        """Yield the body as it comes."""
        response, got = self._response, 0
        declared = response.length
        encoding = self.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in {"", "identity"} and not self._encoded:
            message = f"{shown(self.url)} answers in an encoding nobody asked for ({encoding[:40]!r})"
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
            raise _failed(self.url, error, Patience()) from None
        if declared is not None and got != declared:
            self._end(keep=False)
            message = f"{shown(self.url)} broke off after {got} of {declared} bytes"
            raise BrokenOffError(message)
        self._end(keep=True)

    def read(self, limit: int, /) -> bytes:
        """Give the whole body."""
        return b"".join(self.chunks(limit))

    def _too_much(self, limit: int) -> TransportError:
        self._end(keep=False)
        return TransportError(f"{shown(self.url)} answers with more than the {limit} bytes that are taken there")

    def _end(self, *, keep: bool) -> None:
        if self._open:
            self._open = False
            keep = keep and not self._response.will_close
            self._response.close()
            if keep:
                self._transport.keep(self._connection)
            else:
                self._connection.close()

    def close(self) -> None:
        """Give the connection back; a short rest of the body is read, a long one costs the connection."""
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
        """Close it."""
        self.close()


def _failed(url: str, error: Exception, patience: Patience) -> TransportError:
    """What went wrong, in words."""
    where = shown(url)
    if isinstance(error, TimeoutError):
        return BrokenOffError(
            f"{where} took the connection and then kept silent, or dripped, for more than {patience.quiet:.0f} s:"
            " the server may be overloaded, or something in between holds the answer back"
        )
    if isinstance(error, TooMuchError):
        return TransportError(f"{where} answers with a head that has no end: refused")
    if isinstance(error, (RemoteDisconnected, ConnectionError)):
        return BrokenOffError(f"{where} closed the connection without an answer: try again, or look at its log")
    if isinstance(error, InvalidURL):
        return TransportError(f"{where[:200]!r} is not an address that can be asked for")
    if isinstance(error, IncompleteRead):
        return BrokenOffError(f"{where} broke off in the middle")
    if isinstance(error, HTTPException):
        return TransportError(f"{where} answers with something that is no HTTP ({type(error).__name__})")
    if isinstance(error, ssl.SSLError):
        return TransportError(f"{where}: TLS broke off ({error.reason or error})")
    return TransportError(f"{where}: {getattr(error, 'strerror', None) or error}")
