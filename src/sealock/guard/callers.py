"""Who calls: the process at the other end, the container that it runs in, and how much it may send."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from typing import Any, Final
from weakref import WeakValueDictionary

from sealock.errors import EngineError
from sealock.guard.decision.exchange import Caller, CallingContainer, GuardReason
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.peers import Peer, is_within
from sealock.policy.guard import GuardCaller

_FRESH: Final = 30.0
"""Seconds for which the labels of a calling container are kept: a name can be given to another container."""
_MOST: Final = 10_000
_TURN: Final = 8.0
"""Seconds that a create waits for those of the same caller before it."""


class UnknownCallerError(Exception):
    """A process that cannot be identified: the text says why, and what to do."""


class Callers:
    """Identifies callers; keeps what the engine said of calling containers for a short while."""

    def __init__(self, door: EngineDoor) -> None:
        self.door = door
        self._known: OrderedDict[str, tuple[float, CallingContainer, int]] = OrderedDict()

    async def identify(self, peer: Peer) -> Caller:
        """Identify the client of a unix socket; UnknownCallerError where it may be another than it seems."""
        if peer.container is None:
            message = (
                f"the guard cannot see the process that calls (uid {peer.uid}, pid {peer.pid}): it ended, or the guard "
                "runs in a pid namespace of its own; run the guard on the host"
            )
            raise UnknownCallerError(message)
        groups = tuple(sorted({peer.gid, *peer.groups}))
        if not peer.container:
            return Caller(peer.uid, peer.gid, groups, peer.pid)
        container, main = await self._container(peer.container)
        if main and not is_within(peer.pid, main):
            message = (
                f"process {peer.pid} is in a cgroup that is named like that of container {peer.container[:12]}, and is "
                "not in that container"
            )
            raise UnknownCallerError(message)
        return Caller(peer.uid, peer.gid, groups, peer.pid, container)

    async def _container(self, identifier: str) -> tuple[CallingContainer, int]:
        """A container as the engine knows it, and its main pid; another engine's has neither name nor labels."""
        known = self._known.get(identifier)
        if known is not None and time.monotonic() - known[0] < _FRESH:
            return known[1], known[2]
        try:
            value = await self.door.decoded(f"/containers/{identifier}/json")
        except EngineError as error:
            message = f"the guard cannot ask the engine about the container that calls: {error}"
            raise UnknownCallerError(message) from error
        container, main = _read(identifier, value)
        if value is not None:
            self._known[identifier] = (time.monotonic(), container, main)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return container, main


def _read(identifier: str, value: Any) -> tuple[CallingContainer, int]:  # noqa: ANN401  JSON of the engine
    if not isinstance(value, dict) or value.get("Id") != identifier:
        return CallingContainer(identifier), 0
    config, state = value.get("Config"), value.get("State")
    labels = config.get("Labels") if isinstance(config, dict) else None
    image = config.get("Image") if isinstance(config, dict) else None
    main = state.get("Pid") if isinstance(state, dict) else None
    if not isinstance(main, int) or main <= 0:
        message = f"container {identifier[:12]}, in which the process that calls seems to be, does not run"
        raise UnknownCallerError(message)
    return CallingContainer(
        identifier,
        str(value.get("Name", "")).removeprefix("/"),
        image if isinstance(image, str) else "",
        {str(name): str(text) for name, text in labels.items()} if isinstance(labels, dict) else {},
    ), main


class RequestLimits:
    """Limits of requests a second, by caller: each may send as many at once as it may in a second.

    `turns` are for those whose containers are counted: they create one after the other, so that two do not count alike.
    `most_connections` is how many a caller may have at once.
    """

    def __init__(self, most_connections: int) -> None:
        self.most_connections = most_connections
        self._connections: Counter[str] = Counter()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def admit(self, caller: Caller, setting: GuardCaller) -> GuardReason | None:
        """Count a connection of a caller; or a reason to deny where others could find none left."""
        if self._connections[caller.counted_as] >= self.most_connections:
            why = f"{setting.name} has {self.most_connections} connections, half of all that the guard can serve"
            return GuardReason("G429", why, "close some, or raise LimitNOFILE of the guard")
        self._connections[caller.counted_as] += 1
        return None

    def leave(self, caller: str) -> None:
        """Count a connection no longer."""
        self._connections[caller] -= 1
        if not self._connections[caller]:
            del self._connections[caller]

    async def turn(self, name: str) -> asyncio.Lock:
        """Wait until the caller's creates before this one are answered; TimeoutError where one is not in time."""
        lock = self._turns.setdefault(name, asyncio.Lock())
        async with asyncio.timeout(_TURN):
            await lock.acquire()
        return lock

    def hold_back(self, caller: Caller, setting: GuardCaller) -> GuardReason | None:
        """A reason to deny where the caller sends more requests than its setting has."""
        if not setting.requests_per_second:
            return None
        wait = self.wait(f"{setting.name}\0{caller.counted_as}", setting.requests_per_second)
        if not wait:
            return None
        why = f"{setting.name} may send {setting.requests_per_second} requests a second"
        return GuardReason("G429", why, f"send the next in {wait:.1f} s")

    def wait(self, key: str, rate: int) -> float:
        """Take one request of this caller; returns 0 where it may pass, else the seconds until one may."""
        now = time.monotonic()
        left, since = self._buckets.pop(key, (float(rate), now))
        left = min(float(rate), left + (now - since) * rate)
        passes = left >= 1
        self._buckets[key] = (left - 1 if passes else left, now)
        while len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return 0.0 if passes else (1 - left) / rate
