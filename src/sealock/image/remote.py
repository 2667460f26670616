"""Images straight from a registry: the manifest and configuration at once, each layer when it is read.

A layer knows its digest, and its diff_id by the configuration, before a byte of it has come: who has listed it before
need not ask for it. It is inflated and walked while it comes, and its end is held back until its digest matches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.errors import TargetError, TransportError
from sealock.image.bytesources import Damage
from sealock.image.digests import Verifier
from sealock.image.entry import DEFAULT_BOUNDS, Bounds, ImageSource
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.manifest import Config, decode
from sealock.image.openimage import OpenedImage
from sealock.model.imagename import ImageName
from sealock.model.inventory import Layer
from sealock.model.manifest import Descriptor, Manifest, Platform
from sealock.model.platforms import fit
from sealock.net.registry.client import Registry, Resolved
from sealock.net.registry.manifests import ManifestError

CONFIGS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)


class RemoteBlob:
    """A blob of a registry, as stored bytes. They come once for each reading, and only forward."""

    verified: Final = True
    """Its digest is checked on the way, and its end withheld where it does not match."""

    def __init__(self, registry: Registry, name: ImageName, blob: Descriptor) -> None:
        self._registry, self._name, self._blob = registry, name, blob
        self.length = blob.size
        self._begun: Iterator[bytes] | None = None
        self._first = b""

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Give bytes of its beginning; it has begun to come then, and `chunks` goes on from there."""
        if self._begun is None:
            self._begun = self._coming()
            self._first = next(self._begun, b"")
        return self._first[offset : offset + count]

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on, as they come: `size` is the network's affair."""
        del size
        begun, self._begun = self._begun, None
        skip = offset
        for chunk in self._all(begun):
            if skip < len(chunk):
                yield chunk[skip:] if skip else chunk
            skip = max(0, skip - len(chunk))

    def _all(self, begun: Iterator[bytes] | None) -> Iterator[bytes]:
        if begun is not None:
            yield self._first
        yield from begun or self._coming()

    def _coming(self) -> Iterator[bytes]:
        try:
            yield from self._registry.blob(self._name, self._blob.digest, self._blob.size)
        except TransportError as error:
            raise Damage(why=str(error)) from error


def open_remote(
    registry: Registry, name: ImageName, *, platform: str = "", bounds: Bounds = DEFAULT_BOUNDS
) -> ImageSource:
    """Open an image of a registry; TransportError or TargetError where it cannot be had, or is none.

    `platform` ("linux/arm64") chooses from an index, by default this machine's. Digests are always verified.
    """
    image = open_resolved(registry, name, registry.resolve(name, platform), bounds)
    if platform and not fit(Platform(*image.platform.split("/")[:3]), platform):
        message = f"{image.names[0]} is for {image.platform or 'no platform that it names'}, not for {platform}"
        raise TargetError(message)
    return image


def open_resolved(
    registry: Registry, name: ImageName, resolved: Resolved, bounds: Bounds = DEFAULT_BOUNDS
) -> ImageSource:
    """Open an image that was resolved before."""
    shown = f"{name.familiar}{f':{name.tag}' if name.tag else ''}"
    manifest = resolved.image.noun
    if not isinstance(manifest, Manifest) or manifest.config.media_type not in CONFIGS:
        kind = manifest.artifact_type or (manifest.config.media_type if isinstance(manifest, Manifest) else "an index")
        message = f"{shown} is no image of a container but {kind[:100] or 'something else'}"
        raise ManifestError(message)
    context = LayerContext(shown, bounds, Verifier())
    raw = registry.read_blob(name, manifest.config, bounds.metadata)
    try:
        config = decode(raw, Config)
    except Damage as damage:
        message = f"{shown}: the configuration {manifest.config.digest[:19]} cannot be read: {damage}"
        raise ManifestError(message) from None
    blobs, diff_ids = manifest.layers, config.diff_ids
    if len(blobs) != len(diff_ids) or len(blobs) > bounds.layers:
        message = f"{shown}: the manifest has {len(blobs)} layers, and the configuration names {len(diff_ids)}: refused"
        raise ManifestError(message)
    history = config.created_by(len(blobs))
    layers = tuple(
        TarLayer(
            Layer(index, diff_ids[index], blob.digest, history[index], blob.size),
            RemoteBlob(registry, name, blob),
            context,
        )
        for index, blob in enumerate(blobs)
    )
    return OpenedImage(
        context,
        layers,
        names=(shown,),
        id=manifest.config.digest,
        manifest=resolved.image.digest,
        platform=config.platform,
        config=raw,
    )
