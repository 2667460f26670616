"""Sigstore's trusted_root.json: whose certificates count, and whose logs, and when (sigstore_trustroot.proto, 0.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Struct

from sealock.errors import TargetError
from sealock.trust.cosign.keys import PublicKey, public_of
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import decoded, field, listed, table_of, text

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
MOST_BYTES: Final = 1 << 20
_MOST: Final = 64
_WHAT: Final = "the trusted root"


class ValidityPeriod(Struct, frozen=True):
    """From when until when something counts; None where it counts still."""

    start: datetime
    end: datetime | None = None

    def holds(self, when: datetime) -> bool:
        """Whether a moment is within."""
        return self.start <= when and (self.end is None or when <= self.end)


class Log(Struct, frozen=True):
    """A log's key. Its id is what entries name it by: mostly the SHA-256 of the key."""

    key: PublicKey
    span: ValidityPeriod
    id: bytes


class Authority(Struct, frozen=True):
    """Who certifies: certificates in DER, from the one that issues up to the root."""

    chain: tuple[bytes, ...]
    span: ValidityPeriod


class TrustedRoot(Struct, frozen=True):
    """What is trusted to say who signed, and when."""

    authorities: tuple[Authority, ...]
    certificate_logs: tuple[Log, ...]
    logs: tuple[Log, ...]


def read_trusted_root(raw: bytes) -> TrustedRoot:
    """Read one; TargetError says why it is none."""
    try:
        table = table_of(raw, _WHAT, MOST_BYTES)
        if text(table, "mediaType", _WHAT) != MEDIA_TYPE:
            msg = "the trusted root cannot be used: it is of a type that is not known"
            raise TargetError(msg)
        return TrustedRoot(
            tuple(_authority(object_) for object_ in _objects(table, "certificateAuthorities")),
            tuple(_logs(table, "ctlogs")),
            tuple(_logs(table, "tlogs")),
        )
    except SignatureRefusedError as error:
        msg = f"the trusted root cannot be used: {error}"
        raise TargetError(msg) from None


def _objects(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = listed(table, key, _WHAT, _MOST) if key in table else []
    return [one for one in found if isinstance(one, dict)]


def _authority(table: dict[str, Any]) -> Authority:
    chain = _objects(field(table, "certChain", _WHAT), "certificates")
    return Authority(tuple(decoded(one.get("rawBytes"), _WHAT) for one in chain), _span(table))


def _logs(table: dict[str, Any], key: str) -> Iterator[Log]:
    for object_ in _objects(table, key):
        if (log := _log(object_)) is not None:
            yield log


def _log(table: dict[str, Any]) -> Log | None:
    """A log; None where its key is of a kind that is not known, so that nothing counts by it."""
    key = field(table, "publicKey", _WHAT)
    span = _span(key)
    try:
        public = public_of(load_der_public_key(decoded(key.get("rawBytes"), _WHAT)), "the log's key")
        named = table.get("logId")
        told = decoded(named.get("keyId"), _WHAT) if isinstance(named, dict) else b""
        return Log(public, span, told or hashlib.sha256(public.der).digest())
    except (ValueError, TypeError, UnsupportedAlgorithm, TargetError):
        return None


def _span(table: dict[str, Any]) -> ValidityPeriod:
    span = table.get("validFor") or {}
    if not isinstance(span, dict):
        msg = "the trusted root cannot be used: validFor is no object"
        raise TargetError(msg)
    start, end = (_moment(span.get(key)) for key in ("start", "end"))
    return ValidityPeriod(start or datetime.min.replace(tzinfo=UTC), end)


def _moment(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        when = datetime.fromisoformat(str(value)[:40])
    except ValueError:
        when = None
    if when is None or when.tzinfo is None:
        msg = f"the trusted root cannot be used: {str(value)[:40]!r} is no time"
        raise TargetError(msg)
    return when
