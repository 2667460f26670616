"""Images of a registry: reads the manifest and configuration at once, and each layer when it is needed.

The manifest and the configuration state a layer's digest and diff_id, so a layer that the cache knows is not fetched.
Others are decompressed and listed while they arrive; the last bytes are withheld until the digest matches.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.errors import TargetError, TransportError
from sealock.image.bytesources import UnreadableError
from sealock.image.digests import Verifier
from sealock.image.entry import DEFAULT_BOUNDS, Bounds, ImageSource
from sealock.image.layers import LayerContext, TarLayer
from sealock.image.manifest import Config, decode, is_encrypted, listed_for
from sealock.image.openimage import OpenedImage
from sealock.model.imagename import ImageName
from sealock.model.inventory import Layer
from sealock.model.manifest import Descriptor, Manifest, Platform, artifact_kind
from sealock.model.platforms import fit
from sealock.net.registry.client import Registry, Resolved
from sealock.net.registry.manifests import ManifestError
from sealock.text import count


class RemoteBlob:
    """A blob of a registry, as stored bytes. Each reading fetches it, and reads forward only."""

    verified: Final = True
    """Its digest is verified while it arrives, and its last bytes are withheld if it does not match."""

    def __init__(self, registry: Registry, name: ImageName, blob: Descriptor) -> None:
        self._registry, self._name, self._blob = registry, name, blob
        self.length = blob.size
        self._begun: Iterator[bytes] | None = None
        self._first = b""

    def fetch(self, offset: int, count: int, /) -> bytes:
        """Return its first bytes. This starts the request, which `chunks` continues."""
        if self._begun is None:
            self._begun = self._coming()
            self._first = next(self._begun, b"")
        return self._first[offset : offset + count]

    def chunks(self, size: int, offset: int = 0) -> Iterator[bytes]:
        """Yield all bytes from an offset on; the network determines the sizes."""
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
            raise UnreadableError(why=str(error)) from error


def open_remote(
    registry: Registry, name: ImageName, *, platform: str = "", bounds: Bounds = DEFAULT_BOUNDS
) -> ImageSource:
    """Open an image of a registry; TransportError or TargetError if that fails.

    `platform` ("linux/arm64", by default this machine's) selects from an index. Digests are always verified.
    """
    image = open_resolved(registry, name, registry.resolve(name, platform), bounds)
    if platform and not fit(Platform(*image.platform.split("/")[:3]), platform):
        message = f"{image.names[0]} is for {image.platform or 'an unknown platform'}, not for {platform}"
        raise TargetError(message)
    return image


def open_resolved(
    registry: Registry, name: ImageName, resolved: Resolved, bounds: Bounds = DEFAULT_BOUNDS
) -> ImageSource:
    """Open a resolved image."""
    display_name = f"{name.familiar}{f':{name.tag}' if name.tag else ''}"
    manifest = resolved.image.noun
    if isinstance(manifest, Manifest):
        kinds = [blob.media_type for blob in manifest.layers]
        kind = artifact_kind(manifest.config.media_type, manifest.artifact_type, kinds)
    else:
        kind = "an index"
    if not isinstance(manifest, Manifest) or kind:
        message = f"{display_name} is not a container image but {kind[:100]}"
        raise ManifestError(message)
    context = LayerContext(display_name, bounds, Verifier())
    raw = registry.read_blob(name, manifest.config, bounds.metadata)
    try:
        config = decode(raw, Config)
    except UnreadableError as error:
        message = f"{display_name}: the configuration {manifest.config.digest[:19]} cannot be read: {error}"
        raise ManifestError(message) from None
    blobs, diff_ids = manifest.layers, config.diff_ids
    if len(blobs) != len(diff_ids) or len(blobs) > bounds.layers:
        stated = count(len(blobs), "layer")
        message = f"{display_name}: the manifest has {stated}, and the configuration names {len(diff_ids)}"
        raise ManifestError(message)
    history = config.created_by(len(blobs))
    layers = tuple(
        TarLayer(
            Layer(index, diff_ids[index], blob.digest, history[index], blob.size),
            RemoteBlob(registry, name, blob),
            context,
        )
        for index, blob in enumerate(blobs)
        if not is_encrypted(blob.media_type)
    )
    encrypted = [
        context.error(f"layer {index + 1} ({blob.digest[:19]}) is encrypted")
        for index, blob in enumerate(blobs)
        if is_encrypted(blob.media_type)
    ]
    return OpenedImage(
        context,
        layers,
        names=(display_name,),
        id=manifest.config.digest,
        manifest=resolved.image.digest,
        platform=config.platform,
        config=raw,
        errors=tuple(encrypted),
        notes=listed_for(resolved.platform, config.platform),
    )
