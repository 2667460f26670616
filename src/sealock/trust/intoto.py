"""in-toto statements: a predicate about subjects, which are named by their digests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

from sealock.trust.dsse import IN_TOTO, DsseEnvelope
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import GoBase64, check_count, shaped, table_of, text

STATEMENT: Final = "https://in-toto.io/Statement/v1"
_STATEMENTS: Final = frozenset({STATEMENT, "https://in-toto.io/Statement/v0.1"})
SIGNATURE: Final = "https://sigstore.dev/cosign/sign/v1"
"""The predicate type of a statement that is only an image's signature."""
CUSTOM: Final = "https://cosign.sigstore.dev/attestation/v1"
CREATED: Final = "org.opencontainers.image.created"
"""The annotation of a subject with the statement's time."""
TYPES: Final[Mapping[str, str]] = {
    "custom": CUSTOM,
    "cyclonedx": "https://cyclonedx.org/bom",
    "link": "https://in-toto.io/Link/v1",
    "openvex": "https://openvex.dev/ns",
    "slsaprovenance": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance02": "https://slsa.dev/provenance/v0.2",
    "slsaprovenance1": "https://slsa.dev/provenance/v1",
    "spdx": "https://spdx.dev/Document",
    "spdxjson": "https://spdx.dev/Document",
    "vuln": "https://cosign.sigstore.dev/attestation/vuln/v1",
}
"""cosign's short names of predicate types."""
MOST_BYTES: Final = 16 << 20
_MOST_SUBJECTS: Final = 4096


class StatementSubject(Struct, frozen=True):
    """A subject: its digests by algorithm, and the name that the signer gave it."""

    digests: Mapping[str, str] = field(name="digest")
    name: str | None = None
    annotations: Mapping[str, Any] | None = None


class InTotoStatement(Struct, frozen=True, rename="camel"):
    """A statement. `predicate` is JSON of the form that its type has."""

    predicate_type: str
    subjects: tuple[StatementSubject, ...] = field(name="subject")
    predicate: Any = None

    def about(self, digest: str) -> tuple[StatementSubject, ...]:
        """Return the subjects with a digest; SignatureRefusedError where there is none."""
        algorithm, _, value = digest.partition(":")
        if subjects := tuple(subject for subject in self.subjects if subject.digests.get(algorithm) == value):
            return subjects
        named = (f"{subject.name or 'one'} with {_short(subject.digests)}" for subject in self.subjects[:3])
        others = ", ".join(named) or "nothing"
        why = f"it is about another subject: {others[:300]}, and not what has {algorithm}:{value[:16]}…"
        raise SignatureRefusedError(check="digest", why=why)


class _Closed(Struct, rename="camel", forbid_unknown_fields=True):
    """What sigstore-go reads of a bundle: as protobuf, without unknown members."""


class _BundledSubject(_Closed):
    name: str | None = None
    uri: str | None = None
    digest: Annotated[dict[str, str], Meta(max_length=32)] | None = None
    content: GoBase64 | None = None
    download_location: str | None = None
    media_type: str | None = None
    annotations: dict[str, Any] | None = None


class _BundledStatement(_Closed):
    kind: str = field(name="_type")
    predicate_type: str
    subject: Annotated[tuple[_BundledSubject, ...], Meta(max_length=1024)]
    predicate: Any = None


def _short(digests: Mapping[str, str]) -> str:
    algorithm, value = next(iter(digests.items()), ("no digest", ""))
    return f"{algorithm}:{value[:16]}…" if value else algorithm


def type_of(name: str) -> str:
    """Return the predicate type for one of cosign's short names, or for itself."""
    return TYPES.get(name, name)


def read_statement(envelope: DsseEnvelope, what: str, *, bundled: bool = False) -> InTotoStatement:
    """Read the statement of an envelope whose signature was verified; one of a bundle has known members alone."""
    if envelope.payload_type != IN_TOTO:
        raise SignatureRefusedError(
            check="type", why=f"its payload is {envelope.payload_type[:100]!r}, not an in-toto statement"
        )
    table = table_of(envelope.payload, what, MOST_BYTES)
    kind = text(table, "_type", what)
    if kind not in _STATEMENTS:
        raise SignatureRefusedError(check="type", why=f"its statement has the unknown type {kind[:100]!r}")
    if bundled:
        shaped(table, _BundledStatement, what)
    statement = shaped(table, InTotoStatement, what)
    check_count(statement.subjects, what, "subjects", _MOST_SUBJECTS)
    return statement


def write_statement(  # noqa: PLR0913  a statement has as many parts
    digest: str,
    predicate_type: str,
    predicate: object,
    *,
    name: str = "",
    annotations: Mapping[str, str] | None = None,
    version: str = STATEMENT,
) -> bytes:
    """Write a statement about one digest."""
    algorithm, _, value = digest.partition(":")
    subject: dict[str, Any] = {"name": name, "digest": {algorithm: value}}
    if annotations:
        subject["annotations"] = dict(annotations)
    table = {"_type": version, "subject": [subject], "predicateType": predicate_type, "predicate": predicate}
    return json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
