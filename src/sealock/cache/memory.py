"""What an earlier run knows of an image's layers, and what this one leaves for the next."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from sealock.cache.folder import LIMIT, Folder
from sealock.cache.layers import Kept, LayerCache
from sealock.cache.proofs import FileProofs
from sealock.image.entry import Bounds, LayerSource
from sealock.image.layers import TarLayer
from sealock.image.shelved import Shelved
from sealock.inventory.facts import LayerFacts
from sealock.model.inventory import Layer


class Memory:
    """The cache in a folder, for one run. Without `files`, facts without those of risky files do as well."""

    def __init__(self, path: str, bounds: Bounds, limit: int = LIMIT, *, files: bool = True) -> None:
        self.folder = Folder(path, limit)
        self.proofs = FileProofs(self.folder)
        self._layers = LayerCache(self.folder, bounds, files=files)

    def recall(self, source: LayerSource) -> Kept | None:
        """What is known of a layer with these digests. It holds for this one only if `certain` says so."""
        if not isinstance(source, TarLayer):
            return None
        layer, stretch = source.layer, source.stretch
        if stretch is not None:
            self.proofs.note(stretch.file)
        elif not source.is_pledged:
            return None  # a part of a compressed archive has no digest before it was inflated
        # A layer that an engine names by its diff_id alone is never sent.
        plain = not source.is_compressed() if stretch is not None else not layer.digest
        if not plain and not self._inflates_to(layer):
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

    def holds(self, layer: Layer, /) -> bool:
        """Whether it is known what is in a layer with these digests."""
        return (not layer.digest or self._inflates_to(layer)) and self._layers.has(layer.diff_id)

    def _inflates_to(self, layer: Layer) -> bool:
        """Whether the bytes as stored are the plain ones, or were seen to inflate to them."""
        return layer.digest == layer.diff_id or self._layers.plain(layer.digest) == layer.diff_id

    def image(self, identity: str, /) -> Shelved | None:
        """What an engine's archive said of the image with this id."""
        data = self.folder.read(_name(identity))
        try:
            return msgspec.msgpack.decode(data, type=Shelved) if data is not None else None
        except msgspec.MsgspecError:
            return None

    def keep_image(self, identity: str, shelved: Shelved, /) -> None:
        """Keep it for the next time."""
        try:
            data = msgspec.msgpack.encode(shelved)
        except UnicodeEncodeError:
            return  # a line of the history that is no Unicode
        self.folder.write(_name(identity), data)

    def close(self) -> None:
        """Write down which files were verified, and keep to the limit."""
        self.proofs.keep()
        self.folder.tidy()


def _name(identity: str) -> str:
    return f"image-{sha256(identity.encode()).hexdigest()}"
