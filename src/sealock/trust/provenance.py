"""SLSA provenance, versions 0.2 and 1: who built an image, from what. It is the word of whoever signed that."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from sealock.trust.intoto import InTotoStatement

_OLD: Final = "https://slsa.dev/provenance/v0.2"
_NEW: Final = "https://slsa.dev/provenance/v1"
TYPES: Final = frozenset({_OLD, _NEW})
_MOST: Final = 1000


class Provenance(Struct, frozen=True):
    """Who built it (a URI), and the sources: URIs with the digest where one is told. Both may be missing."""

    builder: str
    sources: tuple[str, ...]


def provenance_of(statement: InTotoStatement) -> Provenance | None:
    """Read it from a verified statement; None where that is no provenance."""
    if statement.predicate_type not in TYPES:
        return None
    predicate = statement.predicate
    if statement.predicate_type == _OLD:
        return Provenance(
            _text(_at(predicate, "builder", "id")), _sources([_at(predicate, "invocation", "configSource")])
        )
    found = _at(predicate, "buildDefinition", "resolvedDependencies")
    return Provenance(_text(_at(predicate, "runDetails", "builder", "id")), _sources(found))


def _sources(found: object) -> tuple[str, ...]:
    sources: dict[str, None] = {}
    for one in found[:_MOST] if isinstance(found, list) else ():
        uri = _text(_at(one, "uri"))
        digests = _at(one, "digest")
        commit = digests.get("gitCommit") or digests.get("sha1") if isinstance(digests, dict) else ""
        if uri.startswith(("git+", "https://", "git:")):
            sources[f"{uri} at {_text(commit)[:12]}" if _text(commit) else uri] = None
    return tuple(sources)


def _at(value: object, *path: str) -> Any:  # noqa: ANN401  whatever the JSON holds
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
