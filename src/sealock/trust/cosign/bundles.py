"""Sigstore bundles: a signature and its verification material, in one JSON (sigstore_bundle.proto, 0.1 to 0.3)."""

from __future__ import annotations

import json
from typing import Any, Final

from msgspec import Struct

from sealock.trust.cosign.keys import PublicKey
from sealock.trust.dsse import DsseEnvelope, envelope_table, read_envelope
from sealock.trust.intoto import MOST_BYTES as _MOST_STATEMENT
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import decoded, encoded, field, malformed, table_of, text

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
MEDIA_TYPES: Final = frozenset(
    {MEDIA_TYPE, *(f"application/vnd.dev.sigstore.bundle+json;version=0.{minor}" for minor in (1, 2, 3))}
)
MOST_BYTES: Final = _MOST_STATEMENT * 3 // 2


class Bundle(Struct, frozen=True):
    """An unverified bundle. `certificate` is the signer's, in DER, for a keyless signature."""

    envelope: DsseEnvelope
    raw: bytes
    hint: str = ""
    certificate: bytes = b""


def read_bundle(raw: bytes, what: str) -> Bundle:
    """Read a bundle with one DSSE envelope that has one signature; SignatureRefusedError for any other."""
    table = table_of(raw, what, MOST_BYTES)
    kind = text(table, "mediaType", what)
    if kind not in MEDIA_TYPES:
        raise SignatureRefusedError(check="type", why=f"it has the unknown bundle type {kind[:100]!r}")
    if "messageSignature" in table:
        raise SignatureRefusedError(check="type", why="it signs bare bytes, not a statement about an image")
    envelope = read_envelope(field(table, "dsseEnvelope", what), what)
    if len(envelope.signatures) != 1:
        why = f"its envelope has {len(envelope.signatures)} signatures; a bundle has one"
        raise SignatureRefusedError(check="malformed", why=why)
    material = field(table, "verificationMaterial", what)
    return Bundle(envelope, raw, _hint(material), _certificate(material, what))


def _hint(material: dict[str, Any]) -> str:
    key = material.get("publicKey")
    hint = key.get("hint") if isinstance(key, dict) else None
    return hint if isinstance(hint, str) else ""


def _certificate(material: dict[str, Any], what: str) -> bytes:
    certificate = material.get("certificate")
    chain = material.get("x509CertificateChain")
    if certificate is None and isinstance(chain, dict):
        certificates = chain.get("certificates")
        certificate = certificates[0] if isinstance(certificates, list) and certificates else None
    if certificate is None:
        return b""
    if not isinstance(certificate, dict):
        raise malformed(what, "its certificate is not an object")
    return decoded(certificate.get("rawBytes"), what)


def write_bundle(payload: bytes, signature: bytes, key: PublicKey) -> bytes:
    """Write a bundle of an in-toto statement that a key signed."""
    table = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": encoded(bytes.fromhex(key.id))}},
        "dsseEnvelope": envelope_table(payload, signature),
    }
    return json.dumps(table, separators=(",", ":")).encode()
