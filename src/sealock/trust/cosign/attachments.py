"""Finds what cosign attached to an image: under the tags sha256-HEX.sig and .att, and as OCI referrers.

Nothing here is trusted: everyone with push access to the repository can attach anything, in any quantity.
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
from sealock.trust.dsse import IN_TOTO

AttachmentPurpose: TypeAlias = Literal["signature", "attestation", "document"]
"""Document: whatever can hold a VEX document, signed or not."""
AttachmentKind: TypeAlias = Literal["simple", "envelope", "bundle", "statement", "plain"]
"""Statement: an in-toto statement without a signature; plain: a document without one."""

ENVELOPE_TYPE: Final = "application/vnd.dsse.envelope.v1+json"
_KINDS: Final[Mapping[str, AttachmentKind]] = {
    simple.MEDIA_TYPE: "simple",
    ENVELOPE_TYPE: "envelope",
    **dict.fromkeys(bundles.MEDIA_TYPES, "bundle"),
    IN_TOTO: "statement",
}
_PLAIN: Final = ("openvex", "cyclonedx", "csaf")
"""Words in the media types of plain documents."""
_SIGNERS: Final = ("sigstore", "cosign", "dsse")
"""Words in the media types of what signs: one that is not in _KINDS is of a later version, or of another program."""
_SUFFIXES: Final[Mapping[AttachmentPurpose, str]] = {"signature": "sig", "attestation": "att", "document": "att"}
_FITS: Final[Mapping[AttachmentPurpose, frozenset[AttachmentKind]]] = {
    "signature": frozenset({"simple", "bundle"}),
    "attestation": frozenset({"envelope", "bundle"}),
    "document": frozenset({"envelope", "bundle", "statement", "plain"}),
}
_BYTES: Final[Mapping[AttachmentPurpose, int]] = {
    "signature": 1 << 20,
    "attestation": bundles.MOST_BYTES,
    "document": bundles.MOST_BYTES,
}
_MOST_REFERRERS: Final = 256
_MOST_ITEMS: Final = 256
_MOST_TOTAL: Final = 256 << 20
"""Bytes to read for one verification."""
_LONGEST: Final = 120.0
"""Seconds after which the search ends, however slow a registry is."""


class Attachment(Struct, frozen=True):
    """A possible signature or attestation. `where` describes its place to a person."""

    kind: AttachmentKind
    where: str
    body: bytes
    annotations: Mapping[str, str] = {}


class SkippedAttachment(Struct, frozen=True):
    """An attachment that was not evaluated. `unknown`: it may be a valid signature, and could not be read."""

    where: str
    why: str
    unknown: bool = False


def tag_of(digest: str, suffix: str) -> str:
    """The tag under which cosign attaches something to a digest."""
    return f"{digest.replace(':', '-')}.{suffix}"


def attachments(
    registry: Registry, name: ImageName, digest: str, purpose: AttachmentPurpose
) -> Iterator[Attachment | SkippedAttachment]:
    """Yield a digest's attachments: bundles, then what is under the tag, then the rest.

    In this order a signature costs at most four requests.
    """
    return _Search(registry, name, digest, purpose).all()


class _Search:
    """One search, with its remaining budget."""

    def __init__(self, registry: Registry, name: ImageName, digest: str, purpose: AttachmentPurpose) -> None:
        self.registry, self.name, self.digest, self.purpose = registry, name, digest, purpose
        self.items, self.bytes, self.begun = 0, 0, monotonic()

    def all(self) -> Iterator[Attachment | SkippedAttachment]:
        suffix = _SUFFIXES[self.purpose]
        name = replace(self.name, tag=tag_of(self.digest, suffix), digest=None)
        try:
            referrers: tuple[Descriptor, ...] = ()
            try:
                referrers = self.registry.referrers(self.name, self.digest)
            except TransportError as error:
                yield SkippedAttachment("the list of referrers", str(error), unknown=True)
            # The types in the list are unverified, so all are read; but likely ones come first.
            ordered = sorted(referrers, key=self._order)[:_MOST_REFERRERS]
            fitting = sum(self._order(referrer) == 0 for referrer in ordered)
            yield from self._referrers(ordered[:fitting])
            yield from self._of_manifest(name, f"the .{suffix} tag", missing_is_fine=True)
            yield from self._referrers(ordered[fitting:])
            incomplete = len(referrers) > _MOST_REFERRERS
        except _LimitError:
            incomplete = True
        if incomplete:
            why = "the image has too many attachments, or the registry is too slow, so not all were read"
            yield SkippedAttachment("the rest", why, unknown=True)

    def _referrers(self, referrers: Sequence[Descriptor]) -> Iterator[Attachment | SkippedAttachment]:
        for descriptor in referrers:
            where = f"referrer {descriptor.digest[:19]}"
            yield from self._of_manifest(replace(self.name, tag=None, digest=descriptor.digest), where)

    def _order(self, descriptor: Descriptor) -> int:
        kind = descriptor.artifact_type
        if "sigstore" in kind or "cosign" in kind:
            return 0
        return 1 if not kind or kind.startswith("application/vnd.oci.") else 2

    def _of_manifest(
        self, name: ImageName, where: str, *, missing_is_fine: bool = False
    ) -> Iterator[Attachment | SkippedAttachment]:
        if monotonic() - self.begun > _LONGEST:
            raise _LimitError
        try:
            manifest = self.registry.manifest(name).noun
        except RegistryError as error:
            if not (missing_is_fine and error.status == 404):
                yield SkippedAttachment(where, str(error), unknown=True)
            return
        except TransportError as error:
            yield SkippedAttachment(where, str(error), unknown=not isinstance(error, ManifestError))
            return
        if not isinstance(manifest, Manifest):
            yield SkippedAttachment(where, "it is an index, which has no signatures")
            return
        for number, layer in enumerate(manifest.layers, 1):
            spot = where if len(manifest.layers) == 1 else f"{where}, layer {number}"
            kind = _KINDS.get(layer.media_type)
            if kind is None and any(word in layer.media_type for word in _PLAIN):
                kind = "plain"
            if kind is not None and kind in _FITS[self.purpose]:
                yield self._of_layer(layer, kind, spot)
            elif kind is None and (missing_is_fine or any(word in layer.media_type.lower() for word in _SIGNERS)):
                yield SkippedAttachment(spot, f"it has the unknown type {layer.media_type[:100]!r}")

    def _of_layer(self, layer: Descriptor, kind: AttachmentKind, where: str) -> Attachment | SkippedAttachment:
        limit = _BYTES[self.purpose]
        if layer.size > limit:
            why = f"it has {layer.size} bytes; the limit for {self.purpose}s is {limit}"
            return SkippedAttachment(where, why, unknown=self.purpose != "signature")
        self.items, self.bytes = self.items + 1, self.bytes + layer.size
        if self.items > _MOST_ITEMS or self.bytes > _MOST_TOTAL:
            raise _LimitError
        try:
            body = self.registry.read_blob(self.name, layer, limit)
        except TransportError as error:
            return SkippedAttachment(where, str(error), unknown=not isinstance(error, ManifestError))
        return Attachment(kind, where, body, layer.annotations)


class _LimitError(Exception):
    """There are more attachments than the limits allow to read."""
