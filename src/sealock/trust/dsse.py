"""DSSE envelopes: a payload, its type, and signatures over both (secure-systems-lab/dsse, protocol.md)."""

from __future__ import annotations

import json
from typing import Any, Final

from msgspec import Struct

from sealock.trust.wire import GoBase64, check_count, encoded, malformed, shaped

IN_TOTO: Final = "application/vnd.in-toto+json"
_MOST_SIGNATURES: Final = 16


class DsseEnvelope(Struct, frozen=True):
    """An unverified payload with its signatures."""

    payload_type: str
    payload: bytes
    signatures: tuple[bytes, ...]

    @property
    def message(self) -> bytes:
        """The signed bytes."""
        return pae(self.payload_type, self.payload)


class _Signature(Struct):
    sig: GoBase64
    keyid: str | None = None


class _Envelope(Struct, rename="camel"):
    payload_type: str
    payload: GoBase64
    signatures: tuple[_Signature, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """The pre-authentication encoding, which ties a payload to its type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def read_envelope(table: dict[str, Any], what: str) -> DsseEnvelope:
    """Read an envelope from JSON; SignatureRefusedError where it is invalid."""
    envelope = shaped(table, _Envelope, what)
    if not envelope.payload_type.isprintable():
        raise malformed(what, "its payloadType is not a media type")
    check_count(envelope.signatures, what, "signatures", _MOST_SIGNATURES)
    if not envelope.signatures:
        raise malformed(what, "it has no signature")
    return DsseEnvelope(envelope.payload_type, envelope.payload, tuple(entry.sig for entry in envelope.signatures))


def envelope_table(payload: bytes, signature: bytes, payload_type: str = IN_TOTO) -> dict[str, Any]:
    """An envelope with one signature, for JSON."""
    return {
        "payload": encoded(payload),
        "payloadType": payload_type,
        "signatures": [{"keyid": "", "sig": encoded(signature)}],
    }


def write_envelope(payload: bytes, signature: bytes, payload_type: str = IN_TOTO) -> bytes:
    """An envelope with one signature."""
    return json.dumps(envelope_table(payload, signature, payload_type), separators=(",", ":")).encode()
