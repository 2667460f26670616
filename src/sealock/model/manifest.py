"""Manifests, indexes and descriptors, as registries store them (OCI image specification)."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Final, TypeAlias

from msgspec import Struct

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
CONFIG_TYPES: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)
"""The media types of an image's configuration, by which engines know images."""
_IMPLIED: Final = frozenset({"", "application/octet-stream", "application/json", "text/html"})
"""What registries made of them, which engines take for them (docker/distribution, issue 1621)."""
EMPTY_TYPE: Final = "application/vnd.oci.empty.v1+json"
"""The media type of an artifact's empty configuration, `{}`."""
EMPTY: Final = b"{}"
REFERENCE_TYPE: Final = "vnd.docker.reference.type"
"""The annotation with which an index marks a BuildKit attestation, which is no image."""


class Platform(Struct, frozen=True):
    """What an image runs on."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    version: str = ""
    """The version of the operating system, for Windows images."""

    @property
    def name(self) -> str:
        """The form of --platform: "linux/arm64/v8"; "" where nothing is given."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(Struct, frozen=True):
    """Names content by its digest. `size` is in bytes; `urls` are other places to fetch it from."""

    media_type: str
    digest: str
    size: int
    urls: tuple[str, ...] = ()
    annotations: Mapping[str, str] = {}
    platform: Platform | None = None
    artifact_type: str = ""

    @property
    def is_image(self) -> bool:
        """Whether it may describe an image that an engine runs, rather than an attestation or an artifact."""
        platform = self.platform or Platform()
        return may_be_image(platform.os, platform.architecture, self.annotations, self.artifact_type)


class Manifest(Struct, frozen=True):
    """One image or artifact: a configuration, and layers from the bottom up."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: Mapping[str, str] = {}
    artifact_type: str = ""


class Index(Struct, frozen=True):
    """Several manifests under one name: an image for several platforms, or the referrers of an image."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: Mapping[str, str] = {}
    artifact_type: str = ""


AnyManifest: TypeAlias = Manifest | Index


def may_be_image(os: str, architecture: str, annotations: Container[str], artifact_type: str) -> bool:
    """Whether an engine may run what an entry of an index names.

    Engines choose by the platform alone, which is unknown for attestations. What else an entry says of itself counts
    only where it has no platform: its artifact type may be that of an image's configuration.
    """
    if os or architecture:
        return "unknown" not in {os, architecture}
    return REFERENCE_TYPE not in annotations and artifact_type in {"", *CONFIG_TYPES}


def artifact_kind(config_type: str, artifact_type: str, layer_types: Sequence[str]) -> str:
    """What a manifest has where it is no image that an engine runs, as a media type; "" for an image."""
    if config_type not in CONFIG_TYPES | _IMPLIED or (artifact_type and not layer_types):
        return artifact_type or config_type
    # Signatures and attestations of cosign and BuildKit have the configuration of an image.
    return layer_types[0] if layer_types and all(kind.endswith("json") for kind in layer_types) else ""
