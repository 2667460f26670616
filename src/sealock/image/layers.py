"""Layers of stored archives: tar entries, with whiteouts told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.image.entry import Bounds, Entry
from sealock.image.inflate import Inflating, compression
from sealock.image.pump import Pumped
from sealock.image.stored import Bytes, Damage, Stored, Stretch
from sealock.image.tarreader import TarReader
from sealock.image.verifying import Verifier, new_hash
from sealock.model.finding import Problem
from sealock.model.inventory import Layer
from sealock.model.location import Location

PROBLEMS_KEPT: Final = 100
_WHITEOUT: Final = ".wh."
_OPAQUE: Final = ".wh..wh..opq"
_PRIVATE: Final = ".wh..wh."


class Context:
    """What the layers of one archive share: bounds, and who verifies."""

    def __init__(self, file: str, bounds: Bounds, verifier: Verifier | None) -> None:
        self.file, self.bounds, self.verifier = file, bounds, verifier
        self.entries: dict[str, int] = {}
        """How many entries each layer has given: the bound is for all of them together."""

    def problem(self, message: str) -> Problem:
        """A problem of the archive."""
        return Problem(message[:1].upper() + message[1:], Location(self.file))


class TarLayer:
    """A layer that is stored as a tar archive, compressed or not. `whiteouts` is false for a root file system."""

    def __init__(self, layer: Layer, stored: Stored, context: Context, *, whiteouts: bool = True) -> None:
        self.layer, self._stored, self._context, self._whiteouts = layer, stored, context, whiteouts
        digest = layer.diff_id or layer.digest
        self.name = f"layer {layer.index + 1} ({digest[:19]})" if digest else "the root file system"
        self._problems: list[str] = []
        self._more = 0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What was wrong with the entries read so far; digests are told by the image."""
        told = [f"{self.name}: {message}" for message in self._problems]
        if self._more:
            told.append(f"{self.name}: {self._more} more problems")
        return tuple(self._context.problem(message) for message in told)

    def _report(self, message: str) -> None:
        if len(self._problems) < PROBLEMS_KEPT:
            self._problems.append(message)
        else:
            self._more += 1

    def entries(self) -> Iterator[Entry]:
        """Yield its entries in order, from the first one each time."""
        self._problems.clear()
        self._more = 0
        try:
            how = compression(self._stored.fetch(0, 6))
        except Damage as damage:
            self._report(str(damage))
            return
        verifier, layer, stored = self._context.verifier, self.layer, self._stored
        if isinstance(stored, Stretch):
            if verifier is not None:
                for digest in {layer.digest, layer.diff_id if not how else ""} - {""}:
                    verifier.check(self.name, stored, digest)
            if not how:
                yield from self._walk(stored)
                return
        # What is inflated on the way is counted on the way.
        as_stored = new_hash(layer.digest) if verifier and not isinstance(stored, Stretch) else None
        as_plain = new_hash(layer.diff_id) if verifier else None
        inflating = Inflating(stored, how, self._context.bounds, as_stored.update if as_stored else None)
        pumped = Pumped(inflating.chunks(), as_plain.update if as_plain else None)
        try:
            yield from self._walk(pumped)
            if verifier is not None:
                pumped.drain()
                if not isinstance(stored, Stretch):
                    verifier.compare(self.name, as_stored, layer.digest)
                verifier.compare(f"{self.name}, inflated,", as_plain, layer.diff_id)
        except Damage as damage:
            self._report(str(damage))
        finally:
            pumped.close()

    def _walk(self, source: Bytes) -> Iterator[Entry]:
        seen = self._context.entries
        others = sum(seen.values()) - seen.get(self.name, 0)
        reader = TarReader(source, self._report, max(0, self._context.bounds.entries - others))
        try:
            yield from self._told_apart(reader.entries()) if self._whiteouts else reader.entries()
        finally:
            seen[self.name] = reader.seen

    def _told_apart(self, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Entries, with those that stand for a removal made what they mean."""
        for entry in entries:
            if _WHITEOUT not in entry.path:
                yield entry
                continue
            folder, _, name = entry.path.rpartition("/")
            if not name.startswith(_WHITEOUT):
                yield entry
            elif name == _OPAQUE:
                entry.kind, entry.path, entry.size = "opaque", folder, 0
                yield entry
            elif name.startswith(_PRIVATE):
                continue  # AUFS's own, which engines pass over
            elif (removed := name[len(_WHITEOUT) :]) in {"", ".", ".."}:
                self._report(f"the whiteout {entry.path!r} names nothing that it could remove")
            else:
                entry.kind, entry.path, entry.size = "whiteout", f"{folder}/{removed}".lstrip("/"), 0
                yield entry
