"""Reads and writes JWS envelopes (flattened JSON)."""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, Final

from sealock.trust.notation.envelope import (
    AGENT,
    AUTHENTIC,
    EXPIRY,
    MOST_BYTES,
    MOST_CERTIFICATES,
    PAYLOAD_TYPE,
    SCHEME,
    SIGNED,
    TIMESTAMP,
    Attributes,
    NotationEnvelope,
    checked,
)
from sealock.trust.wire import field, listed, malformed, table_of, text

_PARTS: Final = frozenset({"payload", "protected", "header", "signature"})
_WHAT: Final = "the envelope"
_HEAD: Final = "its protected header"
_TIMES: Final = (SIGNED, AUTHENTIC, EXPIRY)


def read(raw: bytes) -> NotationEnvelope:
    """Read an envelope; SignatureRefusedError says what is wrong with it."""
    table = table_of(raw, _WHAT, MOST_BYTES)
    if unknown := sorted(set(table) - _PARTS):
        raise malformed(_WHAT, f"it has {unknown[0][:100]!r}, which a flattened JWS has not")
    protected, payload = text(table, "protected", _WHAT), text(table, "payload", _WHAT)
    head = table_of(_from_url(protected), _HEAD, MOST_BYTES)
    open_head = field(table, "header", _WHAT)
    if both := sorted(set(head) & set(open_head)):
        raise malformed(_WHAT, f"{both[0][:100]!r} is in both headers")
    critical = listed(head, "crit", _HEAD, 64)
    times: dict[str, datetime] = {name: _moment(head[name], name) for name in _TIMES if name in head}
    scheme, signed, expiry = checked(Attributes(head.get("cty"), [str(name) for name in critical], head, times))
    chain = listed(open_head, "x5c", "its header", MOST_CERTIFICATES)
    return NotationEnvelope(
        text(head, "alg", _HEAD),
        tuple(_from_base64(certificate) for certificate in chain),
        f"{protected}.{payload}".encode(),
        _from_url(text(table, "signature", _WHAT)),
        _from_url(payload),
        scheme,
        signed,
        expiry,
        timestamp=_from_base64(open_head.get(TIMESTAMP, "")),
        agent=str(open_head.get(AGENT, ""))[:200],
    )


def to_sign(payload: bytes, algorithm: str, signed: datetime, expiry: datetime | None) -> tuple[str, str]:
    """Encode the protected header and the payload, which are signed joined by a dot."""
    head: dict[str, Any] = {
        "alg": algorithm,
        "crit": [SCHEME, *([EXPIRY] if expiry else [])],
        "cty": PAYLOAD_TYPE,
        SCHEME: "notary.x509",
        SIGNED: _written(signed),
    }
    if expiry is not None:
        head[EXPIRY] = _written(expiry)
    return _to_url(json.dumps(head, separators=(",", ":")).encode()), _to_url(payload)


def write(protected: str, payload: str, signature: bytes, chain: list[str], agent: str) -> bytes:
    """Write an envelope; `chain` is in base64, the signer's certificate first."""
    table = {
        "payload": payload,
        "protected": protected,
        "header": {"x5c": chain, AGENT: agent},
        "signature": _to_url(signature),
    }
    return json.dumps(table, separators=(",", ":")).encode()


def _from_url(value: str) -> bytes:
    """Decode base64url without padding, and in canonical form only: the signature covers the encoded text."""
    try:
        data = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        raise malformed(_WHAT, "it is not base64") from None
    if _to_url(data) != value:
        raise malformed(_WHAT, "it is not canonical base64url")
    return data


def _to_url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise malformed(_WHAT, "a certificate or time stamp is not a text")
    try:
        return b64decode(value, validate=True)
    except ValueError:
        raise malformed(_WHAT, "a certificate or time stamp is not base64") from None


def _moment(value: object, name: str) -> datetime:
    if isinstance(value, str) and len(value) <= 40:
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            when = None
        if when is not None and when.tzinfo is not None:
            return when
    raise malformed(_HEAD, f"{name} is not a time of RFC 3339")


def _written(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
