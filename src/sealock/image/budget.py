"""Counts the plain bytes that the layers of an archive give, in memory that processes share who read it together."""

from __future__ import annotations

from mmap import mmap
from typing import Final

SLOTS: Final = 1 << 14
"""Layers that are counted apart; those of an archive with more of them share the last place."""


class Spending:
    """One count for each layer. Each is written by whoever reads the layer, and read by all."""

    def __init__(self) -> None:
        # Nameless memory, which the copies of a process have in common.
        self._counts = memoryview(mmap(-1, SLOTS * 8)).cast("Q")
        self._used = 0

    def slot(self) -> int:
        """A place for a layer."""
        self._used = min(self._used + 1, SLOTS)
        return self._used - 1

    def note(self, slot: int, made: int) -> int:
        """Note how many bytes a layer has given since it was begun; return the sum of all layers'."""
        self._counts[slot] = made
        return sum(self._counts[: self._used])
