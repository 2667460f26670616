"""Looks for the signature of an unsigned digest at its relatives: the index that holds it, or the images that it holds.

A signer often signs one of them, and a user verifies the other. Nothing here makes an image trusted: it is a hint.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Index
from sealock.model.trust import TrustResult
from sealock.net.registry.client import Registry

_MOST_IMAGES: Final = 4
"""How many images of an index are verified for a hint."""
_LONGEST: Final = 10.0
"""Seconds after which no further one is."""


def verify_with_hint(
    registry: Registry, name: ImageName, digest: str, verify: Callable[[str], TrustResult]
) -> TrustResult:
    """Verify a digest by `verify`; if it has no signature, the reason says whether a relative has a valid one."""
    result = verify(digest)
    if result.state != "untrusted" or result.check != "unsigned":
        return result
    hint = ""
    with suppress(TransportError):
        hint = _hint(registry, name, digest, lambda relative: verify(relative).state == "trusted")
    return replace(result, why=f"{result.why}{hint}")


def _hint(registry: Registry, name: ImageName, digest: str, is_signed: Callable[[str], bool]) -> str:
    noun = registry.manifest(replace(name, tag=None, digest=digest)).noun
    if isinstance(noun, Index):
        images = [manifest for manifest in noun.manifests if manifest.is_image][:_MOST_IMAGES]
        until = monotonic() + _LONGEST
        signed = next((image for image in images if monotonic() < until and is_signed(image.digest)), None)
        if signed is None:
            return ""
        which = f" for {signed.platform.name}" if signed.platform is not None and signed.platform.name else ""
        return f"; its image{which}, {signed.digest}, has one: name that digest, or sign the index"
    if name.tag is None:
        return ""
    top = registry.manifest(replace(name, digest=None))
    holds = isinstance(top.noun, Index) and any(manifest.digest == digest for manifest in top.noun.manifests)
    if not holds or not is_signed(top.digest):
        return ""
    return f"; the index that holds it, {top.digest}, has one: name that digest, or sign this image"
