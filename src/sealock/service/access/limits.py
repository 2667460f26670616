"""Rates: so many requests a second for each token, session or address, over all web processes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Final

from sqlalchemy import ColumnElement, Double, case, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import OperationalError

from sealock.service.state.database import Database
from sealock.service.state.tables.access import rate

_MOST_KEYS: Final = 10_000
"""Keys that are remembered; the ones that were not used for longest are forgotten, and start afresh."""
_FRESH: Final = 1.0
"""Seconds for which a process may spend what it took."""
_FORGOTTEN: Final = 600.0
"""Seconds after which every bucket is full again, and its row of no use."""
_LEAST: Final = 0.001
"""What is missing at least, where something is."""
_NOW: Final[ColumnElement[float]] = literal_column("extract(epoch FROM clock_timestamp())::double precision", Double)
_OFTEN: Final = 100
"""Of so many times, rows that are of no use are removed once."""


class RateLimiter:
    """Token buckets of one process: `burst` at once, then `rate` a second, for each key. Thread-safe."""

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


def rate_limiter(database: Database, name: str, rate: float, burst: int) -> RateLimiter:
    """The limiter of a service: SQLite has one web process, which need not write for it."""
    return SharedRateLimiter(database, name, rate, burst) if database.is_postgresql else RateLimiter(rate, burst)


class SharedRateLimiter(RateLimiter):
    """The same over all processes that share a PostgreSQL database, whose clock counts.

    A process takes a twentieth of the burst at a time, so that few requests write, and spends it within a second. Where
    the database takes nothing, each process counts for itself.
    """

    def __init__(self, database: Database, name: str, rate: float, burst: int) -> None:
        super().__init__(rate, burst)
        self._database, self._name, self._block = database, name, max(1.0, burst / 20)
        self._taken: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._times = 0

    def wait(self, key: str, cost: float = 1) -> float:
        """See RateLimiter."""
        if self._spend(key, cost):
            return 0.0
        try:
            for amount in sorted({max(cost, self._block), cost}, reverse=True):
                left = self._take(f"{self._name} {key}", amount)
                if left >= 0:
                    self._keep(key, amount - cost)
                    return 0.0
        except OperationalError:  # a full disk does not end reading
            return super().wait(key, cost)
        return -left / self._rate

    def _spend(self, key: str, cost: float) -> bool:
        """Spend what was taken before, if that is enough."""
        with self._lock:
            left, since = self._taken.pop(key, (0.0, 0.0))
            if self._clock() - since > _FRESH:
                return False
            self._taken[key] = (left - cost if left >= cost else left, since)
            return left >= cost

    def _keep(self, key: str, amount: float) -> None:
        with self._lock:
            left, since = self._taken.pop(key, (0.0, self._clock()))
            self._taken[key] = (left + amount, since)
            while len(self._taken) > _MOST_KEYS:
                self._taken.popitem(last=False)

    def _take(self, key: str, amount: float) -> float:
        """Take an amount of a key's bucket, and return what is left; what is missing as a negative number."""
        burst = float(self._burst)
        if amount > burst:
            return burst - amount
        # Where that clock went back, the bucket is full: it would stay empty until the clock is where it was.
        elapsed = case((rate.c.at > _NOW + _FRESH, burst / self._rate), else_=_NOW - rate.c.at)
        left = func.least(burst, rate.c.amount + elapsed * self._rate)
        taking = insert(rate).values(key=key, amount=burst - amount, at=_NOW)
        taking = taking.on_conflict_do_update(
            index_elements=["key"], set_={"amount": left - amount, "at": _NOW}, where=left >= amount
        )
        self._times += 1
        with self._database.write() as connection:
            remaining = connection.execute(taking.returning(rate.c.amount)).scalar()
            if remaining is None:
                missing = connection.execute(select(left - amount).where(rate.c.key == key)).scalar()
                return -max(_LEAST, -float(missing or 0.0))
            if self._times % _OFTEN == 0:
                connection.execute(delete(rate).where(rate.c.at < _NOW - _FORGOTTEN))
            return max(0.0, float(remaining))
