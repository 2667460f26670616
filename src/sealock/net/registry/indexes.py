"""Looks a digest up among the images of an index."""

from __future__ import annotations

from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Index
from sealock.net.registry.client import Registry


def image_within(registry: Registry, name: ImageName, top: str, digest: str) -> str:
    """Say, as a clause, that `digest` is an image of the index `top`; "" where it is not, or the index is unreadable.

    Docker's clients sign one platform's image although its tag names an index, so that the digests differ.
    """
    try:
        noun = registry.manifest(replace(name, tag=None, digest=top)).noun
    except TransportError:
        return ""
    for manifest in noun.manifests if isinstance(noun, Index) else ():
        if manifest.digest == digest:
            which = f" for {manifest.platform.name}" if manifest.platform is not None and manifest.platform.name else ""
            return f", an index with that image{which} in it. Name the image by its own digest, or sign the index"
    return ""
