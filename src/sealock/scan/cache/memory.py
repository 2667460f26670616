"""What earlier runs know about images, and what this one keeps for the next."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from sealock.errors import UNDECODABLE
from sealock.image.entry import Bounds, KnownImage, LayerSource
from sealock.image.layers import TarLayer
from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.inventory.reread import Reread
from sealock.model.inventory import Inventory, Layer
from sealock.scan.cache.directory import LIMIT, CacheDirectory, CacheEntries
from sealock.scan.cache.layers import CachedFacts, LayerCache, MergedFacts
from sealock.scan.cache.listings import name_listing
from sealock.scan.cache.proofs import FileProofs
from sealock.scan.cache.renderings import inventory_digest


class ImageCache:
    """The cache in a directory, or elsewhere, for one run.

    Without `files`, facts without risky files are enough; without `merged`, it keeps layers only, and no whole images.
    """

    def __init__(
        self, place: str | CacheEntries, bounds: Bounds, limit: int = LIMIT, *, files: bool = True, merged: bool = True
    ) -> None:
        self.directory: CacheEntries = CacheDirectory(place, limit) if isinstance(place, str) else place
        self.proofs = FileProofs(self.directory)
        self._layers = LayerCache(self.directory, bounds, files=files)
        self._merged = merged

    def recall(self, source: LayerSource) -> CachedFacts | None:
        """The cached facts of a layer by its stated digests; valid only if `has_stored_digests` confirms these."""
        return self._layers.facts(source.layer.diff_id) if self._may_know(source) else None

    def recall_merged(self, sources: Sequence[LayerSource]) -> MergedFacts | None:
        """The merged facts of layers by their stated digests; valid under the same condition for each."""
        if not self._merged or not all(self._may_know(source) for source in sources):
            return None
        return self._layers.merged(tuple(source.layer.diff_id for source in sources))

    def _may_know(self, source: LayerSource) -> bool:
        """Whether a layer's digests identify its bytes, so that there may be facts of them."""
        if not isinstance(source, TarLayer):
            return False
        layer, stretch = source.layer, source.stretch
        if stretch is not None:
            self.proofs.note(stretch.file)
        elif not source.is_verified_on_read:
            return False  # a part of a compressed archive has no digest before it is decompressed
        # An engine does not send a layer that it names only by its diff_id.
        plain = not source.is_compressed() if stretch is not None else not layer.digest
        return bool(layer.diff_id) and (plain or self._inflates_to(layer))

    def keep(self, source: LayerSource, facts: LayerFacts) -> bool:
        """Keep the facts of a layer if `may_keep`; return whether they were kept."""
        if not isinstance(source, TarLayer) or not self.may_keep(source):
            return False
        stored = source.layer.digest if source.layer.digest != source.layer.diff_id else ""
        self._layers.keep(source.layer.diff_id, CachedFacts(facts, tuple(source.messages())), stored)
        return True

    def recall_reread(self, source: LayerSource, reread: Reread) -> LayerFacts | None:
        """The cached facts of files of a layer under the paths of links, if its bytes have their stated digests."""
        if not isinstance(source, TarLayer) or not self._may_know(source) or not source.has_stored_digests():
            return None
        return self._layers.reread(source.layer.diff_id, reread)

    def keep_reread(self, source: LayerSource, reread: Reread, facts: LayerFacts) -> None:
        """Keep what was read under the paths of links, if `may_keep` the layer."""
        if isinstance(source, TarLayer) and self.may_keep(source):
            self._layers.keep_reread(source.layer.diff_id, reread, facts)

    def may_keep(self, source: LayerSource) -> bool:
        """Whether a layer was verified while it was read, and could not have changed since."""
        if not isinstance(source, TarLayer) or not source.has_all_digests():
            return False
        return source.stretch is None or self.proofs.sound(source.stretch.file)

    def keep_merged(self, sources: Sequence[TarLayer], facts: ImageFacts) -> None:
        """Keep the merged facts of verified layers."""
        if not self._merged:
            return
        messages = tuple(tuple(source.messages()) for source in sources)
        self._layers.keep_merged(tuple(source.layer.diff_id for source in sources), MergedFacts(facts, messages))

    def holds(self, layers: Sequence[Layer], /) -> bool:
        """Whether there are facts of an image of layers with these digests: links need the bytes of all of them."""
        known = all(not layer.digest or self._inflates_to(layer) for layer in layers)
        return known and self._layers.merged(tuple(layer.diff_id for layer in layers)) is not None

    def _inflates_to(self, layer: Layer) -> bool:
        """Whether the stored bytes are uncompressed, or known to decompress to the stated digest."""
        return layer.digest == layer.diff_id or self._layers.plain(layer.digest) == layer.diff_id

    def image(self, identity: str, /) -> KnownImage | None:
        """The image with this id, as an engine's archive described it."""
        data = self.directory.read(_name(identity))
        try:
            return msgspec.msgpack.decode(data, type=KnownImage) if data is not None else None
        except UNDECODABLE:
            return None

    def keep_image(self, identity: str, image: KnownImage, /) -> None:
        """Keep an image for the next run."""
        try:
            data = msgspec.msgpack.encode(image)
        except UnicodeEncodeError:
            return  # a history line that is not Unicode
        self.directory.write(_name(identity), data)

    def keep_listing(self, path: str, platform: str, inventory: Inventory, *, files: bool) -> None:
        """Keep what an archive's only image holds, if nobody can have changed the archive since."""
        status = self.proofs.only_file()
        is_archive = status is not None and os.path.isfile(path)  # and no layout of one blob
        name = name_listing(path, status, platform, files=files) if status and is_archive else ""
        if name and self.directory.read(name) is None and (digest := inventory_digest(inventory)):
            self.directory.write(name, digest.encode("ascii"))

    def close(self) -> None:
        """Write the list of verified files, and enforce the limit."""
        self.proofs.keep()
        self.directory.tidy()


def _name(identity: str) -> str:
    return f"image-{sha256(identity.encode()).hexdigest()}"
