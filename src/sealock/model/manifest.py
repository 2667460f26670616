"""Manifests, indexes and descriptors, as registries store them (OCI image specification)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from msgspec import Struct

OCI_INDEX: Final = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST: Final = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
INDEX_TYPES: Final = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFEST_TYPES: Final = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
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
        """Whether it describes an image, rather than an attestation or an artifact."""
        return REFERENCE_TYPE not in self.annotations and not self.artifact_type


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
