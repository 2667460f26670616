"""Describes the unverified signer of a refused signature, for the message."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any, Final

from sealock.trust.cosign.certificates import claimed
from sealock.trust.intoto import CREATED
from sealock.trust.intoto import MOST_BYTES as _MOST
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import table_of

_ID: Final = 32
"""Bytes of a key's id."""
_LAST: Final = 253402300799
"""The last second of the year 9999."""


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
        table = table_of(payload, "it", _MOST)
    except SignatureRefusedError:
        return None
    stamp = _at(table, "optional", "timestamp")
    if isinstance(stamp, int) and not isinstance(stamp, bool) and 0 < stamp <= _LAST:
        return datetime.fromtimestamp(stamp, UTC)
    subjects = table.get("subject")
    created = _at(subjects[0], "annotations", CREATED) if isinstance(subjects, list) and subjects else None
    created = created or _at(table, "predicate", "Timestamp")
    return moment(created) if isinstance(created, str) else None


def _at(value: object, *path: str) -> Any:  # noqa: ANN401  any JSON
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def moment(text: str) -> datetime | None:
    """Parse a time of RFC 3339; None for any other text."""
    try:
        when = datetime.fromisoformat(text[:40])
    except ValueError:
        return None
    return when if when.tzinfo is not None else None
