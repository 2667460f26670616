"""Reads the layers of an image that no earlier run knows, and takes the others from the cache."""

from __future__ import annotations

from collections.abc import Callable

from sealock.cache.memory import Memory
from sealock.image.entry import Bounds, ImageSource, LayerSource
from sealock.image.layers import TarLayer
from sealock.inventory.facts import LayerFacts


def layer_facts(
    image: ImageSource, memory: Memory | None, bounds: Bounds, progress: Callable[[LayerSource], None]
) -> list[LayerFacts]:
    """What each layer holds. What is remembered counts only for bytes that are verified now, or were before."""
    sources = image.layers
    found = [memory.recall(source) if memory else None for source in sources]

    def verify() -> None:
        for source, kept in zip(sources, found, strict=True):
            if kept and isinstance(source, TarLayer):
                source.verify()

    unknown = [source for source, kept in zip(sources, found, strict=True) if kept is None]
    read = _read(unknown, bounds, progress, verify)
    facts: list[LayerFacts] = []
    for source, kept in zip(sources, found, strict=True):
        if kept is None or not isinstance(source, TarLayer):
            facts.append(read.pop(0))
        elif source.certain():
            source.forget(kept.messages)
            facts.append(kept.facts)
        else:
            # It says that it is one that is known, and is another.
            facts += _read([source], bounds, progress)
    if sum(one.entries for one in facts) > bounds.entries and len(unknown) < len(sources):
        # How much of each is read depends on the others: that is found out in their order.
        from sealock.inventory.catalog import analyzers  # noqa: PLC0415  as in _read
        from sealock.inventory.selection import Selection  # noqa: PLC0415  as above
        from sealock.listing.reading import in_threads  # noqa: PLC0415  as above

        return in_threads(sources, Selection(analyzers(), bounds.file), progress)
    if memory and sum(one.entries for one in facts) < bounds.entries:
        for source in unknown:
            memory.keep(source, facts[sources.index(source)])
    return facts


def _read(
    sources: list[LayerSource],
    bounds: Bounds,
    progress: Callable[[LayerSource], None],
    meanwhile: Callable[[], None] = lambda: None,
) -> list[LayerFacts]:
    if not sources:
        meanwhile()
        return []
    # Loading the analyzers takes long, compared with what the cache gives.
    from sealock.inventory.catalog import analyzers  # noqa: PLC0415  as above
    from sealock.inventory.selection import Selection  # noqa: PLC0415  as above
    from sealock.listing.reading import read_layers  # noqa: PLC0415  as above

    return read_layers(sources, Selection(analyzers(), bounds.file), bounds.entries, progress, meanwhile)
