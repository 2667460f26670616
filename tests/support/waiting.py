"""Waits for a state that another process or thread comes to, as long as the busiest machine needs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 600.0
"""Seconds until a test gives up: many more than a busy machine takes, since only a failure waits for their end."""


def wait_until(
    true: Callable[[], object], meanwhile: Callable[[], object] = lambda: None, *, why: Callable[[], str] = str
) -> None:
    """Wait until it is so, and do something meanwhile; AssertionError, with what `why` says, if that never comes."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, why() or "it did not come to that"
        meanwhile()
        time.sleep(0.02)
