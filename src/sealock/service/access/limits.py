"""Rates: so many requests a minute for each token, session or address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final

_MOST_KEYS: Final = 10_000
"""Keys that are remembered; the ones that were not used for longest are forgotten, and start afresh."""


class RateLimiter:
    """Token buckets: `burst` at once, then `rate` a second, for each key. Thread-safe."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._lock = Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str, cost: float = 1) -> float:
        """Take `cost` for a key and return 0, or take nothing and return the seconds until it is available."""
        with self._lock:
            now = self._clock()
            left, since = self._buckets.pop(key, (float(self._burst), now))
            left = min(self._burst, left + (now - since) * self._rate)
            taken = left >= cost
            self._buckets[key] = (left - cost if taken else left, now)
            while len(self._buckets) > _MOST_KEYS:
                self._buckets.popitem(last=False)
            return 0.0 if taken else (cost - left) / self._rate
