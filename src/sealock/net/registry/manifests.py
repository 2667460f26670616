"""Manifests and indexes read from the bytes of a registry, which may hold anything."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

from sealock.errors import TransportError
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

MOST_BYTES: Final = 4 << 20
"""Of a manifest; the specification lets registries refuse larger ones."""
MOST_ENTRIES: Final = 1024
"""Layers of a manifest, manifests of an index."""
_MOST_SIZE: Final = 1 << 50
_VAGUE: Final = frozenset({"", "application/json", "application/octet-stream", "text/plain"})
"""Content types that say nothing of the kind."""
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_READ_BY: Final = {
    key.casefold(): key
    for key in (
        *("schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"),
        *("digest", "size", "urls", "platform", "data", "os", "architecture", "variant", "os.version", "fsLayers"),
    )
}
"""The keys of manifests, descriptors and platforms, by how those who look away from case find them."""


class ManifestError(TransportError):
    """A manifest is refused; the text says why."""


def digest_of(data: bytes, like: str = "sha256:") -> str:
    """The digest of bytes, by the algorithm of another digest."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"


def read_manifest(raw: bytes, content_type: str = "") -> AnyManifest:
    """Read a manifest or an index; ManifestError for whatever leaves open what it means."""
    table = strict_json(raw)
    if not isinstance(table, dict):
        message = "it is no JSON object"
        raise ManifestError(message)
    _check_case(table, "it")
    declared = content_type.partition(";")[0].strip().lower()
    stated = _text(table, "mediaType")
    if (
        table.get("schemaVersion") == 1
        or "distribution.manifest.v1+" in declared
        or "distribution.manifest.v1+" in stated
        or "fsLayers" in table
    ):
        message = "it is of schema 1, which has no digest to be held to and was withdrawn; push the image anew"
        raise ManifestError(message)
    if table.get("schemaVersion", 2) != 2:
        message = f"its schemaVersion is {str(table['schemaVersion'])[:20]}, and 2 is the one there is"
        raise ManifestError(message)
    if "manifests" in table and ("layers" in table or "config" in table):
        message = "it has both manifests and layers, and so may mean one image to some and another to others"
        raise ManifestError(message)
    kind = stated or declared
    if stated and declared not in _VAGUE and declared != stated:
        message = f"it is sent as {declared[:100]!r} and calls itself {stated[:100]!r}"
        raise ManifestError(message)
    if "manifests" in table:
        return _index(table, _checked(kind, INDEX_TYPES, "an index"))
    if "layers" not in table or "config" not in table:
        message = "it has neither manifests nor config and layers"
        raise ManifestError(message)
    return _manifest(table, _checked(kind, MANIFEST_TYPES, "a manifest"))


def strict_json(raw: bytes) -> Any:  # noqa: ANN401  whatever the JSON holds
    """Read JSON in which each key stands once; ManifestError else, since readers differ in which of two counts.

    So they do in what they make of half a surrogate pair, which JSON can spell and UTF-8 cannot.
    """
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
        if _SURROGATE.search(raw):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        message = "it is not JSON (it holds text that is not Unicode)"
        raise ManifestError(message) from None
    except (ValueError, RecursionError) as error:
        message = f"it is not JSON ({str(error)[:100] or 'nested too deep'})"
        raise ManifestError(message) from None
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # as meant
        message = f"the key {twice[:50]!r} stands in it twice"
        raise ManifestError(message)
    return table


def _no_constant(word: str) -> None:
    message = f"{word} is no JSON"
    raise ValueError(message)


def _check_case(table: dict[str, Any], where: str) -> None:
    """Refuse "Layers": engines, which are written in Go, read it as "layers", and let the last of the two count."""
    for key in table:
        meant = _READ_BY.get(key.casefold(), key)
        if meant != key:
            message = f"{where} has the key {key[:50]!r}, which some read as {meant!r} and others pass over"
            raise ManifestError(message)


def _checked(kind: str, kinds: frozenset[str], what: str) -> str:
    """The media type of what has the fields of `what`; ManifestError where it says that it is something else."""
    if kind in kinds:
        return kind
    if kind in _VAGUE:
        return next(kind for kind in sorted(kinds) if "oci" in kind)
    message = f"it has the fields of {what} and says that it is {kind[:100]!r}"
    raise ManifestError(message)


def _index(table: dict[str, Any], kind: str) -> Index:
    return Index(
        kind,
        _descriptors(table["manifests"], "manifests"),
        _subject(table),
        _annotations(table),
        _text(table, "artifactType"),
    )


def _manifest(table: dict[str, Any], kind: str) -> Manifest:
    return Manifest(
        kind,
        _descriptor(table["config"], "config"),
        _descriptors(table["layers"], "layers"),
        _subject(table),
        _annotations(table),
        _text(table, "artifactType"),
    )


def _subject(table: dict[str, Any]) -> Descriptor | None:
    found = table.get("subject")
    return None if found is None else _descriptor(found, "subject")


def _descriptors(value: object, where: str) -> tuple[Descriptor, ...]:
    if not isinstance(value, list):
        message = f"its {where} are no list"
        raise ManifestError(message)
    if len(value) > MOST_ENTRIES:
        message = f"it has {len(value)} {where}, more than the {MOST_ENTRIES} that are read"
        raise ManifestError(message)
    return tuple(_descriptor(one, f"{where}[{place}]") for place, one in enumerate(value))


def _descriptor(value: object, where: str) -> Descriptor:
    if not isinstance(value, dict):
        message = f"{where} is no descriptor"
        raise ManifestError(message)
    _check_case(value, where)
    digest, size = _text(value, "digest", where), value.get("size")
    if not is_digest(digest):
        message = f"{where} has {digest[:40]!r} for a digest"
        raise ManifestError(message)
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MOST_SIZE:
        message = f"{where} has {str(size)[:40]!r} for a size"
        raise ManifestError(message)
    urls = value.get("urls") or []
    if not isinstance(urls, list) or not all(isinstance(url, str) for url in urls):
        message = f"{where} has something else than URLs for urls"
        raise ManifestError(message)
    return Descriptor(
        _text(value, "mediaType", where),
        digest,
        size,
        tuple(urls),
        _annotations(value, where),
        _platform(value.get("platform"), where),
        _text(value, "artifactType", where),
    )


def _platform(value: object, where: str) -> Platform | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        message = f"{where} has something else for a platform"
        raise ManifestError(message)
    _check_case(value, where)
    return Platform(*(_text(value, key, where) for key in ("os", "architecture", "variant", "os.version")))


def _annotations(table: dict[str, Any], where: str = "it") -> dict[str, str]:
    found = table.get("annotations") or {}
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        message = f"{where} has something else than texts for annotations"
        raise ManifestError(message)
    return found


def _text(table: dict[str, Any], key: str, where: str = "it") -> str:
    value = table.get(key, "")
    if value is None:
        return ""
    if not isinstance(value, str):
        message = f"{where} has something else than a text for {key}"
        raise ManifestError(message)
    return value
