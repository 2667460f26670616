"""SLSA provenance, versions 0.2 and 1: who built an image, from which sources, as the signer states it."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

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
    if predicate_type == _OLD:
        source = _at(predicate, "invocation", "configSource")
        return Provenance(_text(_at(predicate, "builder", "id")), _sources([source]))
    if predicate_type == _NEW:
        dependencies = _at(predicate, "buildDefinition", "resolvedDependencies")
        return Provenance(_text(_at(predicate, "runDetails", "builder", "id")), _sources(dependencies))
    return None


def _sources(entries: object) -> tuple[str, ...]:
    sources: dict[str, None] = {}
    for entry in entries[:_MOST] if isinstance(entries, list) else ():
        uri = _text(_at(entry, "uri"))
        commit = _text(_at(entry, "digest", "gitCommit")) or _text(_at(entry, "digest", "sha1"))
        if uri.startswith(("git+", "https://", "git:")):
            sources[f"{uri} at {commit[:12]}" if commit else uri] = None
    return tuple(sources)


def _at(value: object, *path: str) -> Any:  # noqa: ANN401  any JSON
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
