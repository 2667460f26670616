"""Layers of stored archives: their tar entries and whiteouts, within the bounds of the image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import pairwise
from mmap import mmap
from typing import Final

from sealock.image.bytesources import StoredBytes, Stretch, UnreadableError, Windowed
from sealock.image.digests import (
    DigestClaim,
    DigestOutcome,
    Proofs,
    StretchHash,
    Verifier,
    hash_stretch,
    make_claim,
    new_hash,
)
from sealock.image.entry import Bounds, LayerEntry
from sealock.image.header import MOST
from sealock.image.inflate import Inflating, detect_compression
from sealock.image.manifest import read_bytes
from sealock.image.pump import Pumped
from sealock.image.splits import find_cuts
from sealock.image.store import ImageStore
from sealock.image.tarreader import TarReader
from sealock.model.finding import InputError
from sealock.model.inventory import Layer
from sealock.model.location import Location

MAX_ERRORS: Final = 100
_METADATA: Final = 4
"""All manifests and configurations of an archive may take so many times the limit of one."""
SLOTS: Final = 1 << 14
"""Layers that are counted separately; further ones share the last slot."""


class Spending:
    """Counts the uncompressed bytes of each layer, in memory that the processes reading the archive share.

    The process that reads a layer writes its count; all processes read all counts.
    """

    def __init__(self) -> None:
        # Anonymous memory, shared with forked processes.
        self._counts = memoryview(mmap(-1, SLOTS * 8)).cast("Q")
        self._used = 0

    def slot(self) -> int:
        """Reserve the slot of a layer."""
        self._used = min(self._used + 1, SLOTS)
        return self._used - 1

    def note(self, slot: int, made: int) -> int:
        """Set the bytes of a layer so far; return the sum of all layers."""
        self._counts[slot] = made
        return sum(self._counts[: self._used])


class LayerContext:
    """What the layers of one archive share: bounds, the verifier, and proofs of earlier runs."""

    def __init__(self, file: str, bounds: Bounds, verifier: Verifier | None, proofs: Proofs | None = None) -> None:
        self.file, self.bounds, self.verifier, self.proofs = file, bounds, verifier, proofs
        self.spending = Spending()
        self._room = _METADATA * bounds.metadata
        self.entries: dict[str, int] = {}
        """Entries of each layer so far: the limit is for all layers together."""
        self.are_parallel = False
        """Whether layers are read in parallel. Each may then have as many entries as all together: what the others have
        read so far would depend on their speed."""

    def metadata(self, store: ImageStore, name: str) -> bytes:
        """Read a manifest or a configuration; UnreadableError if that fails or it is too large.

        All of them together are bounded too: an archive may name a large one any number of times.
        """
        data = read_bytes(store, name, min(self.bounds.metadata, self._room))
        self._room -= len(data)
        return data

    def error(self, message: str) -> InputError:
        """An error of the archive."""
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
        """The errors of the entries read so far; wrong digests are errors of the image."""
        return tuple(self._context.error(f"{self.name}: {message}") for message in self.messages())

    def messages(self) -> list[str]:
        """The errors, without the name of the layer."""
        return [*self._input_errors, *([f"{self._more} more errors"] if self._more else [])]

    @property
    def _inflated(self) -> DigestClaim:
        """The claim that its uncompressed bytes have their digest."""
        return 0, self.layer.index, 0, self.layer.diff_id

    def outcome(self) -> DigestOutcome | None:
        """The results of verifying so far, for another process; None without a verifier."""
        return self._context.verifier.outcome() if self._context.verifier else None

    def take(self, outcome: DigestOutcome | None) -> None:
        """Add the results of another process."""
        if self._context.verifier and outcome:
            self._context.verifier.take(outcome)

    @property
    def stretch(self) -> Stretch | None:
        """Its bytes where a file holds them as they are, so that other processes can read them too."""
        return self._stored if isinstance(self._stored, Stretch) else None

    @property
    def identity(self) -> tuple[object, ...] | None:
        """The place of its bytes and their stated digests; None if it is not part of an open file."""
        place = getattr(self._stored, "place", None)
        return (*place, self.layer.digest, self.layer.diff_id) if place else None

    @property
    def is_verified_on_read(self) -> bool:
        """Whether reading it verifies it: layers of a registry, which a verified manifest names."""
        return bool(getattr(self._stored, "verified", False))

    def has_stored_digests(self) -> bool:
        """Whether its stored bytes have their stated digests; waits for those being computed."""
        verifier, stored, proofs = self._context.verifier, self.stretch, self._context.proofs
        if stored is None:
            return self.is_verified_on_read
        digests = self._stored_digests()
        if verifier is None:
            return bool(digests) and proofs is not None and all(proofs.proven(stored, digest) for digest in digests)
        return bool(digests) and all(verifier.confirmed(make_claim(stored, digest)) for digest in digests)

    def has_all_digests(self) -> bool:
        """Whether the bytes that were read have their stated digests, uncompressed as well as stored."""
        verifier = self._context.verifier
        if verifier is None or not self.layer.diff_id or not self.has_stored_digests():
            return False
        return (self.stretch is not None and not self.is_compressed()) or verifier.confirmed(self._inflated)

    def _report(self, message: str) -> None:
        """Add an error, a sentence that starts with a small letter."""
        if len(self._input_errors) < MAX_ERRORS:
            self._input_errors.append(message)
        else:
            self._more += 1

    def entries(self) -> Iterator[LayerEntry]:
        """Yield its entries in order, from the first on each call."""
        self.forget()
        try:
            how = detect_compression(self._stored.fetch(0, 6))
        except UnreadableError as error:
            self._report(str(error))
            return
        self.verify()
        verifier, layer, stored = self._context.verifier, self.layer, self._stored
        if isinstance(stored, Stretch) and not how:
            yield from self._walk(stored)
            return
        # Digests of uncompressed bytes are computed while they are read.
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
                    # The error is reported; the digest of a part would mean nothing.
                    if not self._input_errors:
                        self._report("it could not be read to the end")
                    return
                if not isinstance(stored, Stretch):
                    verifier.compare(self.name, as_stored, layer.digest)
                verifier.compare(f"{self.name}, uncompressed,", as_plain, layer.diff_id, self._inflated)
        except UnreadableError as error:
            self._report(str(error))
        finally:
            pumped.close()

    def start_counting(self, *, parallel: bool) -> None:
        """Reset the counts of entries of this archive, before its layers are read."""
        self._context.are_parallel = parallel
        self._context.entries.clear()

    def forget(self, errors: Iterable[str] = ()) -> None:
        """Replace its errors."""
        self._input_errors.clear()
        self._more = 0
        for message in errors:
            self._report(message)

    def verify(self) -> None:
        """Start to verify the digests of the stored bytes."""
        verifier, stored = self._context.verifier, self._stored
        if verifier is not None and isinstance(stored, Stretch):
            for digest in self._stored_digests():
                verifier.check(self.name, stored, digest)

    def begin_verifying(self) -> tuple[str, ...]:
        """The digests of the stored bytes that the caller is to hash, as `hash_stored` does, and to `conclude`."""
        verifier, stored = self._context.verifier, self._stored
        if verifier is None or not isinstance(stored, Stretch):
            return ()
        return tuple(digest for digest in sorted(self._stored_digests()) if verifier.begin(self.name, stored, digest))

    def hash_stored(self, digest: str) -> StretchHash:
        """Hash the stored bytes with the algorithm of a digest."""
        stored = self._stored
        return hash_stretch(stored, digest) if isinstance(stored, Stretch) else StretchHash(fault="is no file")

    def conclude(self, digest: str, hashed: StretchHash) -> None:
        """Compare the hash of the stored bytes, which any process made, with a stated digest."""
        verifier, stored = self._context.verifier, self._stored
        if verifier is not None and isinstance(stored, Stretch):
            verifier.conclude(self.name, stored, digest, hashed)

    def _stored_digests(self) -> set[str]:
        """The stated digests of the stored bytes."""
        return {self.layer.digest, "" if self.is_compressed() else self.layer.diff_id} - {""}

    def is_compressed(self) -> bool:
        """Whether it is compressed, or its first bytes cannot be read."""
        try:
            return bool(detect_compression(self._stored.fetch(0, 6)))
        except UnreadableError:
            return True

    def pieces(self, spacing: int) -> tuple[Piece, ...]:
        """Pieces to read in parallel: valid if each begins where the one before ends; () if it cannot be split."""
        stored = self._stored
        if not isinstance(stored, Stretch) or self.is_compressed():
            return ()
        starts = find_cuts(stored.part(0, stored.length), spacing)
        most = self._context.bounds.entries
        return tuple(Piece(self, stored, most, start, stop) for start, stop in pairwise([*starts, MOST]))

    def _walk(self, source: Windowed) -> Iterator[LayerEntry]:
        counts = self._context.entries
        others = 0 if self._context.are_parallel else sum(counts.values()) - counts.get(self.name, 0)
        most = max(0, self._context.bounds.entries - others)
        reader = TarReader(source, self._report, most, whiteouts=self.whiteouts)
        try:
            yield from reader.entries()
        finally:
            counts[self.name] = reader.headers_read


class Piece:
    """A part of an uncompressed layer. `ended` is where the next one must begin, -1 at the end of the layer."""

    def __init__(self, layer: TarLayer, stored: Stretch, most: int, start: int, stop: int) -> None:
        self._layer, self._stored, self._most = layer, stored, most
        self.start, self.stop, self.ended = start, stop, -1
        self.errors: list[str] = []

    def at(self, start: int, stop: int) -> Piece:
        """A piece of the same layer with other ends."""
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
        if len(self.errors) <= MAX_ERRORS:
            self.errors.append(message)
