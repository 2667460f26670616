"""in-toto statements: something is said (the predicate) of things that are named by their digests (the subjects)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct

from sealock.trust.dsse import IN_TOTO, DsseEnvelope
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import field, listed, malformed, table_of, text

STATEMENT: Final = "https://in-toto.io/Statement/v1"
_STATEMENTS: Final = frozenset({STATEMENT, "https://in-toto.io/Statement/v0.1"})
SIGNATURE: Final = "https://sigstore.dev/cosign/sign/v1"
"""The predicate by which a statement is the signature of an image and says nothing else."""
CUSTOM: Final = "https://cosign.sigstore.dev/attestation/v1"
CREATED: Final = "org.opencontainers.image.created"
"""The annotation of a subject that says when the statement was made."""
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
    """What a statement speaks of: digests by algorithm, and a name that is the speaker's word."""

    digests: Mapping[str, str]
    name: str = ""
    annotations: Mapping[str, Any] = {}


class InTotoStatement(Struct, frozen=True):
    """What is said. `predicate` is JSON of the form that the predicate's type has."""

    predicate_type: str
    subjects: tuple[StatementSubject, ...]
    predicate: Any

    def about(self, digest: str) -> tuple[StatementSubject, ...]:
        """The subjects that have a digest; SignatureRefusedError where it speaks of other things."""
        algorithm, _, value = digest.partition(":")
        if found := tuple(subject for subject in self.subjects if subject.digests.get(algorithm) == value):
            return found
        others = ", ".join(f"sha256:{subject.digests.get('sha256', '?')[:16]}…" for subject in self.subjects[:3])
        raise SignatureRefusedError(check="digest", why=f"it speaks of another image ({others or 'of none'})")


def type_of(name: str) -> str:
    """The predicate's type by cosign's short name, or as it was given."""
    return TYPES.get(name, name)


def read_statement(envelope: DsseEnvelope, what: str) -> InTotoStatement:
    """Read the statement of an envelope whose signature was verified."""
    if envelope.payload_type != IN_TOTO:
        raise SignatureRefusedError(
            check="type", why=f"its payload is {envelope.payload_type[:100]!r}, no in-toto statement"
        )
    table = table_of(envelope.payload, what, MOST_BYTES)
    kind = text(table, "_type", what)
    if kind not in _STATEMENTS:
        raise SignatureRefusedError(check="type", why=f"its statement is of type {kind[:100]!r}, which is not known")
    subjects = tuple(_subject(one, what) for one in listed(table, "subject", what, _MOST_SUBJECTS))
    return InTotoStatement(text(table, "predicateType", what), subjects, table.get("predicate"))


def _subject(value: object, what: str) -> StatementSubject:
    if not isinstance(value, dict):
        raise malformed(what, "a subject is no object")
    digests = field(value, "digest", what)
    annotations = value.get("annotations") or {}
    if not all(isinstance(digest, str) for digest in digests.values()) or not isinstance(annotations, dict):
        raise malformed(what, "a subject's digests are no texts")
    name = value.get("name") or ""
    return StatementSubject(digests, name if isinstance(name, str) else "", annotations)


def write_statement(  # noqa: PLR0913  a statement has as many parts
    digest: str,
    predicate_type: str,
    predicate: object,
    *,
    name: str = "",
    annotations: Mapping[str, str] | None = None,
    version: str = STATEMENT,
) -> bytes:
    """Write what is said of one digest."""
    algorithm, _, value = digest.partition(":")
    subject: dict[str, Any] = {"name": name, "digest": {algorithm: value}}
    if annotations:
        subject["annotations"] = dict(annotations)
    table = {"_type": version, "subject": [subject], "predicateType": predicate_type, "predicate": predicate}
    return json.dumps(table, separators=(",", ":"), ensure_ascii=False).encode()
