"""What an earlier run knows of an image's layers, and what this one leaves for the next."""

from __future__ import annotations

from sealock.cache.folder import LIMIT, Folder
from sealock.cache.layers import Kept, LayerCache
from sealock.cache.proofs import FileProofs
from sealock.image.entry import Bounds, LayerSource
from sealock.image.layers import TarLayer
from sealock.inventory.facts import LayerFacts


class Memory:
    """The cache in a folder, for one run."""

    def __init__(self, path: str, bounds: Bounds, limit: int = LIMIT) -> None:
        self.folder = Folder(path, limit)
        self.proofs = FileProofs(self.folder)
        self._layers = LayerCache(self.folder, bounds)

    def recall(self, source: LayerSource) -> Kept | None:
        """What is known of a layer with these digests. It holds for this one only if `certain` says so."""
        if not isinstance(source, TarLayer):
            return None
        layer, stretch = source.layer, source.stretch
        if stretch is not None:
            self.proofs.note(stretch.file)
        elif not source.is_pledged:
            return None  # a part of a compressed archive has no digest before it was inflated
        plain = stretch is not None and not source.is_compressed()
        if not plain and layer.digest != layer.diff_id and self._layers.plain(layer.digest) != layer.diff_id:
            return None
        return self._layers.facts(layer.diff_id)

    def keep(self, source: LayerSource, facts: LayerFacts) -> None:
        """Keep what was found in a layer, if it was verified while it was read, and nobody could have changed it."""
        if not isinstance(source, TarLayer) or not source.proven():
            return
        stretch = source.stretch
        if stretch is None or self.proofs.sound(stretch.file):
            stored = source.layer.digest if source.layer.digest != source.layer.diff_id else ""
            self._layers.keep(source.layer.diff_id, Kept(facts, tuple(source.messages())), stored)

    def close(self) -> None:
        """Write down which files were verified, and keep to the limit."""
        self.proofs.keep()
        self.folder.tidy()
