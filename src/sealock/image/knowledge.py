"""What was known of an image before: enough to say what it is made of, without a byte of its layers."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from sealock.model.inventory import Layer


class KnownImage(Struct, frozen=True):
    """What an archive said of an image: its configuration, its manifest's digest, and its layers."""

    config: bytes
    manifest: str
    layers: tuple[Layer, ...]


class KnownImages(Protocol):
    """What is known of images from an earlier time."""

    def image(self, identity: str, /) -> KnownImage | None:
        """What was kept of the image with this id."""

    def keep_image(self, identity: str, shelved: KnownImage, /) -> None:
        """Keep it."""

    def holds(self, layer: Layer, /) -> bool:
        """Whether it is known what is in a layer."""
