"""The one HTTP implementation: `HttpTransport` implements `sealock.net.transport` on the standard library's client."""

from __future__ import annotations

import os
import ssl
from collections.abc import Collection, Mapping
from http.client import HTTPException
from threading import Lock
from time import monotonic
from typing import Final

from sealock import __version__
from sealock.errors import TransportError, reason_of
from sealock.net.http.connections import (
    PORTS,
    NothingListensError,
    PlainError,
    Reach,
    ServerPlace,
    UnreachedError,
    dial,
    proxy_for,
    reach_of,
    secure,
    through,
)
from sealock.net.http.exchange import Connection, HttpAnswer, failed
from sealock.net.http.guard import AddressGuard
from sealock.net.http.wire import HeaderLine, HttpTimeouts
from sealock.net.transport import NotListeningError, NoTlsError, joined, parts_of, shown

__all__ = ["AddressGuard", "HttpAnswer", "HttpTimeouts", "HttpTransport"]

MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CARRIED: Final = frozenset({"accept", "accept-encoding", "range", "user-agent", "if-none-match", "if-modified-since"})
"""Headers that another server may see; others may contain secrets."""
_REPEATABLE: Final = frozenset({"GET", "HEAD"})
_MAX_IDLE: Final = 16
"""Most idle connections to one server."""


_KINDS: Final[dict[type[Exception], type[TransportError]]] = {
    PlainError: NoTlsError,
    NothingListensError: NotListeningError,
}


class HttpTransport:
    """Sends requests over HTTP/1.1, over HTTPS with verified certificates. Thread-safe.

    `authorities` maps HOST or HOST:PORT to PEM files of certificate authorities that are trusted there in addition to
    the system's; `certificates` maps it to a client certificate and its key, two PEM files (or one file twice).
    `insecure` names the hosts (HOST or HOST:PORT) for which plain HTTP is allowed; loopback always is. `permission`
    says how a user allows one, which takes the place of {}. Proxies come from `environment`, by default the process's
    (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY); loopback is reached directly. `patience` bounds
    all waiting. `trusted_in` is the directory of users' authorities, for messages.
    With a `guard`, only addresses that it allows are connected to, and no proxy is used: it would resolve the name.

    No body is decompressed: "Accept-Encoding: identity" is sent unless the caller's headers say otherwise.
    """

    def __init__(  # noqa: PLR0913  a client has as many settings
        self,
        *,
        authorities: Mapping[str, str | tuple[str, ...]] | None = None,
        certificates: Mapping[str, tuple[str, str]] | None = None,
        insecure: Collection[str] = (),
        environment: Mapping[str, str] | None = None,
        patience: HttpTimeouts | None = None,
        trusted_in: str = "",
        guard: AddressGuard | None = None,
        permission: str = "add {} to the insecure registries of sealock.toml",
    ) -> None:
        self._authorities, self._certificates = authorities or {}, certificates or {}
        self._trusted_in = trusted_in
        self._insecure, self._permission = insecure, permission
        self._environment = {} if guard is not None else os.environ if environment is None else environment
        self._guard = guard
        self._patience = patience or HttpTimeouts()
        self._lock = Lock()
        self._idle: dict[ServerPlace, list[Connection]] = {}
        self._contexts: dict[tuple[tuple[str, ...], tuple[str, str]], ssl.SSLContext] = {}
        self._reaches: dict[ServerPlace, Reach] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        named_by: str = "",
    ) -> HttpAnswer:
        """Send one request; see Transport. At most five redirects of GET and HEAD are followed."""
        sent = {"user-agent": f"sealock/{__version__}", "accept-encoding": "identity"}
        sent |= {name.lower(): value for name, value in (headers or {}).items()}
        only: Reach | None = None
        if named_by:
            only = self._checked_step(named_by, url)
        sender = named_by
        for _ in range(MOST_REDIRECTS + 1):
            place = self._place(url, sender)
            answer = self._send(method, url, place, sent, body, only)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or method not in {"GET", "HEAD"} or not target:
                return answer
            answer.close()
            following = joined(url, target)
            only = self._checked_step(url, following, only)
            if self._place(following, url) != place:
                sent = {name: value for name, value in sent.items() if name in _CARRIED}
            url, sender = following, url
        message = f"{shown(url)} redirects more than {MOST_REDIRECTS} times"
        raise TransportError(message)

    def check(self, url: str) -> None:
        """Refuse a URL to which no request is ever sent, whatever its name resolves to; TransportError says why."""
        place = _server_of(url)
        if self._guard is not None and (refusal := self._guard.refusal_as_written(place.host, place.port)):
            message = f"{shown(url)[:200]} could not be reached: {refusal}"
            raise TransportError(message)
        self._place(url)

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
        for connection in idle:
            connection.close()

    def __del__(self) -> None:
        """Close the idle connections."""
        self.close()

    def _place(self, url: str, sender: str = "") -> ServerPlace:
        """The server of a URL; TransportError where the URL or plain HTTP is refused.

        `sender` is the URL whose answer named this one, "" where the user did.
        """
        place = _server_of(url)
        if place.scheme == "http" and reach_of(place.host) != "loopback" and not self._is_insecure(place):
            message = f"{shown(url)[:200]} uses plain HTTP, which anyone on the network can read and change"
            if sender and parts_of(sender).netloc != parts_of(url).netloc:
                message = f"{shown(sender)} sends us to {message}"
            if sender and reach_of(place.host) == "link-local":
                message += ", and is an address of this machine's own network: refused"
            else:
                message += f". To allow it, {self._permission.format(place.name)}"
            raise TransportError(message)
        return place

    def _is_insecure(self, place: ServerPlace) -> bool:
        return bool({place.host, place.name, f"{place.host}:{place.port}"} & set(self._insecure))

    def _checked_step(self, origin: str, url: str, only: Reach | None = None) -> Reach:
        """Refuse a step from HTTPS to HTTP; give the reach of local addresses that the target may have."""
        if parts_of(origin).scheme == "https" and parts_of(url).scheme != "https":
            message = f"{shown(origin)} redirects from HTTPS to {shown(url)[:200]}: refused"
            raise TransportError(message)
        if only is not None:
            return only
        place = self._place(origin)
        with self._lock:
            return self._reaches.get(place, reach_of(place.host))

    def _send(  # noqa: PLR0913, PLR0917  a request has as many parts
        self,
        method: str,
        url: str,
        place: ServerPlace,
        headers: Mapping[str, str],
        body: bytes | None,
        only: Reach | None,
    ) -> HttpAnswer:
        """Send to one server, over an idle connection if one is still usable."""
        while True:
            connection = self._take(place, only)
            reused = connection is not None
            connection = connection or self._connect(place, only, url)
            try:
                return HttpAnswer(connection, connection.exchange(method, url, headers, body), url, headers, self._keep)
            except BaseException as error:
                connection.close()
                if isinstance(error, ConnectionError) and reused and method in _REPEATABLE:
                    continue  # the server had closed it since its last use
                if isinstance(error, OSError | HTTPException | ValueError):
                    raise failed(url, error, self._patience) from None
                raise

    def _take(self, place: ServerPlace, only: Reach | None) -> Connection | None:
        with self._lock:
            idle = self._idle.get(place, [])
            while idle:
                connection = idle.pop()
                if connection.stands and not (only and connection.reach not in {"public", only}):
                    return connection
                connection.close()
        return None

    def _connect(self, place: ServerPlace, only: Reach | None, url: str) -> Connection:
        proxy = proxy_for(place, self._environment)
        patience = self._patience
        context = self._context(place) if place.scheme == "https" else None
        try:
            if proxy is None:
                sock, reach = dial(place.host, place.port, patience.connect, only=only, guard=self._guard)
            else:
                # The proxy resolves the name, so only the name can be checked.
                reach = reach_of(place.host)
                sock = through(proxy, place, patience.connect, only=only)
            if context is not None:
                sock = secure(sock, place.host, context, patience.connect, self._authority_file(place))
        except (UnreachedError, OSError) as error:
            message = f"{shown(url)} could not be reached: {error}"
            raise _KINDS.get(type(error), TransportError)(message) from None
        with self._lock:
            self._reaches[place] = reach
        return Connection(place, HeaderLine(sock, patience), reach, proxy)

    def _authority_file(self, place: ServerPlace) -> str:
        """Where the user may name the authority of a server."""
        return f"{self._trusted_in}/{place.name}/ca.crt" if self._trusted_in else "the file that $SSL_CERT_FILE names"

    def _context(self, place: ServerPlace) -> ssl.SSLContext:
        names = (place.name, f"{place.host}:{place.port}", place.host)
        named = next((self._authorities[name] for name in names if name in self._authorities), ())
        authority = (named,) if isinstance(named, str) else named
        certificate = next((self._certificates[name] for name in names if name in self._certificates), ("", ""))
        with self._lock:
            context = self._contexts.get((authority, certificate))
            if context is None:
                context = ssl.create_default_context()
                context.set_alpn_protocols(["http/1.1"])
                _load(context, authority, certificate)
                self._contexts[authority, certificate] = context
        return context

    def _keep(self, connection: Connection) -> None:
        """Keep a connection whose answer was read completely."""
        connection.since = monotonic()
        with self._lock:
            idle = self._idle.setdefault(connection.place, [])
            if len(idle) < _MAX_IDLE:
                idle.append(connection)
                return
        connection.close()


def _server_of(url: str) -> ServerPlace:
    """The server of a URL; TransportError where the URL has another form."""
    parts = parts_of(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in PORTS or not parts.hostname or port in {-1, 0} or "@" in parts.netloc:
        message = f"{shown(url)[:200]} is not an address of the form https://HOST[:PORT]/..."
        raise TransportError(message)
    return ServerPlace(parts.scheme, parts.hostname, port or PORTS[parts.scheme])


def _load(context: ssl.SSLContext, authorities: tuple[str, ...], certificate: tuple[str, str]) -> None:
    """Load the files of a context; TransportError names an unusable file."""
    file = ""
    try:
        if authorities:
            # Python 3.13 requires every extension of RFC 5280; private authorities seldom have them, and the user
            # named this one. All other checks stay.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        for file in authorities:
            context.load_verify_locations(file)
        if certificate[0]:
            file = certificate[0]
            # A key with a passphrase is refused: OpenSSL would prompt on the terminal.
            context.load_cert_chain(*certificate, password=lambda: b"")
    except (OSError, ValueError) as error:
        message = f"{file} could not be used for TLS: {reason_of(error)}"
        raise TransportError(message) from None
