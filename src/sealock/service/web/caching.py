"""Views that may cost more than a request should: each is made at most so often that it takes a hundredth of the time.

A view that is made quickly is as new as a second ago. One that takes long is shown as it was, and made again behind the
request, at most twice a minute.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock, Thread
from time import monotonic
from typing import Any, Final

from msgspec import Struct

_LOG: Final = logging.getLogger("sealock.service")
FRESH_SECONDS: Final = 30
"""A view is fresh for so long at most."""
_SHARE: Final = 100
"""A view is fresh for so many times as long as it took to make."""
_QUICK_SECONDS: Final = 0.05
"""A view that takes longer is made behind the request."""
_MOST_SECONDS: Final = 600
"""An older view is not shown: who asks waits for a new one."""
_MOST_VIEWS: Final = 200


class _Entry(Struct):
    """A view, when it was made, how many seconds that took, and whether somebody makes it again."""

    view: Any = None
    made: float = float("-inf")
    took: float = 0.0
    busy: bool = False


class ViewCache:
    """Views by key. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[str, _Entry] = {}

    def read(self, key: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401  what `make` gives
        """The view of a key: as it is while fresh, else made again, behind the request where that takes long."""
        now = self._clock()
        with self._lock:
            if len(self._entries) > _MOST_VIEWS:
                self._entries.clear()
            entry = self._entries.setdefault(key, _Entry())
            age = now - entry.made
            is_known = entry.view is not None and age < _MOST_SECONDS
            is_fresh = is_known and age <= min(FRESH_SECONDS, entry.took * _SHARE)
            may_wait = is_known and (entry.took > _QUICK_SECONDS or entry.busy)
            starts = may_wait and not is_fresh and not entry.busy
            entry.busy = entry.busy or starts
            view = entry.view if is_fresh or may_wait else None
        if starts:
            Thread(target=self._make_behind, args=(entry, make), daemon=True, name="sealock-view").start()
        return view if view is not None else self._make(entry, make)

    def _make(self, entry: _Entry, make: Callable[[], Any]) -> Any:  # noqa: ANN401  what `make` gives
        began = self._clock()
        view = make()
        with self._lock:
            entry.made = self._clock()
            entry.view, entry.took = view, entry.made - began
        return view

    def _make_behind(self, entry: _Entry, make: Callable[[], Any]) -> None:
        try:
            self._make(entry, make)
        except Exception as error:  # noqa: BLE001  who asks next sees it, if it lasts
            _LOG.warning("a view could not be made again: %r", error)
        finally:
            with self._lock:
                entry.busy = False

    def forget(self) -> None:
        """Make every view again when it is next asked for: somebody changed something."""
        with self._lock:
            self._entries.clear()
