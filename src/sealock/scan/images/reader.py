"""Reads the layers of images that nothing is known of, and takes the others from the cache, or from an image before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sealock.image.entry import Bounds, ImageSource, LayerSource
from sealock.image.layers import TarLayer
from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.scan.cache.layers import CachedFacts, Together
from sealock.scan.cache.memory import Memory

if TYPE_CHECKING:
    from sealock.inventory.selection import Selection

_CHEAP: Final = 16
"""Entries that are known already cost as much as one that is read."""
_TOLD: Final = 4
"""Packages and files that are told of, as well."""


class LayerReader:
    """Reads the layers of an archive's images, of each layer once, and of all of them so many entries at the most."""

    def __init__(
        self, memory: Memory | None, bounds: Bounds, progress: Callable[[LayerSource], None], *, files: bool
    ) -> None:
        self._memory, self._bounds, self._progress, self._files = memory, bounds, progress, files
        self._before: dict[tuple[object, ...], CachedFacts] = {}
        """What was found for an image before."""
        self._spent = 0

    @property
    def is_spent(self) -> bool:
        """Whether the images so far took as much as all may have."""
        return self._spent > self._bounds.entries

    def together(self, image: ImageSource) -> ImageFacts:
        """What the layers hold, laid over one another. What is remembered counts only for bytes that are verified."""
        sources = [source for source in image.layers if isinstance(source, TarLayer)]
        memory = self._memory if len(sources) == len(image.layers) else None
        if memory and (known := memory.recall_together(sources)) is not None and self._holds(known, sources):
            for source, messages in zip(sources, known.messages, strict=True):
                source.forget(messages)
            self._spent += sum(entries // _CHEAP for _, entries, _ in known.facts.sizes)
            return self._told(known.facts)
        from sealock.inventory.merge import merge  # noqa: PLC0415  as in _read

        scanned, sound = self._facts(image)
        facts = merge(
            [(source.layer.index, one) for source, one in zip(image.layers, scanned, strict=True)], files=self._files
        )
        if memory and sound:
            memory.keep_together(sources, facts)
        return self._told(facts)

    def _told(self, facts: ImageFacts) -> ImageFacts:
        """The same; what is told of an image takes room, also where its layers were known."""
        self._spent += (len(facts.packages) + len(facts.files)) // _TOLD
        return facts

    def _holds(self, known: Together, sources: Sequence[TarLayer]) -> bool:
        """Whether facts are of these very bytes, and within bounds that the cache does not know of."""
        if known.facts.cost > self._bounds.entries:
            return False
        for source in sources:
            source.verify()
        return len(known.messages) == len(sources) and all(source.certain() for source in sources)

    def _facts(self, image: ImageSource) -> tuple[list[LayerFacts], bool]:
        """What each layer holds, and whether all have the digests that they are named by."""
        sources = image.layers
        before = [self._before.get(identity) if (identity := _identity(source)) else None for source in sources]
        found = [
            self._memory.recall(source) if self._memory and not known else None
            for source, known in zip(sources, before, strict=True)
        ]

        def verify() -> None:
            for source, known, kept in zip(sources, before, found, strict=True):
                if (known or kept) and isinstance(source, TarLayer):
                    source.verify()

        unknown = [source for source, known, kept in zip(sources, before, found, strict=True) if not known and not kept]
        read = self._read(unknown, verify)
        if read is None:
            return self._in_order(sources), False
        facts: list[LayerFacts] = []
        sound = self._memory is not None
        for source, known, kept in zip(sources, before, found, strict=True):
            if (known is None and kept is None) or not isinstance(source, TarLayer):
                facts.append(read.pop(0))
            elif (remembered := known or (kept if source.certain() else None)) is not None:
                source.forget(remembered.messages)
                facts.append(remembered.facts)
            else:
                # It says that it is one that is known, and is another.
                again = self._read([source])
                if again is None:
                    return self._in_order(sources), False
                facts += again
                sound = False
        self._spent += sum(
            one.entries // _CHEAP if known else one.cost for one, known in zip(facts, before, strict=True)
        )
        if sum(fact.cost for fact in facts) > self._bounds.entries:
            return self._in_order(sources), False
        for source, one, known in zip(sources, facts, before, strict=True):
            if self._memory and source in unknown:
                sound = self._memory.keep(source, one) and sound
            elif self._memory and known:
                sound = self._memory.may_keep(source) and sound
            if isinstance(source, TarLayer) and (identity := _identity(source)):
                self._before[identity] = CachedFacts(one, tuple(source.messages()))
        return facts, sound

    def _read(
        self, sources: Sequence[LayerSource], meanwhile: Callable[[], None] = lambda: None
    ) -> list[LayerFacts] | None:
        if not sources:
            meanwhile()
            return []
        # Loading the analyzers takes long, compared with what the cache gives.
        from sealock.scan.images.workers import read_layers  # noqa: PLC0415  as above

        return read_layers(sources, self._selection(), self._bounds.entries, self._progress, meanwhile)

    def _in_order(self, sources: Sequence[LayerSource]) -> list[LayerFacts]:
        """Read all where they have too many entries: how much of each is read depends on those before it."""
        self._spent += self._bounds.entries + 1
        from sealock.scan.images.workers import in_order  # noqa: PLC0415  as in _read

        return in_order(sources, self._selection(), self._bounds.entries, self._progress)

    def _selection(self) -> Selection:
        from sealock.inventory.catalog import analyzers  # noqa: PLC0415  as in _read
        from sealock.inventory.selection import Selection  # noqa: PLC0415  as above

        bounded = (type(analyzer)(self._bounds) for analyzer in analyzers(files=self._files))
        return Selection(bounded, self._bounds.file, files=self._files)


def _identity(source: LayerSource) -> tuple[object, ...] | None:
    return source.identity if isinstance(source, TarLayer) else None
