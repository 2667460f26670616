"""Describes the unverified signer of a refused signature, for the message."""

from __future__ import annotations

from base64 import b64decode
from datetime import datetime
from typing import Final

from sealock.formats.jsonobject import JsonObject
from sealock.trust.cosign.certificates import claimed
from sealock.trust.cosign.simple import signing_time
from sealock.trust.intoto import CREATED
from sealock.trust.intoto import MOST_BYTES as _MOST
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import table_of

_ID: Final = 32
"""Bytes of a key's id."""


def stranger(payload: bytes, certificate: bytes = b"", hint: str = "") -> SignatureRefusedError:
    """Make the refusal, with the claimed signer and time of the payload (simple signing's, or a statement)."""
    if certificate:
        why = f"it is keyless, and claims to be by {claimed(certificate)}, which was not verified"
        return SignatureRefusedError(check="signature", why=why)
    key, when = _key(hint), _when(payload)
    claim = f"{f' by key {key}' if key else ''}{f' on {when:%Y-%m-%d}' if when else ''}"
    why = "it was not made by a key that you trust" + (
        f"; it claims to be made{claim}, which was not verified" if claim else ""
    )
    return SignatureRefusedError(check="signature", why=why)


def _key(hint: str) -> str:
    """The short form of a key's id, which cosign's bundles have in base64; "" for any other hint."""
    try:
        raw = b64decode(hint[:64], validate=True)
    except ValueError:
        return ""
    return raw.hex()[:12] if len(raw) == _ID else ""


def _when(payload: bytes) -> datetime | None:
    try:
        table = JsonObject(table_of(payload, "it", _MOST))
    except SignatureRefusedError:
        return None
    if (when := signing_time(table.child("optional").members)) is not None:
        return when
    subject = next(table.objects("subject"), table)
    return moment(subject.child("annotations").text(CREATED) or table.child("predicate").text("Timestamp"))


def moment(text: str) -> datetime | None:
    """Parse a time of RFC 3339; None for any other text."""
    try:
        when = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return when if when.tzinfo is not None else None
