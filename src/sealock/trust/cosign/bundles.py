"""Sigstore bundles: a signature and its verification material, in one JSON (sigstore_bundle.proto, 0.1 to 0.3)."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from sealock.trust.cosign.keys import PublicKey
from sealock.trust.dsse import DsseEnvelope, envelope_table, read_envelope
from sealock.trust.intoto import MOST_BYTES as _MOST_STATEMENT
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import GoBase64, encoded, malformed, shaped, table_of, text

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
MEDIA_TYPES: Final = frozenset(
    {MEDIA_TYPE, *(f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2, 3))}
)
_FIRST: Final = "application/vnd.dev.sigstore.bundle+json;version=0.1"
_CHAINED: Final = frozenset({_FIRST, "application/vnd.dev.sigstore.bundle+json;version=0.2"})
"""Versions that may have a chain of certificates."""
MOST_BYTES: Final = _MOST_STATEMENT * 3 // 2


class Bundle(Struct, frozen=True):
    """An unverified bundle. `certificate` is the signer's, in DER, for a keyless signature."""

    envelope: DsseEnvelope
    raw: bytes
    hint: str = ""
    certificate: bytes = b""


class _Message(Struct, rename="camel", forbid_unknown_fields=True):
    """A message of protobuf: sigstore-go reads no unknown members."""


class _KeyHint(_Message):
    hint: str | None = None


class _Certificate(_Message):
    raw_bytes: GoBase64


class _Chain(_Message):
    certificates: Annotated[tuple[_Certificate, ...], Meta(min_length=1)]


class _LogId(_Message):
    key_id: GoBase64


class _KindVersion(_Message):
    kind: str = ""
    version: str = ""


class _Promise(_Message):
    signed_entry_timestamp: GoBase64


class _Checkpoint(_Message):
    envelope: str


class _Proof(_Message):
    root_hash: GoBase64
    tree_size: str | int
    log_index: str | int = 0
    hashes: tuple[GoBase64, ...] = ()
    checkpoint: _Checkpoint | None = None


class _LogEntry(_Message):
    log_id: _LogId
    kind_version: _KindVersion
    canonicalized_body: GoBase64
    log_index: str | int = 0
    integrated_time: str | int = 0
    inclusion_promise: _Promise | None = None
    inclusion_proof: _Proof | None = None


class _Timestamp(_Message):
    signed_timestamp: GoBase64


class _Timestamps(_Message):
    rfc3161_timestamps: tuple[_Timestamp, ...] | None = None


class _Material(_Message):
    public_key: _KeyHint | None = None
    certificate: _Certificate | None = None
    x509_certificate_chain: _Chain | None = None
    tlog_entries: tuple[_LogEntry, ...] | None = None
    timestamp_verification_data: _Timestamps | None = None


class _EnvelopeSignature(_Message):
    sig: str
    keyid: str | None = None


class _BundledEnvelope(_Message):
    payload: str
    payload_type: str
    signatures: tuple[_EnvelopeSignature, ...]


class _Bundle(_Message):
    media_type: str
    dsse_envelope: dict[str, Any]
    verification_material: _Material
    message_signature: None = None


def read_bundle(raw: bytes, what: str) -> Bundle:
    """Read a bundle with one DSSE envelope that has one signature; SignatureRefusedError for any other."""
    table = table_of(raw, what, MOST_BYTES)
    kind = text(table, "mediaType", what)
    if kind not in MEDIA_TYPES:
        raise SignatureRefusedError(check="type", why=f"it has the unknown bundle type {kind[:100]!r}")
    if table.get("messageSignature") is not None:
        raise SignatureRefusedError(check="type", why="it signs bare bytes, not a statement about an image")
    bundle = shaped(table, _Bundle, what)
    shaped(bundle.dsse_envelope, _BundledEnvelope, what)
    envelope = read_envelope(bundle.dsse_envelope, what)
    if len(envelope.signatures) != 1:
        why = f"its envelope has {len(envelope.signatures)} signatures; a bundle has one"
        raise SignatureRefusedError(check="malformed", why=why)
    material = bundle.verification_material
    _check_log_entries(material.tlog_entries or (), kind, what)
    hint, certificate = _signer(material, kind, what)
    return Bundle(envelope, raw, hint, certificate)


def _check_log_entries(entries: tuple[_LogEntry, ...], kind: str, what: str) -> None:
    """Refuse entries that prove nothing: before 0.2 one must have the log's promise, and since then its proof."""
    if kind == _FIRST:
        proven = any(entry.inclusion_promise for entry in entries)
    else:
        proven = any(entry.inclusion_proof for entry in entries)
    if entries and not proven:
        raise malformed(what, f"its log entries have no {'promise' if kind == _FIRST else 'proof'} of inclusion")


def _signer(material: _Material, kind: str, what: str) -> tuple[str, bytes]:
    """Return the hint at a key, or the certificate: a bundle has one of them."""
    key, chain = material.public_key, material.x509_certificate_chain
    certificate = chain.certificates[0] if chain else material.certificate
    given = sum(part is not None for part in (key, material.certificate, chain))
    if given != 1 or (certificate is not None and not certificate.raw_bytes):
        raise malformed(what, "it needs one of a public key, a certificate and a chain, and has none or several")
    if chain and kind not in _CHAINED:
        raise malformed(what, "it has a chain of certificates, which its version does not have")
    return (key.hint or "" if key else ""), (certificate.raw_bytes if certificate else b"")


def write_bundle(payload: bytes, signature: bytes, key: PublicKey) -> bytes:
    """Write a bundle of an in-toto statement that a key signed."""
    table = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": encoded(bytes.fromhex(key.id))}},
        "dsseEnvelope": envelope_table(payload, signature),
    }
    return json.dumps(table, separators=(",", ":")).encode()
