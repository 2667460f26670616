"""Signatures in JSON (JWS, flattened): read, and written."""

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
    """Take an envelope apart; SignatureRefusedError says what is wrong with it."""
    table = table_of(raw, _WHAT, MOST_BYTES)
    if strange := sorted(set(table) - _PARTS):
        raise malformed(_WHAT, f"it has {strange[0][:100]!r} beside the four parts of a flattened JWS")
    protected, payload = text(table, "protected", _WHAT), text(table, "payload", _WHAT)
    head = table_of(_from_url(protected), _HEAD, MOST_BYTES)
    open_head = field(table, "header", _WHAT)
    if both := sorted(set(head) & set(open_head)):
        raise malformed(_WHAT, f"{both[0][:100]!r} is in both headers")
    critical = listed(head, "crit", _HEAD, 64)
    times: dict[str, datetime] = {name: _moment(head[name], name) for name in _TIMES if name in head}
    scheme, signed, expiry = checked(Attributes(head.get("cty"), [str(one) for one in critical], head, times))
    chain = listed(open_head, "x5c", "its header", MOST_CERTIFICATES)
    return NotationEnvelope(
        text(head, "alg", _HEAD),
        tuple(_from_base64(one) for one in chain),
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
    """The protected header and the payload, as they are joined by a dot and signed."""
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
    """An envelope; `chain` is in base64, the signer's certificate first."""
    table = {
        "payload": payload,
        "protected": protected,
        "header": {"x5c": chain, AGENT: agent},
        "signature": _to_url(signature),
    }
    return json.dumps(table, separators=(",", ":")).encode()


def _from_url(value: str) -> bytes:
    """Base64 of the alphabet for URLs, without padding, and in no other spelling: what is signed is the spelling."""
    try:
        data = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        raise malformed(_WHAT, "it is not base64") from None
    if _to_url(data) != value:
        raise malformed(_WHAT, "it is not base64 as JWS spells it")
    return data


def _to_url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64(value: object) -> bytes:
    if not isinstance(value, str):
        raise malformed(_WHAT, "a certificate or time stamp is no text")
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
    raise malformed(_HEAD, f"{name} is no time of RFC 3339")


def _written(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
