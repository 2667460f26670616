"""What registries keep: manifests, indexes, and the descriptors that tie them together."""

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
"""Of the configuration that an artifact has in place of none: `{}`."""
EMPTY: Final = b"{}"
REFERENCE_TYPE: Final = "vnd.docker.reference.type"
"""The annotation by which an index names an attestation of its builder's, which is no image."""


class Platform(Struct, frozen=True):
    """What an image runs on."""

    os: str = ""
    architecture: str = ""
    variant: str = ""
    version: str = ""
    """Of the operating system, which Windows images name."""

    @property
    def name(self) -> str:
        """As --platform has it: "linux/arm64/v8"; "" where nothing is said."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


class Descriptor(Struct, frozen=True):
    """Names content by its digest. `size` is in bytes; `urls` are other places that are claimed to have it."""

    media_type: str
    digest: str
    size: int
    urls: tuple[str, ...] = ()
    annotations: Mapping[str, str] = {}
    platform: Platform | None = None
    artifact_type: str = ""

    @property
    def is_image(self) -> bool:
        """Whether an index may mean an image by it; attestations of the builder's say that they are none."""
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
    """Several manifests under one name: the same image for several platforms, or what refers to an image."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: Mapping[str, str] = {}
    artifact_type: str = ""


AnyManifest: TypeAlias = Manifest | Index
