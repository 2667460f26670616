"""What the rest asks of a network: a request, an answer whose body comes in chunks. `httptransport` carries it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

from sealock.errors import TransportError


class BrokenOffError(TransportError):
    """A connection that stood kept silent or ended early: the same request may succeed another time."""


class NoTlsError(TransportError):
    """A server does not speak TLS."""


class NobodyError(TransportError):
    """Nothing listens on the port."""


class Response(Protocol):
    """An answer whose head has come. Header names are in lower case. Closed on leaving, its body read or not."""

    status: int
    headers: Mapping[str, str]
    url: str
    """Where it came from, after redirects. It may hold a signature: messages tell `shown(url)`."""

    def chunks(self, limit: int, /) -> Iterator[bytes]:
        """Yield the body as it comes; TransportError once it exceeds `limit` bytes, breaks off, or takes too long."""

    def read(self, limit: int, /) -> bytes:
        """Give the whole body; TransportError as for chunks."""

    def close(self) -> None:
        """Give the connection back."""

    def __enter__(self) -> Self:
        """Give itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close it."""


class Transport(Protocol):
    """Sends requests. Any status is an answer; TransportError is for what is none."""

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        named_by: str = "",
    ) -> Response:
        """Send one request and give its answer as soon as the head has come.

        Redirects of GET and HEAD are followed within bounds, and never carry credentials to another host or port.
        `named_by` is the URL of the server that gave this one (a token's realm, an upload's location): it is then held
        to the rules for redirects, so that no server leads us to plain HTTP or into our own network.
        """


def shown(url: str) -> str:
    """The URL as messages may tell it: without a query, which may hold a signature, and without a user's password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def read_json(answer: Response, limit: int) -> bytes:
    """Give the body of an answer that should be JSON; TransportError where it is a page for people."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = answer.read(limit)
    if kind in {"text/html", "application/xhtml+xml"} or body.lstrip()[:1] == b"<":
        message = (
            f"{shown(answer.url)} answers with a web page where JSON should be: is the address right, and does a proxy"
            " or a sign-in page stand between?"
        )
        raise TransportError(message)
    return body
