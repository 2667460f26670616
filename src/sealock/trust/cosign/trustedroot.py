"""Sigstore's trusted_root.json: trusted authorities and logs, with their validity (sigstore_trustroot.proto, 0.1)."""

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
    """When an authority or log counts; `end` is None where it still does."""

    start: datetime
    end: datetime | None = None

    def holds(self, when: datetime) -> bool:
        """Whether a moment is within the period."""
        return self.start <= when and (self.end is None or when <= self.end)


class Log(Struct, frozen=True):
    """A log's key. Entries name the log by `id`, mostly the SHA-256 of the key."""

    key: PublicKey
    span: ValidityPeriod
    id: bytes


class Authority(Struct, frozen=True):
    """A certificate authority: certificates in DER, from the issuing one up to the root."""

    chain: tuple[bytes, ...]
    span: ValidityPeriod


class TrustedRoot(Struct, frozen=True):
    """The authorities and logs that are trusted for signers and signing times."""

    authorities: tuple[Authority, ...]
    certificate_logs: tuple[Log, ...]
    logs: tuple[Log, ...]


def read_trusted_root(raw: bytes) -> TrustedRoot:
    """Read a trusted root; TargetError says why it cannot be used."""
    try:
        table = table_of(raw, _WHAT, MOST_BYTES)
        if text(table, "mediaType", _WHAT) != MEDIA_TYPE:
            msg = "the trusted root cannot be used: it has an unknown type"
            raise TargetError(msg)
        return TrustedRoot(
            tuple(_authority(entry) for entry in _objects(table, "certificateAuthorities")),
            tuple(_logs(table, "ctlogs")),
            tuple(_logs(table, "tlogs")),
        )
    except SignatureRefusedError as error:
        msg = f"the trusted root cannot be used: {error}"
        raise TargetError(msg) from None


def _objects(table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    entries = listed(table, key, _WHAT, _MOST) if key in table else []
    return [entry for entry in entries if isinstance(entry, dict)]


def _authority(table: dict[str, Any]) -> Authority:
    chain = _objects(field(table, "certChain", _WHAT), "certificates")
    return Authority(tuple(decoded(certificate.get("rawBytes"), _WHAT) for certificate in chain), _span(table))


def _logs(table: dict[str, Any], key: str) -> Iterator[Log]:
    for entry in _objects(table, key):
        if (log := _log(entry)) is not None:
            yield log


def _log(table: dict[str, Any]) -> Log | None:
    """Read a log; None where its key has an unknown kind, so that the log does not count."""
    key = field(table, "publicKey", _WHAT)
    span = _span(key)
    try:
        public = public_of(load_der_public_key(decoded(key.get("rawBytes"), _WHAT)), "the log's key")
        named = table.get("logId")
        log_id = decoded(named.get("keyId"), _WHAT) if isinstance(named, dict) else b""
        return Log(public, span, log_id or hashlib.sha256(public.der).digest())
    except (ValueError, TypeError, UnsupportedAlgorithm, TargetError):
        return None


def _span(table: dict[str, Any]) -> ValidityPeriod:
    span = table.get("validFor") or {}
    if not isinstance(span, dict):
        msg = "the trusted root cannot be used: validFor is not an object"
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
        msg = f"the trusted root cannot be used: {str(value)[:40]!r} is not a time"
        raise TargetError(msg)
    return when
