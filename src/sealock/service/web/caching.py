"""Views that cost more than a request may take: made once a minute, by whoever asks first, in the background after."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock, Thread
from time import monotonic
from typing import Any, Final

from msgspec import Struct

_LOG: Final = logging.getLogger("sealock.service")
FRESH_SECONDS: Final = 30
_MOST_SECONDS: Final = 600
"""An older view is not shown: who asks waits for a new one."""
_MOST_VIEWS: Final = 200


class _Entry(Struct):
    """A view, when it was made, and whether somebody makes it again."""

    view: Any = None
    made: float = float("-inf")
    busy: bool = False


class ViewCache:
    """Views by key. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[str, _Entry] = {}

    def read(self, key: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401  what `make` gives
        """The view of a key: as it is while fresh, else while it is made again behind the request."""
        now = self._clock()
        with self._lock:
            if len(self._entries) > _MOST_VIEWS:
                self._entries.clear()
            entry = self._entries.setdefault(key, _Entry())
            age = now - entry.made
            starts = age > FRESH_SECONDS and not entry.busy and entry.view is not None and age < _MOST_SECONDS
            entry.busy = entry.busy or starts
            view = entry.view if age < _MOST_SECONDS else None
        if starts:
            Thread(target=self._make, args=(entry, make), daemon=True, name="sealock-view").start()
        if view is None:
            view = make()
            with self._lock:
                entry.view, entry.made = view, self._clock()
        return view

    def _make(self, entry: _Entry, make: Callable[[], Any]) -> None:
        try:
            view = make()
            with self._lock:
                entry.view, entry.made = view, self._clock()
        except Exception as error:  # noqa: BLE001  who asks next sees it, if it lasts
            _LOG.warning("a view could not be made again: %r", error)
        finally:
            with self._lock:
                entry.busy = False

    def forget(self) -> None:
        """Make every view again when it is next asked for: somebody changed something."""
        with self._lock:
            self._entries.clear()
