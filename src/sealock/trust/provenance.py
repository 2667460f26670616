"""SLSA provenance, versions 0.2 and 1: who built an image, from which sources, as the signer states it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Final

from msgspec import Struct

from sealock.formats.jsonobject import JsonObject

_OLD: Final = "https://slsa.dev/provenance/v0.2"
_NEW: Final = "https://slsa.dev/provenance/v1"
TYPES: Final = frozenset({_OLD, _NEW})
_MOST: Final = 1000


class Provenance(Struct, frozen=True):
    """The builder (a URI), and the sources: URIs with a commit where the statement has one. Both may be empty."""

    builder: str
    sources: tuple[str, ...]


def provenance_of(predicate_type: str, predicate: object) -> Provenance | None:
    """Read provenance from a verified statement; None for another predicate type."""
    table = JsonObject(predicate)
    if predicate_type == _OLD:
        source = table.child("invocation").child("configSource")
        return Provenance(table.child("builder").text("id"), _sources([source]))
    if predicate_type == _NEW:
        dependencies = table.child("buildDefinition").objects("resolvedDependencies")
        return Provenance(table.child("runDetails").child("builder").text("id"), _sources(dependencies))
    return None


def _sources(entries: Iterable[JsonObject]) -> tuple[str, ...]:
    sources: dict[str, None] = {}
    for entry in islice(entries, _MOST):
        uri, digest = entry.text("uri"), entry.child("digest")
        commit = digest.text("gitCommit") or digest.text("sha1")
        if uri.startswith(("git+", "https://", "git:")):
            sources[f"{uri} at {commit[:12]}" if commit else uri] = None
    return tuple(sources)
