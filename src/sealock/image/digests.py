"""Digests, taken in threads beside the walk: hashing releases the interpreter's lock."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from threading import Lock, Thread
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from sealock.image.bytesources import Damage, Stretch

_CHUNK: Final = 4 << 20
"""Large, because each chunk waits for the lock once."""
_THREADS: Final = max(1, min(4, os.cpu_count() or 1))
"""At the most, however many layers there are."""


class Hash(Protocol):
    """What hashlib gives."""

    def update(self, data: bytes, /) -> None:
        """Take more bytes."""

    def hexdigest(self) -> str:
        """The digest so far."""


DigestClaim: TypeAlias = tuple[int, int, int, str]
"""That bytes have a digest: the file that they are in, where they begin, and how many there are."""


class Proofs(Protocol):
    """What is known of files from an earlier time."""

    def proven(self, stored: Stretch, digest: str, /) -> bool:
        """Whether this very file, unchanged, was found to have these bytes."""

    def prove(self, stored: Stretch, digest: str, /) -> None:
        """Take down that it was found to."""


def claimed(stored: Stretch, digest: str) -> DigestClaim:
    """The claim that a stretch has a digest."""
    return id(stored.file), stored.start, stored.length, digest


def new_hash(digest: str) -> Hash | None:
    """What counts the digest "algorithm:hex"; None for one that nobody can check."""
    algorithm = digest.partition(":")[0]
    return hashlib.new(algorithm) if algorithm in {"sha256", "sha512"} else None


class DigestOutcome(Struct, frozen=True):
    """What came of verifying: what is wrong, and the digests that some bytes were found to have, by their place."""

    faults: tuple[str, ...]
    confirmed: frozenset[DigestClaim]


class Verifier:
    """Takes digests of stored stretches in the background, each once. `proofs` knows some without that."""

    def __init__(self, proofs: Proofs | None = None) -> None:
        self._proofs = proofs
        self._waiting: deque[tuple[str, Stretch, str]] = deque()
        self._threads: list[Thread] = []
        """Those that take what waits; each ends when nothing does."""
        self._working = 0
        self._lock = Lock()
        # A digest alone is not enough: another stretch may claim it too.
        self._begun: set[tuple[object, DigestClaim]] = set()
        self._faults: list[str] = []
        self._confirmed: set[DigestClaim] = set()

    def check(self, what: str, stored: Stretch, digest: str) -> None:
        """Begin to compare; a difference is among `faults` later."""
        claim = claimed(stored, digest)
        with self._lock:
            if (stored.file, claim) in self._begun:
                return
            self._begun.add((stored.file, claim))
        if self._proofs is not None and self._proofs.proven(stored, digest):
            with self._lock:
                self._confirmed.add(claim)
            return
        with self._lock:
            self._waiting.append((what, stored, digest))
            if self._working >= _THREADS:
                return
            self._working += 1
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._threads.append(thread := Thread(target=self._work, daemon=True))
            try:
                thread.start()
            except RuntimeError:
                self._threads.pop()  # there are no more to be had: it is done here
            else:
                return
        self._work()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._working -= 1
                    return
                what, stored, digest = self._waiting.popleft()
            try:
                self._check(what, stored, digest)
            except Exception as error:  # noqa: BLE001  whatever it is, what was not verified is told
                self.fault(f"{what} could not be verified ({error!r})")

    def _check(self, what: str, stored: Stretch, digest: str) -> None:
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
        if self.compare(what, counted, digest, claimed(stored, digest)) and self._proofs is not None:
            self._proofs.prove(stored, digest)

    def compare(self, what: str, counted: Hash | None, digest: str, claim: DigestClaim | None = None) -> bool:
        """Note where the digest is another, or is of a kind that cannot be checked; "" is one that nobody stated.

        One that is as claimed is noted under `claim`. Tell which of the two it is.
        """
        if counted is None:
            if digest:
                self.fault(f"{what} is named by a digest that cannot be checked: {digest[:40]!r}")
        elif counted.hexdigest() != digest.partition(":")[2]:
            self.fault(f"{what} has the digest {counted.hexdigest()[:16]}... instead of {digest[:23]}...")
        else:
            if claim is not None:
                with self._lock:
                    self._confirmed.add(claim)
            return True
        return False

    def fault(self, message: str) -> None:
        """Note what is wrong."""
        with self._lock:
            self._faults.append(message)

    def faults(self) -> tuple[str, ...]:
        """Wait for all that was begun, and tell what was found."""
        for thread in list(self._threads):
            thread.join()
        return tuple(dict.fromkeys(self._faults))

    def confirmed(self, claim: DigestClaim) -> bool:
        """Wait for all that was begun, and tell whether it was found to be so."""
        self.faults()
        return claim in self._confirmed

    def outcome(self) -> DigestOutcome:
        """Wait, and tell all: for another process."""
        return DigestOutcome(self.faults(), frozenset(self._confirmed))

    def take(self, outcome: DigestOutcome) -> None:
        """Believe what another process found."""
        self._faults += [fault for fault in outcome.faults if fault not in self._faults]
        self._confirmed |= outcome.confirmed
