"""The interface of a network transport: a request, and an answer with a streamed body. `net.http` implements it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import SplitResult, urljoin, urlsplit

from sealock.errors import TransportError


class BrokenOffError(TransportError):
    """An established connection timed out or ended early: a retry may succeed."""


class NoTlsError(TransportError):
    """A server does not speak TLS."""


class NotListeningError(TransportError):
    """Nothing listens on the port."""


class Response(Protocol):
    """An answer after its head. Header names are in lower case. Leaving the context closes it."""

    status: int
    headers: Mapping[str, str]
    url: str
    """The final URL after redirects. It may contain a signature: use `shown(url)` in messages."""

    def chunks(self, limit: int, /) -> Iterator[bytes]:
        """Yield the body; TransportError once it exceeds `limit` bytes, breaks off, or takes too long."""

    def read(self, limit: int, /) -> bytes:
        """Read the whole body; TransportError as for chunks."""

    def close(self) -> None:
        """Release the connection."""

    def __enter__(self) -> Self:
        """Give itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close it."""


class Transport(Protocol):
    """Sends requests. Any status is an answer; TransportError means that there is none."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        named_by: str = "",
    ) -> Response:
        """Send one request and return its answer after the head.

        Redirects of GET and HEAD are followed within bounds, and never carry credentials to another host or port.
        `named_by` is the URL of the server that gave this one (a token's realm, an upload's location): the rules for
        redirects then apply, so that no server leads us to plain HTTP or into our own network.
        """


def shown(url: str) -> str:
    """The URL for messages: without its query, which may contain a signature, and without user and password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0].rpartition("@")[2]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def parts_of(url: str) -> SplitResult:
    """The parts of a URL, which a server may have named; TransportError where it is malformed."""
    try:
        return urlsplit(url)
    except ValueError:
        raise _malformed(url) from None


def server_parts(url: str) -> SplitResult | None:
    """The parts of a web server's URL that a person wrote, without user and password; None where it is none."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    # `urlsplit` leaves out line breaks and tabs.
    written = url.isascii() and url.isprintable() and " " not in url
    return parts if fits and written and "@" not in parts.netloc else None


def joined(url: str, target: str) -> str:
    """The URL that an answer from `url` names; TransportError where it is malformed."""
    try:
        return urljoin(url, target)
    except ValueError:
        raise _malformed(target) from None


def _malformed(url: str) -> TransportError:
    return TransportError(f"{shown(url)[:200]!r} is not a valid address")


def read_json(answer: Response, limit: int) -> bytes:
    """Read the body of an answer that should be JSON; TransportError where it is a web page."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = answer.read(limit)
    if kind in {"text/html", "application/xhtml+xml"} or body.lstrip()[:1] == b"<":
        message = (
            f"{shown(answer.url)} answers with a web page instead of JSON: is the address right, or did a proxy or"
            " sign-in page answer?"
        )
        raise TransportError(message)
    return body
