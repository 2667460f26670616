"""Digests of what is stored: computed by whoever reads it, by threads, or by other processes, and compared here."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from threading import Lock, Thread
from typing import Final, Protocol, TypeAlias

from msgspec import Struct

from sealock.image.bytesources import Stretch, UnreadableError
from sealock.patterns import compile_lazily

_NUMBER: Final = compile_lazily(r"[0-9]+")
_CHUNK: Final = 4 << 20
"""Bytes that a thread hashes at once: many, since it waits for the interpreter's lock after each."""
_CHUNK_ALONE: Final = 256 << 10
"""The same where no other thread needs the lock: few, so that they stay in the processor's cache."""
_THREADS: Final = max(1, min(4, os.cpu_count() or 1))
"""Maximum number of hashing threads."""


class Hash(Protocol):
    """A hash object of hashlib."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """The digest so far."""


DigestClaim: TypeAlias = tuple[int, int, int, str]
"""The claim that bytes have a digest: the id of their file, their offset, their length, and the digest."""


class Proofs(Protocol):
    """Files that earlier runs verified."""

    def proven(self, stored: Stretch, digest: str, /) -> bool:
        """Whether this file, unchanged, was verified to have this digest."""

    def prove(self, stored: Stretch, digest: str, /) -> None:
        """Record that it was verified."""


def make_claim(stored: Stretch, digest: str) -> DigestClaim:
    """The claim that a stretch has a digest."""
    return id(stored.file), stored.start, stored.length, digest


def new_hash(digest: str) -> Hash | None:
    """A hash object for the digest "algorithm:hex"; None for an unsupported algorithm."""
    algorithm = digest.partition(":")[0]
    return hashlib.new(algorithm) if algorithm in {"sha256", "sha512"} else None


def _numbered(message: str) -> str:
    """The message as it is sorted: layer 2 before layer 10."""
    return _NUMBER.sub(lambda match: match[0].zfill(8), message)


class StretchHash(Struct, frozen=True):
    """What hashing a stretch gave: the digest in hexadecimal digits, or why there is none, to follow what it is of."""

    digest: str = ""
    fault: str = ""


def hash_stretch(stored: Stretch, digest: str, chunk: int = _CHUNK_ALONE) -> StretchHash:
    """Hash a stretch with the algorithm of the digest that is stated for it."""
    hashed = new_hash(digest)
    if hashed is None:
        return StretchHash(fault=_unknown(digest))
    try:
        for data in stored.chunks(chunk):
            hashed.update(data)
    except UnreadableError as error:
        return StretchHash(fault=f"could not be read: {error}")
    except Exception as error:  # noqa: BLE001  report whatever prevented the verification
        return StretchHash(fault=f"could not be verified ({error!r})")
    return StretchHash(hashed.hexdigest())


def _unknown(digest: str) -> str:
    return f"is named by a digest that cannot be checked: {digest[:40]!r}"


class DigestOutcome(Struct, frozen=True):
    """The result of verifying: errors, and the claims that hold."""

    faults: tuple[str, ...]
    confirmed: frozenset[DigestClaim]


class Verifier:
    """Verifies digests of stored stretches in the background, each once, unless `proofs` already knows them."""

    def __init__(self, proofs: Proofs | None = None) -> None:
        self._proofs = proofs
        self._waiting: deque[tuple[str, Stretch, str]] = deque()
        self._threads: list[Thread] = []
        """The workers; each ends when the queue is empty."""
        self._working = 0
        self._lock = Lock()
        # The digest is not enough: another stretch may claim it too.
        self._begun: set[tuple[object, DigestClaim]] = set()
        self._faults: list[str] = []
        self._confirmed: set[DigestClaim] = set()
        self._open: dict[tuple[object, DigestClaim], str] = {}
        """What is still to be hashed: what nobody concludes was not verified."""

    def begin(self, what: str, stored: Stretch, digest: str) -> bool:
        """Whether a stretch is still to be hashed: whoever gets True does it, and passes the result to `conclude`."""
        claim = make_claim(stored, digest)
        with self._lock:
            if (stored.file, claim) in self._begun:
                return False
            self._begun.add((stored.file, claim))
        if self._proofs is not None and self._proofs.proven(stored, digest):
            with self._lock:
                self._confirmed.add(claim)
            return False
        with self._lock:
            self._open[stored.file, claim] = what
        return True

    def conclude(self, what: str, stored: Stretch, digest: str, hashed: StretchHash) -> None:
        """Compare what hashing a stretch gave with its stated digest."""
        claim = make_claim(stored, digest)
        with self._lock:
            self._open.pop((stored.file, claim), None)
        if hashed.fault:
            self.fault(f"{what} {hashed.fault}")
        elif self._agree(what, hashed.digest, digest, claim) and self._proofs is not None:
            self._proofs.prove(stored, digest)

    def check(self, what: str, stored: Stretch, digest: str) -> None:
        """Start to verify; `faults` reports a difference later."""
        if not self.begin(what, stored, digest):
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
                self._threads.pop()  # no more threads: verify in this one
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
                self.conclude(what, stored, digest, hash_stretch(stored, digest, _CHUNK))
            except Exception as error:  # noqa: BLE001  report whatever prevented the verification
                self.fault(f"{what} could not be verified ({error!r})")

    def compare(self, what: str, hashed: Hash | None, digest: str, claim: DigestClaim | None = None) -> bool:
        """Report a digest that differs or has an unsupported algorithm; return whether it matches.

        "" means that no digest was stated. A match confirms `claim`.
        """
        if hashed is None:
            if digest:
                self.fault(f"{what} {_unknown(digest)}")
            return False
        return self._agree(what, hashed.hexdigest(), digest, claim)

    def _agree(self, what: str, computed: str, digest: str, claim: DigestClaim | None) -> bool:
        if computed != digest.partition(":")[2]:
            self.fault(f"{what} has the digest {computed[:16]}... instead of {digest[:23]}...")
            return False
        if claim is not None:
            with self._lock:
                self._confirmed.add(claim)
        return True

    def fault(self, message: str) -> None:
        """Add an error."""
        with self._lock:
            self._faults.append(message)

    def faults(self) -> tuple[str, ...]:
        """Wait for all verifications and return their errors, by the numbers of layers: threads end in any order."""
        done = self.outcome().faults
        left = {f"{what} was not verified" for what in self._open.values()}
        return tuple(sorted({*done, *left}, key=_numbered))

    def confirmed(self, claim: DigestClaim) -> bool:
        """Wait for all verifications and return whether the claim holds."""
        self.faults()
        return claim in self._confirmed

    def outcome(self) -> DigestOutcome:
        """Wait and return the results of this process, for another one."""
        for thread in list(self._threads):
            thread.join()
        return DigestOutcome(tuple(sorted(set(self._faults), key=_numbered)), frozenset(self._confirmed))

    def take(self, outcome: DigestOutcome) -> None:
        """Add the results of another process."""
        self._faults += [fault for fault in outcome.faults if fault not in self._faults]
        self._confirmed |= outcome.confirmed
