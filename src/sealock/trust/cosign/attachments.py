"""What is attached to an image for cosign: by the tags sha256-HEX.sig and .att, and as referrers.

Nothing here is trusted: whoever may push to the repository may attach what they like, and as much of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from time import monotonic
from typing import Final, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Descriptor, Manifest
from sealock.net.registry.client import Registry
from sealock.net.registry.manifests import ManifestError
from sealock.net.registry.requests import RegistryError
from sealock.trust.cosign import bundles, simple

AttachmentPurpose: TypeAlias = Literal["signature", "attestation"]
AttachmentKind: TypeAlias = Literal["simple", "envelope", "bundle"]

ENVELOPE_TYPE: Final = "application/vnd.dsse.envelope.v1+json"
_KINDS: Final[Mapping[str, AttachmentKind]] = {
    simple.MEDIA_TYPE: "simple",
    ENVELOPE_TYPE: "envelope",
    **dict.fromkeys(bundles.MEDIA_TYPES, "bundle"),
}
_SUFFIXES: Final[Mapping[AttachmentPurpose, str]] = {"signature": "sig", "attestation": "att"}
_FITS: Final[Mapping[AttachmentPurpose, frozenset[AttachmentKind]]] = {
    "signature": frozenset({"simple", "bundle"}),
    "attestation": frozenset({"envelope", "bundle"}),
}
_BYTES: Final[Mapping[AttachmentPurpose, int]] = {"signature": 1 << 20, "attestation": bundles.MOST_BYTES}
_MOST_REFERRERS: Final = 256
_MOST_ITEMS: Final = 256
_MOST_TOTAL: Final = 256 << 20
"""Bytes that are read for one verification."""
_LONGEST: Final = 120.0
"""Seconds after which nothing more is looked at, however slow a registry is."""


class Attached(Struct, frozen=True):
    """One thing that may be a signature or an attestation. `where` tells a person which."""

    kind: AttachmentKind
    where: str
    body: bytes
    annotations: Mapping[str, str] = {}


class Passed(Struct, frozen=True):
    """Something that was not looked at. `unknown`: it may well be what is sought, and could not be read."""

    where: str
    why: str
    unknown: bool = False


def tag_of(digest: str, suffix: str) -> str:
    """The tag that stands for what is attached to a digest."""
    return f"{digest.replace(':', '-')}.{suffix}"


def attached(
    registry: Registry, name: ImageName, digest: str, wanted: AttachmentPurpose
) -> Iterator[Attached | Passed]:
    """Yield what is attached to a digest: bundles, then what is under the tag, then the rest.

    So a signature costs four requests at the most, wherever it is.
    """
    return _Gathering(registry, name, digest, wanted).all()


class _Gathering:
    """One walk, with what it may still read."""

    def __init__(self, registry: Registry, name: ImageName, digest: str, wanted: AttachmentPurpose) -> None:
        self.registry, self.name, self.digest, self.wanted = registry, name, digest, wanted
        self.items, self.bytes, self.begun = 0, 0, monotonic()

    def all(self) -> Iterator[Attached | Passed]:
        suffix = _SUFFIXES[self.wanted]
        name = replace(self.name, tag=tag_of(self.digest, suffix), digest=None)
        try:
            found: tuple[Descriptor, ...] = ()
            try:
                found = self.registry.referrers(self.name, self.digest)
            except TransportError as error:
                yield Passed("the list of referrers", str(error), unknown=True)
            # The types in the list are anybody's word, so none is left out; but those that fit come first.
            ordered = sorted(found, key=self._order)[:_MOST_REFERRERS]
            fitting = sum(self._order(one) == 0 for one in ordered)
            yield from self._referrers(ordered[:fitting])
            yield from self._of_manifest(name, f"the .{suffix} tag", missing_is_fine=True)
            yield from self._referrers(ordered[fitting:])
            left = len(found) > _MOST_REFERRERS
        except _EnoughError:
            left = True
        if left:
            why = "so much is attached to the image, or it comes so slowly, that not all of it was looked at"
            yield Passed("the rest", why, unknown=True)

    def _referrers(self, found: Sequence[Descriptor]) -> Iterator[Attached | Passed]:
        for descriptor in found:
            where = f"referrer {descriptor.digest[:19]}"
            yield from self._of_manifest(replace(self.name, tag=None, digest=descriptor.digest), where)

    def _order(self, descriptor: Descriptor) -> int:
        kind = descriptor.artifact_type
        if "sigstore" in kind or "cosign" in kind:
            return 0
        return 1 if not kind or kind.startswith("application/vnd.oci.") else 2

    def _of_manifest(
        self, name: ImageName, where: str, *, missing_is_fine: bool = False
    ) -> Iterator[Attached | Passed]:
        if monotonic() - self.begun > _LONGEST:
            raise _EnoughError
        try:
            manifest = self.registry.manifest(name).noun
        except RegistryError as error:
            if not (missing_is_fine and error.status == 404):
                yield Passed(where, str(error), unknown=True)
            return
        except TransportError as error:
            yield Passed(where, str(error), unknown=not isinstance(error, ManifestError))
            return
        if not isinstance(manifest, Manifest):
            yield Passed(where, "it is an index, which holds no signatures")
            return
        for number, layer in enumerate(manifest.layers, 1):
            spot = where if len(manifest.layers) == 1 else f"{where}, layer {number}"
            if (kind := _KINDS.get(layer.media_type)) in _FITS[self.wanted]:
                yield self._of_layer(layer, kind, spot)

    def _of_layer(self, layer: Descriptor, kind: AttachmentKind, where: str) -> Attached | Passed:
        limit = _BYTES[self.wanted]
        if layer.size > limit:
            why = f"it has {layer.size} bytes, and a {self.wanted} of {limit} at the most is read"
            return Passed(where, why, unknown=self.wanted == "attestation")
        self.items, self.bytes = self.items + 1, self.bytes + layer.size
        if self.items > _MOST_ITEMS or self.bytes > _MOST_TOTAL:
            raise _EnoughError
        try:
            body = self.registry.read_blob(self.name, layer, limit)
        except TransportError as error:
            return Passed(where, str(error), unknown=not isinstance(error, ManifestError))
        return Attached(kind, where, body, layer.annotations)


class _EnoughError(Exception):
    """More is attached than is looked at."""
