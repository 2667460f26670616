"""What the rest asks of a network: a request, an answer whose body comes in chunks. `httptransport` carries it out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Protocol, Self


class Answer(Protocol):
    """An answer whose head has come. Header names are in lower case. Closed on leaving, its body read or not."""

    status: int
    headers: Mapping[str, str]
    url: str
    """Where it came from, after redirects."""

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
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request and give its answer as soon as the head has come.

        Redirects of GET and HEAD are followed within bounds, and never carry credentials to another host or port.
        """
