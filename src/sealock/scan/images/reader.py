"""Reads the layers of images, each once; those that the cache knows are taken from there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from sealock.image.entry import Bounds, ImageSource, LayerSource
from sealock.image.layers import TarLayer
from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.scan.cache.layers import CachedFacts, MergedFacts
from sealock.scan.cache.memory import ImageCache

if TYPE_CHECKING:
    from sealock.inventory.reread import Reread
    from sealock.inventory.selection import Selection

_CACHED_PER_READ: Final = 16
"""So many entries that are already known cost as much as one that is read."""
_FACTS_PER_ENTRY: Final = 4
"""So many reported packages and files cost as much as one entry."""


class LayerReader:
    """Reads the layers of an archive's images, of each layer once, up to a limit of entries for all of them."""

    def __init__(
        self, cache: ImageCache | None, bounds: Bounds, progress: Callable[[LayerSource], None], *, files: bool
    ) -> None:
        self._cache, self._bounds, self._progress, self._files = cache, bounds, progress, files
        self._earlier: dict[tuple[object, ...], CachedFacts] = {}
        """The facts of layers of earlier images, by the identity of the layer."""
        self._spent = 0

    @property
    def is_spent(self) -> bool:
        """Whether the images so far used up the limit of entries."""
        return self._spent > self._bounds.entries

    def read_image(self, image: ImageSource) -> ImageFacts:
        """The merged facts of an image's layers. Cached facts count only for verified bytes."""
        sources = [source for source in image.layers if isinstance(source, TarLayer)]
        cache = self._cache if len(sources) == len(image.layers) else None
        if cache and (cached := cache.recall_merged(sources)) is not None and self._is_valid(cached, sources):
            for source, messages in zip(sources, cached.messages, strict=True):
                source.forget(messages)
            self._spent += sum(entries // _CACHED_PER_READ for _, entries, _ in cached.facts.sizes)
            return self._count(cached.facts)
        layers, is_sound = self._facts(image)
        facts, is_complete = self._merge(image, layers, cache)
        if cache and is_sound and is_complete:
            cache.keep_merged(sources, facts)
        return self._count(facts)

    def _merge(
        self, image: ImageSource, layers: Sequence[LayerFacts], cache: ImageCache | None
    ) -> tuple[ImageFacts, bool]:
        """Merge layers with what their links lead to; whether all of that could be read."""
        from sealock.inventory import links  # noqa: PLC0415  as in _selection
        from sealock.inventory.merge import LinkedFacts, merge, view_layers  # noqa: PLC0415  as above

        selection = self._selection
        view = view_layers(layers, links.paths_on_the_way(layers, selection))
        followed = links.follow(layers, selection, view)
        before = [source.errors for source in image.layers]
        linked = {
            place: LinkedFacts(self._reread(image.layers[place], reread, cache), reread)
            for place, reread in followed.rereads.items()
        }
        numbered = [(source.layer.index, layer) for source, layer in zip(image.layers, layers, strict=True)]
        facts = merge(numbered, files=self._files, view=view, linked=linked)
        if followed.faults:
            faults = [list(of_layer) for of_layer in facts.faults]
            for place, fault in followed.faults:
                faults[place].append(fault)
            facts = replace(facts, faults=tuple(map(tuple, faults)))
        return facts, before == [source.errors for source in image.layers]

    def _reread(self, source: LayerSource, reread: Reread, cache: ImageCache | None) -> LayerFacts:
        """The facts of files of a layer under the paths of links."""
        from sealock.inventory.reread import RereadLayer  # noqa: PLC0415  as in _selection
        from sealock.inventory.scan import scan_layer  # noqa: PLC0415  as above

        if cache and (kept := cache.recall_reread(source, reread)) is not None:
            return kept
        before = source.errors
        facts = scan_layer(RereadLayer(source, reread), self._selection)
        if cache and source.errors == before:
            cache.keep_reread(source, reread, facts)
        return facts

    def _count(self, facts: ImageFacts) -> ImageFacts:
        """Count the facts of an image against the limit: reports take room, also of layers that were known."""
        self._spent += (len(facts.packages) + len(facts.files)) // _FACTS_PER_ENTRY
        return facts

    def _is_valid(self, cached: MergedFacts, sources: Sequence[TarLayer]) -> bool:
        """Whether cached facts are of these very bytes, and within bounds that the cache does not know."""
        if cached.facts.cost > self._bounds.entries:
            return False
        for source in sources:
            source.verify()
        return len(cached.messages) == len(sources) and all(source.has_stored_digests() for source in sources)

    def _facts(self, image: ImageSource) -> tuple[list[LayerFacts], bool]:
        """The facts of each layer, and whether all layers have the digests that name them."""
        sources = image.layers
        earlier = [self._earlier.get(identity) if (identity := _identity(source)) else None for source in sources]
        cached = [
            self._cache.recall(source) if self._cache and not known else None
            for source, known in zip(sources, earlier, strict=True)
        ]

        def verify() -> None:
            for source, known, kept in zip(sources, earlier, cached, strict=True):
                if (known or kept) and isinstance(source, TarLayer):
                    source.verify()

        unknown = [
            source for source, known, kept in zip(sources, earlier, cached, strict=True) if not known and not kept
        ]
        read = self._read(unknown, verify)
        if read is None:
            return self._in_order(sources), False
        layers: list[LayerFacts] = []
        is_sound = self._cache is not None
        for source, known, kept in zip(sources, earlier, cached, strict=True):
            if (known is None and kept is None) or not isinstance(source, TarLayer):
                layers.append(read.pop(0))
            elif (recalled := known or (kept if source.has_stored_digests() else None)) is not None:
                source.forget(recalled.messages)
                layers.append(recalled.facts)
            else:
                # Its bytes are not those of the digest that it claims.
                read_again = self._read([source])
                if read_again is None:
                    return self._in_order(sources), False
                layers += read_again
                is_sound = False
        self._spent += sum(
            facts.entries // _CACHED_PER_READ if known else facts.cost
            for facts, known in zip(layers, earlier, strict=True)
        )
        if sum(facts.cost for facts in layers) > self._bounds.entries:
            return self._in_order(sources), False
        for source, facts, known in zip(sources, layers, earlier, strict=True):
            if self._cache and source in unknown:
                is_sound = self._cache.keep(source, facts) and is_sound
            elif self._cache and known:
                is_sound = self._cache.may_keep(source) and is_sound
            if isinstance(source, TarLayer) and (identity := _identity(source)):
                self._earlier[identity] = CachedFacts(facts, tuple(source.messages()))
        return layers, is_sound

    def _read(
        self, sources: Sequence[LayerSource], meanwhile: Callable[[], None] = lambda: None
    ) -> list[LayerFacts] | None:
        if not sources:
            meanwhile()
            return []
        from sealock.scan.images.workers import read_layers  # noqa: PLC0415  takes as long as reading the cache

        return read_layers(sources, self._selection, self._bounds.entries, self._progress, meanwhile)

    def _in_order(self, sources: Sequence[LayerSource]) -> list[LayerFacts]:
        """Read all in order where they exceed the limit: how much of each is read depends on those before it."""
        self._spent += self._bounds.entries + 1
        from sealock.scan.images.workers import read_in_order  # noqa: PLC0415  as above

        return read_in_order(sources, self._selection, self._bounds.entries, self._progress)

    @cached_property
    def _selection(self) -> Selection:
        return _selection(self._bounds, files=self._files)


@lru_cache(maxsize=4)
def _selection(bounds: Bounds, *, files: bool) -> Selection:
    """The analyzers with these bounds. They keep nothing of what they read, so that all images share them."""
    from sealock.inventory.catalog import analyzers  # noqa: PLC0415  a cached image needs none of them
    from sealock.inventory.selection import Selection  # noqa: PLC0415  as above

    return Selection((type(analyzer)(bounds) for analyzer in analyzers(files=files)), bounds.file, files=files)


def _identity(source: LayerSource) -> tuple[object, ...] | None:
    return source.identity if isinstance(source, TarLayer) else None
