"""The JSON of images: configurations, manifests and indexes, decoded into types."""

from __future__ import annotations

import json
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, decoding_fault
from sealock.image.bytesources import UnreadableError
from sealock.image.store import ImageStore
from sealock.model.manifest import may_be_image

T = TypeVar("T")


class ImageDescriptor(Struct, frozen=True, rename="camel"):
    """Names a blob by its digest."""

    digest: str = ""
    media_type: str = ""
    size: int = -1
    annotations: dict[str, Any] | None = None
    platform: dict[str, Any] | None = None
    artifact_type: str = ""
    urls: list[str] | None = None

    @property
    def is_image(self) -> bool:
        """Whether it may lead to an image that an engine runs."""
        stated = self.platform or {}
        os, architecture = (str(stated.get(key) or "") for key in ("os", "architecture"))
        return may_be_image(os, architecture, self.annotations or {}, self.artifact_type)


class ImageManifest(Struct, frozen=True, rename="camel"):
    """An OCI or Docker manifest with `layers`, or an index with `manifests`."""

    media_type: str = ""
    config: ImageDescriptor | None = None
    layers: list[ImageDescriptor] | None = None
    manifests: list[ImageDescriptor] | None = None
    artifact_type: str = ""
    fs_layers: Any = None
    """What only manifests of schema 1 have."""


class SavedImage(Struct, frozen=True, rename="pascal"):
    """One image of docker save's manifest.json."""

    config: str = ""
    repo_tags: list[str] | None = None
    layers: list[str] | None = None


class _RootFs(Struct, frozen=True):
    diff_ids: list[str] | None = None


class _History(Struct, frozen=True):
    created_by: str | None = None
    empty_layer: bool | None = None


class Config(Struct, frozen=True):
    """The parts of an image's configuration that describe its platform and layers."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    rootfs: _RootFs | None = None
    history: list[_History] | None = None
    created: str | None = None

    @property
    def platform(self) -> str:
        """The platform as in --platform."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def diff_ids(self) -> list[str]:
        """The digests of the uncompressed layers."""
        return (self.rootfs.diff_ids if self.rootfs else None) or []

    def created_by(self, layers: int) -> list[str]:
        """The history line of each layer, secrets included; "" for all if the numbers differ."""
        lines = [line.created_by or "" for line in self.history or () if not line.empty_layer]
        return lines if len(lines) == layers else [""] * layers


def is_encrypted(media_type: str) -> bool:
    """Whether a layer of this media type is encrypted, as ocicrypt does."""
    return media_type.endswith("+encrypted")


def listed_for(by_index: str, by_config: str) -> tuple[str, ...]:
    """The note on an image whose index states another platform than its configuration; engines go by the index."""
    parts = [platform.split("/")[:2] for platform in (by_index, by_config)]
    if not by_index or not by_config or parts[0] == parts[1]:
        return ()
    return (f"is for {by_config} by its configuration, and for {by_index} by its index",)


_TOGETHER: Final[dict[object, tuple[type[Struct], ...]]] = {
    ImageManifest: (ImageManifest, ImageDescriptor),
    list[SavedImage]: (SavedImage,),
    Config: (Config, _RootFs, _History),
}
"""The types within each document."""
IMAGE_KEYS: Final = frozenset({"config", "layers", "repotags", "manifests", "schemaversion"})
"""The keys of manifest.json and index.json that describe images, in small letters."""
_WITHIN: Final = frozenset({"config", "layers", "manifests", "rootfs", "history"})
"""The fields that hold others of these types."""


def read_bytes(store: ImageStore, name: str, limit: int) -> bytes:
    """Read a small file; UnreadableError if it is larger than `limit` or cannot be read."""
    stored = store.open(name)
    if stored.length > limit:
        raise UnreadableError(why=f"it has {stored.length} bytes (limit: {limit})")
    return stored.fetch(0, stored.length)


def decode(data: bytes, kind: type[T]) -> T:
    """Decode JSON; UnreadableError if it is invalid, of another shape, or means something else to engines."""
    names = {name.casefold(): name for noun in _TOGETHER[kind] for name in noun.__struct_encode_fields__}
    try:
        value = msgspec.json.decode(data)
        _check_case(value, names)
        if kind is not Config:  # formats.imageconfig reports duplicate keys of configurations
            _check_once(data)
        return msgspec.convert(value, kind)
    except UNDECODABLE as error:
        raise UnreadableError(why=f"it is not valid JSON of the expected shape ({decoding_fault(error)})") from error


def _check_once(data: bytes) -> None:
    """Refuse duplicate keys: engines merge the second value into the first, others take one of the two."""

    def check(pairs: list[tuple[str, Any]]) -> None:
        keys: set[str] = set()
        for key, _ in pairs:
            if key in keys:
                raise UnreadableError(why=f"it has the key {key[:50]!r} twice, which tools read differently")
            keys.add(key)

    json.loads(data, object_pairs_hook=check)


def _check_case(value: Any, names: dict[str, str]) -> None:  # noqa: ANN401  whatever the JSON holds
    """Refuse keys in the wrong case: engines, which are written in Go, ignore case and take the last of the two."""
    for member in value if isinstance(value, list) else [value]:
        for key, inner in member.items() if isinstance(member, dict) else ():
            canonical = names.get(key.casefold(), key)
            if canonical != key:
                raise UnreadableError(
                    why=f"it has the key {key[:50]!r}, which engines read as {canonical!r} and others ignore"
                )
            if key in _WITHIN and key in names.values():
                _check_case(inner, names)
