"""Reads and writes JWS envelopes (flattened JSON)."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType, field, to_builtins

from sealock.patterns import compile_lazily
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
from sealock.trust.wire import check_count, malformed, shaped, table_of

_WHAT: Final = "the envelope"
_HEAD: Final = "its protected header"
_Time: TypeAlias = Annotated[datetime, Meta(tz=True)] | UnsetType
_SPELLED: Final = compile_lazily(r"\d{4}-\d\d-\d\dT[^Tt]{8,40}(?<!z)")
"""A time as Go's reader takes it, of those that msgspec's takes."""


class _Parts(Struct, forbid_unknown_fields=True):
    """A flattened JWS."""

    payload: str
    protected: str
    header: dict[str, Any]
    signature: str


class _Protected(Struct):
    """What Go reads of the header by name: another spelling of a name that stands here is refused, used or not."""

    alg: str
    crit: tuple[Any, ...]
    cty: Any = None
    scheme: Any = field(default=None, name=SCHEME)


class _Times(Struct):
    signed: _Time = field(default=UNSET, name=SIGNED)
    authentic: _Time = field(default=UNSET, name=AUTHENTIC)
    expiry: _Time = field(default=UNSET, name=EXPIRY)


class _Header(Struct):
    x5c: tuple[bytes, ...]
    timestamp: bytes = field(default=b"", name=TIMESTAMP)
    agent: str | None = field(default=None, name=AGENT)


def read(raw: bytes) -> NotationEnvelope:
    """Read an envelope; SignatureRefusedError says what is wrong with it."""
    parts = shaped(table_of(raw, _WHAT, MOST_BYTES), _Parts, _WHAT)
    head = table_of(_from_url(parts.protected), _HEAD, MOST_BYTES)
    if both := sorted(set(head) & set(parts.header)):
        raise malformed(_WHAT, f"{both[0][:100]!r} is in both headers")
    protected = shaped(head, _Protected, _HEAD)
    check_count(protected.crit, _HEAD, "crit", 64)
    times: dict[str, datetime] = to_builtins(shaped(head, _Times, _HEAD), builtin_types=(datetime,))
    if odd := next((name for name in times if not _SPELLED.fullmatch(head[name])), ""):
        raise malformed(_HEAD, f"{odd} is not written as 2026-11-25T12:00:00Z is")
    scheme, signed, expiry = checked(Attributes(protected.cty, [str(name) for name in protected.crit], head, times))
    header = shaped(parts.header, _Header, "its header")
    check_count(header.x5c, "its header", "x5c", MOST_CERTIFICATES)
    return NotationEnvelope(
        protected.alg,
        header.x5c,
        f"{parts.protected}.{parts.payload}".encode(),
        _from_url(parts.signature),
        _from_url(parts.payload),
        scheme,
        signed,
        expiry,
        timestamp=header.timestamp,
        agent=(header.agent or "")[:200],
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


def _written(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
