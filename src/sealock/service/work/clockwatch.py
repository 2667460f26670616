"""Notices that a machine's clock was set: it went on by another time than passed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sealock.service.state.moments import machine_time

_DRIFT: Final = 60.0
"""Seconds of difference that are no drift any more."""


class ClockWatch:
    """Compares a clock with the even time of the machine, since the last jump."""

    def __init__(self, clock: Callable[[], float], even: Callable[[], float] = machine_time) -> None:
        self._clock, self._even = clock, even
        self._ahead = clock() - even()

    def jumped(self) -> float:
        """By how many seconds the clock jumped since it was asked last, back where negative; 0 where it did not."""
        ahead = self._clock() - self._even()
        seconds = ahead - self._ahead
        if abs(seconds) < _DRIFT:
            return 0.0
        self._ahead = ahead
        return seconds
