"""Requests that come again byte for byte: what was decided, and what the engine gets, is known by their heads.

Most requests are questions without a body (a ping, a list), and clients repeat them. Where the decision rests on
nothing but the request, its caller, the policy and the day, it stands for the same bytes while these are the same.
"""

from __future__ import annotations

import time
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.guard.decision.exchange import Caller, EngineRequest
from sealock.guard.decision.prepared import Guard
from sealock.guard.forwarding import Forward, write_head
from sealock.guard.gate import GateOutcome
from sealock.guard.http1 import RequestHead

_KEPT: Final = 256
"""Requests that are kept."""
_LARGEST: Final = 1024
"""Most bytes of a head that is kept."""
_DAY: Final = 24 * 3600


class DecidedRequest(Struct, frozen=True):
    """A request as it was read, and what becomes of it; `forward` is what the engine gets where it may pass."""

    head: RequestHead
    read: EngineRequest
    outcome: GateOutcome
    forward: Forward


class RepeatedRequests:
    """Keeps the last requests that were allowed under the policy in use, today."""

    def __init__(self) -> None:
        self._guard: Guard | None = None
        self._day = 0
        self._known: dict[tuple[object, ...], DecidedRequest] = {}

    def find(self, head: bytes, caller: Caller | None, guard: Guard) -> DecidedRequest | None:
        """The request with these bytes of this caller; None where it has to be decided."""
        if caller is None or guard is not self._guard or int(time.time()) // _DAY != self._day:
            return None
        return self._known.get((head, *caller.identity))

    def keep(self, head: bytes, caller: Caller, guard: Guard, decided: DecidedRequest) -> None:
        """Keep a request, where the same bytes are decided alike whenever they come."""
        request, outcome = decided.head, decided.outcome
        if request.length or request.upgrade or request.continues or len(head) > _LARGEST:
            return  # more than the head belongs to it
        if decided.read.body is None or not outcome.lasting or caller.container is not None:
            return  # a container may get another name
        setting = guard.setting(caller)
        if setting is None or setting.requests_per_second or setting.containers:
            return
        day = int(time.time()) // _DAY
        if guard is not self._guard or day != self._day:
            self._guard, self._day, self._known = guard, day, {}
        written = replace(decided.forward, head=write_head(request, decided.forward))
        self._known[head, *caller.identity] = replace(decided, forward=written)
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
