"""Sigstore bundles: a signature and its verification material, in one JSON (sigstore_bundle.proto, 0.1 to 0.3)."""

from __future__ import annotations

import json
from typing import Any, Final

from msgspec import Struct

from sealock.formats.jsonobject import JsonObject
from sealock.trust.cosign.keys import PublicKey
from sealock.trust.cosign.trustedroot import X509Certificate
from sealock.trust.dsse import DsseEnvelope, envelope_table, read_envelope
from sealock.trust.intoto import MOST_BYTES as _MOST_STATEMENT
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import encoded, shaped, table_of, text

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


class _Bundle(Struct, rename="camel"):
    dsse_envelope: dict[str, Any]
    verification_material: dict[str, Any]


def read_bundle(raw: bytes, what: str) -> Bundle:
    """Read a bundle with one DSSE envelope that has one signature; SignatureRefusedError for any other."""
    table = table_of(raw, what, MOST_BYTES)
    kind = text(table, "mediaType", what)
    if kind not in MEDIA_TYPES:
        raise SignatureRefusedError(check="type", why=f"it has the unknown bundle type {kind[:100]!r}")
    if "messageSignature" in table:
        raise SignatureRefusedError(check="type", why="it signs bare bytes, not a statement about an image")
    bundle = shaped(table, _Bundle, what)
    envelope = read_envelope(bundle.dsse_envelope, what)
    if len(envelope.signatures) != 1:
        why = f"its envelope has {len(envelope.signatures)} signatures; a bundle has one"
        raise SignatureRefusedError(check="malformed", why=why)
    material = JsonObject(bundle.verification_material)
    chain = material.child("x509CertificateChain").elements("certificates")
    certificate = material.members.get("certificate")
    certificate = next(iter(chain), None) if certificate is None else certificate
    der = b"" if certificate is None else shaped(certificate, X509Certificate, what).raw_bytes
    return Bundle(envelope, raw, material.child("publicKey").text("hint"), der)


def write_bundle(payload: bytes, signature: bytes, key: PublicKey) -> bytes:
    """Write a bundle of an in-toto statement that a key signed."""
    table = {
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {"publicKey": {"hint": encoded(bytes.fromhex(key.id))}},
        "dsseEnvelope": envelope_table(payload, signature),
    }
    return json.dumps(table, separators=(",", ":")).encode()
