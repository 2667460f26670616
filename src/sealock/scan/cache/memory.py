"""What an earlier run knows of an image's layers, and what this one leaves for the next."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import msgspec

from sealock.image.entry import Bounds, KnownImage, LayerSource
from sealock.image.layers import TarLayer
from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.model.inventory import Layer
from sealock.scan.cache.directory import LIMIT, CacheDirectory
from sealock.scan.cache.layers import CachedFacts, LayerCache, MergedFacts
from sealock.scan.cache.proofs import FileProofs


class ImageCache:
    """The cache in a directory, for one run. Without `files`, facts without those of risky files do as well."""

    def __init__(self, path: str, bounds: Bounds, limit: int = LIMIT, *, files: bool = True) -> None:
        self.directory = CacheDirectory(path, limit)
        self.proofs = FileProofs(self.directory)
        self._layers = LayerCache(self.directory, bounds, files=files)

    def recall(self, source: LayerSource) -> CachedFacts | None:
        """What is known of a layer with these digests. It holds for this one only if `certain` says so."""
        return self._layers.facts(source.layer.diff_id) if self._may_know(source) else None

    def recall_merged(self, sources: Sequence[LayerSource]) -> MergedFacts | None:
        """What is known of layers with these digests, laid over one another. It holds for these as for each alone."""
        if not all(self._may_know(source) for source in sources):
            return None
        return self._layers.together(tuple(source.layer.diff_id for source in sources))

    def _may_know(self, source: LayerSource) -> bool:
        """Whether a layer's digests say which bytes it has to have, so that something may be known of them."""
        if not isinstance(source, TarLayer):
            return False
        layer, stretch = source.layer, source.stretch
        if stretch is not None:
            self.proofs.note(stretch.file)
        elif not source.is_verified_on_read:
            return False  # a part of a compressed archive has no digest before it was inflated
        # A layer that an engine names by its diff_id alone is never sent.
        plain = not source.is_compressed() if stretch is not None else not layer.digest
        return bool(layer.diff_id) and (plain or self._inflates_to(layer))

    def keep(self, source: LayerSource, facts: LayerFacts) -> bool:
        """Keep what was found in a layer, if that may be; tell whether it may."""
        if not isinstance(source, TarLayer) or not self.may_keep(source):
            return False
        stored = source.layer.digest if source.layer.digest != source.layer.diff_id else ""
        self._layers.keep(source.layer.diff_id, CachedFacts(facts, tuple(source.messages())), stored)
        return True

    def may_keep(self, source: LayerSource) -> bool:
        """Whether a layer was verified while it was read, and nobody could have changed it."""
        if not isinstance(source, TarLayer) or not source.has_all_digests():
            return False
        return source.stretch is None or self.proofs.sound(source.stretch.file)

    def keep_merged(self, sources: Sequence[TarLayer], facts: ImageFacts) -> None:
        """Keep what layers come to that have the digests that they are named by."""
        messages = tuple(tuple(source.messages()) for source in sources)
        self._layers.keep_merged(tuple(source.layer.diff_id for source in sources), MergedFacts(facts, messages))

    def holds(self, layer: Layer, /) -> bool:
        """Whether it is known what is in a layer with these digests."""
        return (not layer.digest or self._inflates_to(layer)) and self._layers.has(layer.diff_id)

    def _inflates_to(self, layer: Layer) -> bool:
        """Whether the bytes as stored are the plain ones, or were seen to inflate to them."""
        return layer.digest == layer.diff_id or self._layers.plain(layer.digest) == layer.diff_id

    def image(self, identity: str, /) -> KnownImage | None:
        """What an engine's archive said of the image with this id."""
        data = self.directory.read(_name(identity))
        try:
            return msgspec.msgpack.decode(data, type=KnownImage) if data is not None else None
        except msgspec.MsgspecError:
            return None

    def keep_image(self, identity: str, shelved: KnownImage, /) -> None:
        """Keep it for the next time."""
        try:
            data = msgspec.msgpack.encode(shelved)
        except UnicodeEncodeError:
            return  # a line of the history that is no Unicode
        self.directory.write(_name(identity), data)

    def close(self) -> None:
        """Write down which files were verified, and keep to the limit."""
        self.proofs.keep()
        self.directory.tidy()


def _name(identity: str) -> str:
    return f"image-{sha256(identity.encode()).hexdigest()}"
