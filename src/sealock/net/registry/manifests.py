"""Reads manifests and indexes from the untrusted bytes of a registry."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from math import isinf
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, ValidationError, convert, field

from sealock.errors import TransportError, decoding_fault
from sealock.model.manifest import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    AnyManifest,
    Descriptor,
    Index,
    Manifest,
    Platform,
)
from sealock.net.registry.names import is_digest
from sealock.patterns import compile_lazily
from sealock.text import fold_key

MOST_BYTES: Final = 4 << 20
"""Most bytes of a manifest; the specification lets registries refuse larger ones."""
MOST_ENTRIES: Final = 1024
"""Most layers of a manifest, or manifests of an index."""
_VAGUE: Final = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
"""Content types that do not name the kind."""
_DIGITS: Final = 308
"""So many digits a double can hold."""
_SURROGATE: Final = compile_lazily(rb"\\u[dD][89a-fA-F]")
_KEYS: Final = {
    fold_key(key): key
    for key in (
        *("schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"),
        *("digest", "size", "urls", "platform", "data", "os", "architecture", "variant", "os.version", "fsLayers"),
    )
}
"""The keys of manifests, descriptors and platforms, by their case-folded form."""


class ManifestError(TransportError):
    """A manifest is refused; the text says why."""


def digest_of(data: bytes, like: str = "sha256:") -> str:
    """The digest of bytes, by the algorithm of another digest."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def read_manifest(raw: bytes, content_type: str = "") -> AnyManifest:
    """Read a manifest or an index; ManifestError where its meaning is ambiguous."""
    table = strict_json(raw)
    if not isinstance(table, dict):
        message = "it is not a JSON object"
        raise ManifestError(message)
    _check_case(table)
    declared = content_type.partition(";")[0].strip().lower()
    stated = table.get("mediaType") or ""
    if not isinstance(stated, str):
        message = "its mediaType is not a string"
        raise ManifestError(message)
    if (
        table.get("schemaVersion") == 1
        or "distribution.manifest.v1+" in declared
        or "distribution.manifest.v1+" in stated
        or "fsLayers" in table
    ):
        message = "it is of schema 1, which has no verifiable digest and is withdrawn; push the image again"
        raise ManifestError(message)
    if table.get("schemaVersion", 2) != 2:
        message = f"its schemaVersion is {str(table['schemaVersion'])[:20]}, not 2"
        raise ManifestError(message)
    if "manifests" in table and ("layers" in table or "config" in table):
        message = "it has both manifests and layers, so clients may read it as different images"
        raise ManifestError(message)
    kind = stated or declared
    if stated and declared not in _VAGUE and declared != stated:
        message = f"its content type is {declared[:100]!r} and its mediaType {stated[:100]!r}"
        raise ManifestError(message)
    try:
        if "manifests" in table:
            return convert(table, _Index).noun(_check_kind(kind, INDEX_TYPES, "an index"))
        if "layers" not in table or "config" not in table:
            message = "it has neither manifests nor config and layers"
            raise ManifestError(message)
        return convert(table, _Manifest).noun(_check_kind(kind, MANIFEST_TYPES, "a manifest"))
    except ValidationError as error:
        message = f"it is malformed: {str(error)[:300]}"
        raise ManifestError(message) from None


def strict_json(raw: bytes) -> Any:  # noqa: ANN401  whatever the JSON holds
    """Read JSON; ManifestError for what readers treat differently: duplicate keys, lone surrogates, huge numbers."""
    try:
        value = json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
        if _SURROGATE.search(raw):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        message = "it is not JSON (it holds text that is not Unicode)"
        raise ManifestError(message) from None
    except (ValueError, RecursionError) as error:
        message = f"it is not JSON ({decoding_fault(error)[:100]})"
        raise ManifestError(message) from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        message = f"the key {twice[:50]!r} is duplicated"
        raise ManifestError(message)
    return table


def _finite(digits: str) -> float:
    """Read a number; ValueError for one that is too large for a double, which Go's reader refuses."""
    if isinf(number := float(digits)):
        message = "it has a number out of range"
        raise ValueError(message)
    return number


def _whole(digits: str) -> int:
    """Read a whole number, within the same bounds."""
    if len(digits) > _DIGITS:
        message = "it has a number out of range"
        raise ValueError(message)
    return int(digits)


def _no_constant(word: str) -> None:
    message = f"{word} is not JSON"
    raise ValueError(message)


def _check_case(value: object, where: str = "it", depth: int = 0) -> None:
    """Refuse "Layers": engines are written in Go, whose JSON reader takes it for "layers", and the last one wins."""
    if isinstance(value, list):
        for place, item in enumerate(value[:MOST_ENTRIES]):
            _check_case(item, f"{where}[{place}]", depth)
    elif isinstance(value, dict) and depth < 4:
        for key, inner in value.items():
            meant = _KEYS.get(fold_key(key), key)
            if meant != key:
                message = f"{where} has the key {key[:50]!r}, which some clients read as {meant!r} and others ignore"
                raise ManifestError(message)
            if key in {"config", "layers", "manifests", "subject", "platform"}:
                _check_case(inner, key if where == "it" else f"{where}.{key}", depth + 1)


def _check_kind(kind: str, kinds: frozenset[str], what: str) -> str:
    """Give the media type of what has the fields of `what`; ManifestError where it declares another kind."""
    if kind in kinds:
        return kind
    if kind in _VAGUE:
        return next(kind for kind in sorted(kinds) if "oci" in kind)
    message = f"it has the fields of {what} and the media type {kind[:100]!r}"
    raise ManifestError(message)


class _Platform(Struct, rename="camel"):
    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    version: str | None = field(name="os.version", default=None)

    def noun(self) -> Platform:
        return Platform(self.os or "", self.architecture or "", self.variant or "", self.version or "")


class _Descriptor(Struct, rename="camel"):
    digest: str
    size: Annotated[int, Meta(ge=0, le=1 << 50)]
    media_type: str | None = None
    urls: tuple[str, ...] | None = None
    annotations: dict[str, str] | None = None
    platform: _Platform | None = None
    artifact_type: str | None = None

    def noun(self) -> Descriptor:
        if not is_digest(self.digest):
            message = f"{self.digest[:40]!r} is not a digest"
            raise ManifestError(message)
        platform = self.platform.noun() if self.platform else None
        return Descriptor(
            self.media_type or "",
            self.digest,
            self.size,
            self.urls or (),
            self.annotations or {},
            platform,
            self.artifact_type or "",
        )


_Descriptors = Annotated[list[_Descriptor], Meta(max_length=MOST_ENTRIES)]


class _Head(Struct, rename="camel"):
    subject: _Descriptor | None = None
    annotations: dict[str, str] | None = None
    artifact_type: str | None = None


class _Index(_Head, kw_only=True):
    manifests: _Descriptors

    def noun(self, kind: str) -> Index:
        entries = tuple(entry.noun() for entry in self.manifests)
        subject = self.subject.noun() if self.subject else None
        return Index(kind, entries, subject, self.annotations or {}, self.artifact_type or "")


class _Manifest(_Head, kw_only=True):
    config: _Descriptor
    layers: _Descriptors

    def noun(self, kind: str) -> Manifest:
        layers = tuple(layer.noun() for layer in self.layers)
        subject = self.subject.noun() if self.subject else None
        return Manifest(kind, self.config.noun(), layers, subject, self.annotations or {}, self.artifact_type or "")
