"""Digests, taken in threads beside the walk: hashing releases the interpreter's lock."""

from __future__ import annotations

import hashlib
import os
from threading import BoundedSemaphore, Lock, Thread
from typing import Final, Protocol

from sealock.image.stored import Damage, Stretch

_CHUNK: Final = 4 << 20
"""Large, because each chunk waits for the lock once."""


class Hash(Protocol):
    """What hashlib gives."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """The digest so far."""


def new_hash(digest: str) -> Hash | None:
    """What counts the digest "algorithm:hex"; None for one that nobody can check."""
    algorithm = digest.partition(":")[0]
    return hashlib.new(algorithm) if algorithm in {"sha256", "sha512"} else None


class Verifier:
    """Takes digests of stored stretches in the background, each once."""

    def __init__(self) -> None:
        self._room = BoundedSemaphore(max(1, min(4, os.cpu_count() or 1)))
        self._threads: list[Thread] = []
        self._lock = Lock()
        # A digest alone is not enough: another stretch may claim it too.
        self._begun: set[tuple[str, object, int, int]] = set()
        self._faults: list[str] = []

    def check(self, what: str, stored: Stretch, digest: str) -> None:
        """Begin to compare; a difference is among `faults` later."""
        with self._lock:
            if (key := (digest, stored.file, stored.start, stored.length)) in self._begun:
                return
            self._begun.add(key)
        thread = Thread(target=self._check, args=(what, stored, digest), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _check(self, what: str, stored: Stretch, digest: str) -> None:
        with self._room:
            counted = new_hash(digest)
            if counted is None:
                self.fault(f"{what} is named by a digest that cannot be checked: {digest[:40]!r}")
                return
            try:
                for chunk in stored.chunks(_CHUNK):
                    counted.update(chunk)
            except Damage as damage:
                self.fault(f"{what} could not be read: {damage}")
                return
            self.compare(what, counted, digest)

    def compare(self, what: str, counted: Hash | None, digest: str) -> None:
        """Note where the digest is another, or is of a kind that cannot be checked; "" is one that nobody stated."""
        if counted is None and digest:
            self.fault(f"{what} is named by a digest that cannot be checked: {digest[:40]!r}")
        if counted is not None and counted.hexdigest() != digest.partition(":")[2]:
            self.fault(f"{what} has the digest {counted.hexdigest()[:16]}... instead of {digest[:23]}...")

    def fault(self, message: str) -> None:
        """Note what is wrong."""
        with self._lock:
            self._faults.append(message)

    def faults(self) -> tuple[str, ...]:
        """Wait for all that was begun, and tell what was found."""
        for thread in self._threads:
            thread.join()
        return tuple(self._faults)
