"""Layers of stored archives: tar entries, with whiteouts told apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise
from mmap import mmap
from typing import Final

from sealock.image.bytesources import Damage, StoredBytes, Stretch, Windowed
from sealock.image.digests import DigestClaim, DigestOutcome, Proofs, Verifier, claimed, new_hash
from sealock.image.entry import Bounds, LayerEntry
from sealock.image.header import MOST
from sealock.image.inflate import Inflating, compression
from sealock.image.manifest import read_bytes
from sealock.image.pump import Pumped
from sealock.image.splits import cuts
from sealock.image.store import ImageStore
from sealock.image.tarreader import TarReader
from sealock.model.finding import InputError
from sealock.model.inventory import Layer
from sealock.model.location import Location

PROBLEMS_KEPT: Final = 100
_METADATA: Final = 4
"""How many manifests and configurations of the largest size an archive may have."""
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


class LayerContext:
    """What the layers of one archive share: bounds, who verifies, and what is known from an earlier time."""

    def __init__(self, file: str, bounds: Bounds, verifier: Verifier | None, proofs: Proofs | None = None) -> None:
        self.file, self.bounds, self.verifier, self.proofs = file, bounds, verifier, proofs
        self.spending = Spending()
        self._room = _METADATA * bounds.metadata
        self.entries: dict[str, int] = {}
        """How many entries each layer has given: the bound is for all of them together."""
        self.apart = False
        """Whether layers are read at the same time. Each may then have as many entries as all of them: what others have
        given so far would hang on which of them is the fastest."""

    def metadata(self, store: ImageStore, name: str) -> bytes:
        """The whole of a manifest or a configuration; Damage where it cannot be read, or is too large.

        An archive may name a large one as often as it likes: what is read of all of them is bounded as well.
        """
        data = read_bytes(store, name, min(self.bounds.metadata, self._room))
        self._room -= len(data)
        return data

    def error(self, message: str) -> InputError:
        """A problem of the archive."""
        return InputError(message[:1].upper() + message[1:], Location(self.file))


class TarLayer:
    """A layer that is stored as a tar archive, compressed or not. `whiteouts` is false for a root file system."""

    def __init__(self, layer: Layer, stored: StoredBytes, context: LayerContext, *, whiteouts: bool = True) -> None:
        self.layer, self._stored, self._context, self.whiteouts = layer, stored, context, whiteouts
        self._slot = context.spending.slot()
        digest = layer.diff_id or layer.digest
        self.name = f"layer {layer.index + 1} ({digest[:19]})" if digest else "the root file system"
        self._input_errors: list[str] = []
        self._more = 0

    @property
    def errors(self) -> tuple[InputError, ...]:
        """What was wrong with the entries read so far; digests are told by the image."""
        return tuple(self._context.error(f"{self.name}: {message}") for message in self.messages())

    def messages(self) -> list[str]:
        """The problems, in words that do not name the layer."""
        return [*self._input_errors, *([f"{self._more} more problems"] if self._more else [])]

    @property
    def _inflated(self) -> DigestClaim:
        """The claim that its plain bytes have their digest."""
        return 0, self.layer.index, 0, self.layer.diff_id

    def outcome(self) -> DigestOutcome | None:
        """What came of verifying so far, for another process; None where nothing is verified."""
        return self._context.verifier.outcome() if self._context.verifier else None

    def take(self, outcome: DigestOutcome | None) -> None:
        """Believe what another process found."""
        if self._context.verifier and outcome:
            self._context.verifier.take(outcome)

    @property
    def stretch(self) -> Stretch | None:
        """Its bytes, where they stand in a file as they are, so that other processes can read them as well."""
        return self._stored if isinstance(self._stored, Stretch) else None

    @property
    def identity(self) -> tuple[object, ...] | None:
        """Which bytes it has, and which digests they are to have; None where it is no part of an open file."""
        place = getattr(self._stored, "place", None)
        return (*place, self.layer.digest, self.layer.diff_id) if place else None

    @property
    def is_pledged(self) -> bool:
        """Whether no other bytes will be taken for it: those of a registry, named by a verified manifest."""
        return bool(getattr(self._stored, "verified", False))

    def certain(self) -> bool:
        """Whether its bytes as stored have the digests that they are named by; waits for those being taken."""
        verifier, stored, proofs = self._context.verifier, self.stretch, self._context.proofs
        if stored is None:
            return self.is_pledged
        digests = self._stored_digests()
        if verifier is None:
            return bool(digests) and proofs is not None and all(proofs.proven(stored, digest) for digest in digests)
        return bool(digests) and all(verifier.confirmed(claimed(stored, digest)) for digest in digests)

    def proven(self) -> bool:
        """Whether what was read now had the digests that it is named by, inflated as well as stored."""
        verifier = self._context.verifier
        if verifier is None or not self.layer.diff_id or not self.certain():
            return False
        return (self.stretch is not None and not self.is_compressed()) or verifier.confirmed(self._inflated)

    def _report(self, message: str) -> None:
        """Note a problem, in a sentence that starts with a small letter."""
        if len(self._input_errors) < PROBLEMS_KEPT:
            self._input_errors.append(message)
        else:
            self._more += 1

    def entries(self) -> Iterator[LayerEntry]:
        """Yield its entries in order, from the first one each time."""
        self.forget()
        try:
            how = compression(self._stored.fetch(0, 6))
        except Damage as damage:
            self._report(str(damage))
            return
        self.verify()
        verifier, layer, stored = self._context.verifier, self.layer, self._stored
        if isinstance(stored, Stretch) and not how:
            yield from self._walk(stored)
            return
        # What is inflated on the way is counted on the way.
        as_stored = new_hash(layer.digest) if verifier and not isinstance(stored, Stretch) else None
        as_plain = new_hash(layer.diff_id) if verifier else None
        context = self._context
        note = partial(context.spending.note, self._slot)
        inflating = Inflating(stored, how, context.bounds, as_stored.update if as_stored else None, note)
        pumped = Pumped(inflating.chunks(), as_plain.update if as_plain else None)
        try:
            yield from self._walk(pumped)
            if verifier is not None:
                pumped.drain()
                if pumped.broken:
                    # It is told already; the digest of a part would say nothing.
                    if not self._input_errors:
                        self._report("it could not be read to its end")
                    return
                if not isinstance(stored, Stretch):
                    verifier.compare(self.name, as_stored, layer.digest)
                verifier.compare(f"{self.name}, inflated,", as_plain, layer.diff_id, self._inflated)
        except Damage as damage:
            self._report(str(damage))
        finally:
            pumped.close()

    def count_apart(self, *, apart: bool) -> None:
        """Say whether layers are read at the same time; none of those of this archive has given an entry then."""
        self._context.apart = apart
        self._context.entries.clear()

    def forget(self, errors: Iterable[str] = ()) -> None:
        """Let these be its problems, in place of those so far."""
        self._input_errors.clear()
        self._more = 0
        for message in errors:
            self._report(message)

    def verify(self) -> None:
        """Begin to take the digests of the bytes that are stored as they are."""
        verifier, stored = self._context.verifier, self._stored
        if verifier is not None and isinstance(stored, Stretch):
            for digest in self._stored_digests():
                verifier.check(self.name, stored, digest)

    def _stored_digests(self) -> set[str]:
        """Those that the bytes are to have as they are stored."""
        return {self.layer.digest, "" if self.is_compressed() else self.layer.diff_id} - {""}

    def is_compressed(self) -> bool:
        """Whether it is, or begins like nothing that can be read."""
        try:
            return bool(compression(self._stored.fetch(0, 6)))
        except Damage:
            return True

    def pieces(self, spacing: int) -> tuple[Piece, ...]:
        """Walks that make up the whole one if each begins where the one before ended; () where it has no pieces."""
        stored = self._stored
        if not isinstance(stored, Stretch) or self.is_compressed():
            return ()
        starts = cuts(stored.part(0, stored.length), spacing)
        most = self._context.bounds.entries
        return tuple(Piece(self, stored, most, start, stop) for start, stop in pairwise([*starts, MOST]))

    def _walk(self, source: Windowed) -> Iterator[LayerEntry]:
        seen = self._context.entries
        others = 0 if self._context.apart else sum(seen.values()) - seen.get(self.name, 0)
        most = max(0, self._context.bounds.entries - others)
        reader = TarReader(source, self._report, most, whiteouts=self.whiteouts)
        try:
            yield from reader.entries()
        finally:
            seen[self.name] = reader.seen


class Piece:
    """A part of a plain layer's walk. `ended` is where the next one is to begin, -1 where there is no more."""

    def __init__(self, layer: TarLayer, stored: Stretch, most: int, start: int, stop: int) -> None:
        self._layer, self._stored, self._most = layer, stored, most
        self.start, self.stop, self.ended = start, stop, -1
        self.errors: list[str] = []

    def at(self, start: int, stop: int) -> Piece:
        """Another piece of the same layer."""
        return Piece(self._layer, self._stored, self._most, start, stop)

    def entries(self) -> Iterator[LayerEntry]:
        """Yield its entries in order."""
        self.errors.clear()
        stored = self._stored.part(0, self._stored.length)
        reader = TarReader(
            stored, self._report, self._most, start=self.start, stop=self.stop, whiteouts=self._layer.whiteouts
        )
        yield from reader.entries()
        self.ended = reader.ended

    def _report(self, message: str) -> None:
        if len(self.errors) <= PROBLEMS_KEPT:
            self.errors.append(message)
