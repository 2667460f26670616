"""The web server, with bounds for what clients hold of it: so many connections, each for so long.

A client that sends its request a byte at a time, or takes its answer so, costs a connection and nothing else: it is
disconnected in time, and before that where there are too many. Only requests that came whole reach the pages.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final, Literal, TypeAlias

import uvicorn
from msgspec import Struct
from starlette.applications import Starlette
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

_STOPPING_SECONDS: Final = 10
_KEPT_SECONDS: Final = 20
"""How long a connection is kept for the next request."""
_MOST_HEAD: Final = 32 << 10
_Stage: TypeAlias = Literal["head", "body", "answer", "rest"]
"""What a connection waits for: a request, its body, the pages, or that the answer is taken."""


class ConnectionLimits(Struct, frozen=True):
    """How many connections there are at most, and how many seconds each may take.

    `head`: for the head of a request. `body`: for its body. `taking`: for its answer.
    """

    most: int = 512
    head: float = 20
    body: float = 300
    taking: float = 120


class BoundedConnection(H11Protocol):
    """A connection that ends in time. Where there are too many, the one ends that has waited longest for its client."""

    limits: ClassVar[ConnectionLimits] = ConnectionLimits()

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401  uvicorn's
        super().__init__(*given, **named)
        self._stage: _Stage = "head"
        self._since = 0.0
        self._answered: Any = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._enter("head")
        if len(self.connections) > self.limits.most:
            self._make_room()

    def _make_room(self) -> None:
        others = [known for known in self.connections if isinstance(known, BoundedConnection) and known is not self]
        waiting = [known for known in others if known._stage != "answer"]  # noqa: SLF001  its own kind
        ended = min(waiting, key=lambda known: known._since, default=self)  # noqa: SLF001
        ended.transport.abort()
        # It hears of that only later, and the next connection must not count it.
        self.connections.discard(ended)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._stage == "rest":
            self._enter("head")
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """See H11Protocol."""
        if not self.transport.is_closing():
            self._enter("rest")
        super().on_response_complete()
        self._look()

    def pause_writing(self) -> None:
        """See asyncio.Protocol: the client does not take what was sent."""
        super().pause_writing()
        if self._timer is None:
            self._timer = self.loop.call_later(self.limits.taking, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._stop()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Find out whether a request has begun or is whole."""
        cycle: Any = self.cycle  # None before the first request, whatever its type says
        if cycle is None or cycle.response_complete:
            return
        if cycle is not self._answered or (self._stage == "body" and not cycle.more_body):
            self._answered = cycle
            self._enter("body" if cycle.more_body else "answer")

    def _enter(self, stage: _Stage) -> None:
        self._stop()
        self._stage, self._since = stage, self.loop.time()
        limits = self.limits
        seconds = {"head": limits.head, "body": limits.body, "rest": limits.taking}.get(stage)
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def web_server(application: Starlette, connection: type[BoundedConnection] = BoundedConnection) -> uvicorn.Server:
    """The server of an application."""
    return uvicorn.Server(
        Config(
            application,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=True,
            timeout_keep_alive=_KEPT_SECONDS,
            timeout_graceful_shutdown=_STOPPING_SECONDS,
            h11_max_incomplete_event_size=_MOST_HEAD,
            ws="none",
            lifespan="on",
            http=connection,
            loop="asyncio",
            log_config=None,
        )
    )
