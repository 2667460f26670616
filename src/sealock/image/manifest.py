"""The JSON that ties an image together: configurations, manifests and indexes, typed at the edge."""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from sealock.image.bytesources import Damage
from sealock.image.store import ImageStore

T = TypeVar("T")


class ImageDescriptor(Struct, frozen=True, rename="camel"):
    """Names a blob by its digest."""

    digest: str = ""
    media_type: str = ""
    size: int = -1
    annotations: dict[str, Any] | None = None
    platform: dict[str, Any] | None = None
    artifact_type: str = ""


class ImageManifest(Struct, frozen=True, rename="camel"):
    """An OCI or Docker manifest, or an index: what it has tells which."""

    media_type: str = ""
    config: ImageDescriptor | None = None
    layers: list[ImageDescriptor] | None = None
    manifests: list[ImageDescriptor] | None = None


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
    """The parts of an image's configuration that say what its layers are."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    rootfs: _RootFs | None = None
    history: list[_History] | None = None
    created: str | None = None

    @property
    def platform(self) -> str:
        """As --platform has it."""
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)

    @property
    def diff_ids(self) -> list[str]:
        """The digests of the plain layers."""
        return (self.rootfs.diff_ids if self.rootfs else None) or []

    def created_by(self, layers: int) -> list[str]:
        """The history's line for each layer, secrets included; none where their numbers differ."""
        lines = [line.created_by or "" for line in self.history or () if not line.empty_layer]
        return lines if len(lines) == layers else [""] * layers


_TOGETHER: Final[dict[object, tuple[type[Struct], ...]]] = {
    ImageManifest: (ImageManifest, ImageDescriptor),
    list[SavedImage]: (SavedImage,),
    Config: (Config, _RootFs, _History),
}
"""The nouns that are read of one file."""
_WITHIN: Final = frozenset({"config", "layers", "manifests", "rootfs", "history"})
"""Where others of these stand."""


def read_bytes(store: ImageStore, name: str, limit: int) -> bytes:
    """The whole of a small file; Damage where it is larger than `limit` or cannot be read."""
    stored = store.open(name)
    if stored.length > limit:
        raise Damage(why=f"it has {stored.length} bytes, more than the {limit} that are read")
    return stored.fetch(0, stored.length)


def decode(data: bytes, kind: type[T]) -> T:
    """JSON as a noun; Damage where it is none, or not of that shape, or read otherwise by engines."""
    names = {name.casefold(): name for noun in _TOGETHER[kind] for name in noun.__struct_encode_fields__}
    try:
        value = msgspec.json.decode(data)
        _check_case(value, names)
        if kind is not Config:  # whoever judges configurations tells it of them
            _check_once(data)
        return msgspec.convert(value, kind)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        raise Damage(why=f"it is not the JSON it should be ({error})") from error


def _check_once(data: bytes) -> None:
    """Refuse what has a key twice: engines lay the second value over the first, others take one of the two."""
    import json  # noqa: PLC0415  it tells the keys in their order

    def once(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Damage(why=f"it has {key[:50]!r} twice, which engines and others read differently")
            seen.add(key)

    json.loads(data, object_pairs_hook=once)


def _check_case(value: Any, names: dict[str, str]) -> None:  # noqa: ANN401  whatever the JSON holds
    """Refuse "layers" for "Layers": engines, which are written in Go, read it so, and let the last of the two count."""
    for one in value if isinstance(value, list) else [value]:
        for key, inner in one.items() if isinstance(one, dict) else ():
            meant = names.get(key.casefold(), key)
            if meant != key:
                raise Damage(why=f"it has {key[:50]!r}, which engines read as {meant!r} and others pass over")
            if key in _WITHIN and key in names.values():
                _check_case(inner, names)
