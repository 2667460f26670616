"""What a server knows of each connection that it serves, a client's or the engine's."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod

from msgspec import Struct

from sealock.guard.archives import ArchiveSlots
from sealock.guard.callers import Callers, RequestLimits
from sealock.guard.decision.exchange import Caller
from sealock.guard.gate import Gate
from sealock.guard.log import GuardLog
from sealock.guard.metrics import GuardMetrics
from sealock.guard.peers import Peer
from sealock.guard.repeatedrequests import RepeatedRequests
from sealock.guard.sockets import Line


class GuardParts(Struct, frozen=True):
    """What all connections share."""

    gate: Gate
    callers: Callers
    limits: RequestLimits
    log: GuardLog
    metrics: GuardMetrics
    archives: ArchiveSlots
    repeated: RepeatedRequests


class ClientIdentity(Struct):
    """The client of a connection: the name in its TLS certificate (None without TLS), else its process.

    The kernel keeps the process that connected, so it is looked at with the first request: an idle connection costs
    nothing.
    """

    tls_name: str | None = None
    peer: Peer | None = None
    caller: Caller | None = None
    """The certificate or the process of the host that it is; None for one in a container, or not looked at yet."""


class ServedConnection(ABC):
    """A connection. `deadline` is when it has to have sent more, by the monotonic clock; 0 for never."""

    def __init__(self, line: Line, identity: ClientIdentity, parts: GuardParts) -> None:
        self.line, self.identity, self.parts = line, identity, parts
        self.deadline = 0.0
        self.idle = True
        """Whether it waits for a request."""
        self.ending = False
        """Whether the guard stops: the connection ends with its request."""
        self.task: asyncio.Task[None] | None = None

    @property
    def streaming(self) -> bool:
        """Whether it carries a stream, which may last."""
        return False

    @abstractmethod
    async def serve(self) -> None:
        """Serve the connection to its end."""

    def expire(self) -> None:
        """End the connection: it waited too long, or the guard stops."""
        if self.task is not None:
            self.task.cancel()
