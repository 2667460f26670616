"""Sigstore's trusted_root.json: trusted authorities and logs, with their validity (sigstore_trustroot.proto, 0.1)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Final, TypeAlias

from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Meta, Struct

from sealock.errors import TargetError
from sealock.trust.cosign.keys import PublicKey, public_of
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NO_KEY
from sealock.trust.wire import GoBase64, shaped, table_of, text

MEDIA_TYPE: Final = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
MOST_BYTES: Final = 1 << 20
_MOST: Final = 64
_WHAT: Final = "the trusted root"
_Few: Final = Meta(max_length=_MOST)
_Time: TypeAlias = Annotated[datetime, Meta(tz=True)]


class ValidityPeriod(Struct, frozen=True):
    """When an authority or log counts; None where it always did, or still does."""

    start: _Time | None = None
    end: _Time | None = None

    def holds(self, when: datetime) -> bool:
        """Whether a moment is within the period."""
        return (self.start is None or self.start <= when) and (self.end is None or when <= self.end)


class X509Certificate(Struct, rename="camel"):
    """A certificate in DER, as Sigstore's JSON has it."""

    raw_bytes: GoBase64


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


class _Chain(Struct):
    certificates: Annotated[tuple[X509Certificate, ...], _Few] = ()


class _Authority(Struct, rename="camel"):
    cert_chain: _Chain
    valid_for: ValidityPeriod | None = None


class _Key(Struct, rename="camel"):
    raw_bytes: GoBase64
    valid_for: ValidityPeriod | None = None


class _LogId(Struct, rename="camel"):
    key_id: GoBase64


class _Log(Struct, rename="camel"):
    public_key: _Key
    log_id: _LogId | None = None


class _Root(Struct, rename="camel"):
    certificate_authorities: Annotated[tuple[_Authority, ...], _Few] = ()
    ctlogs: Annotated[tuple[_Log, ...], _Few] = ()
    tlogs: Annotated[tuple[_Log, ...], _Few] = ()


def read_trusted_root(raw: bytes) -> TrustedRoot:
    """Read a trusted root; TargetError says why it cannot be used."""
    try:
        table = table_of(raw, _WHAT, MOST_BYTES)
        if text(table, "mediaType", _WHAT) != MEDIA_TYPE:
            msg = "the trusted root cannot be used: it has an unknown type"
            raise TargetError(msg)
        root = shaped(table, _Root, _WHAT)
    except SignatureRefusedError as error:
        msg = f"the trusted root cannot be used: {error}"
        raise TargetError(msg) from None
    return TrustedRoot(
        tuple(
            Authority(
                tuple(certificate.raw_bytes for certificate in authority.cert_chain.certificates),
                authority.valid_for or ValidityPeriod(),
            )
            for authority in root.certificate_authorities
        ),
        _logs(root.ctlogs),
        _logs(root.tlogs),
    )


def _logs(entries: tuple[_Log, ...]) -> tuple[Log, ...]:
    return tuple(log for entry in entries if (log := _log(entry)) is not None)


def _log(entry: _Log) -> Log | None:
    """Read a log; None where its key has an unknown kind, so that the log does not count."""
    try:
        public = public_of(load_der_public_key(entry.public_key.raw_bytes), "the log's key")
    except (TargetError, *NO_KEY):
        return None
    log_id = entry.log_id.key_id if entry.log_id else b""
    return Log(public, entry.public_key.valid_for or ValidityPeriod(), log_id or hashlib.sha256(public.der).digest())
