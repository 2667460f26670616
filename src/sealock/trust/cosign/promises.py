"""Verifies keyless signatures under cosign's tags: a certificate, and the log's promise of inclusion (SET).

cosign 2 stores both in a layer's annotations, without an inclusion proof; it accepts the promise, since a log cannot
break it unnoticed. The checks are cosign's own: the certificate's chain at the log's time, its entry in the certificate
transparency log (RFC 6962), the promise, the entry's content, and the signature.
"""

from __future__ import annotations

import hashlib
import json
import struct
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp
from cryptography.x509.oid import ExtendedKeyUsageOID
from msgspec import Meta, Struct, field, to_builtins

from sealock.errors import TargetError
from sealock.formats.jsonobject import JsonObject
from sealock.trust.cosign.keys import PublicKey, made, public_of
from sealock.trust.cosign.trustedroot import Authority, TrustedRoot
from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NOT_SIGNED
from sealock.trust.wire import GoBase64, check_count, decoded, encoded, malformed, shaped, table_of, text

CERTIFICATE: Final = "dev.sigstore.cosign/certificate"
PROMISE: Final = "dev.sigstore.cosign/bundle"
_MOST: Final = 64 << 10
_MOST_CHAIN: Final = 8
_LAST: Final = 253402300799
"""The last second of the year 9999."""
_KNOWN: Final = frozenset({"2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.17"})
"""Extensions that may be critical: key usage, basic constraints, extended key usage, alternative names."""


class Promised(Struct, frozen=True):
    """A proven signature: the certificate (PEM), its key, and the log's integration time."""

    certificate: bytes
    key: PublicKey
    signed: datetime


class Unproven(Struct, frozen=True):
    """An unverified signature over a message, with its certificate (PEM) and the log's promise for the payload.

    `body` is the whole layer: the payload itself, or its envelope.
    """

    signature: bytes
    message: bytes
    payload: bytes
    body: bytes
    certificate: str = ""
    promise: str = ""


class _PromisedEntry(Struct, rename="camel"):
    body: str
    integrated_time: Annotated[int, Meta(gt=0, le=_LAST)]
    log_index: int
    log_id: str = field(name="logID")


class _Promise(Struct, rename="pascal"):
    signed_entry_timestamp: GoBase64
    payload: _PromisedEntry


def check_promise(root: TrustedRoot, unproven: Unproven) -> Promised:
    """Verify certificate, promise, entry and signature; SignatureRefusedError says what is not proven."""
    if not unproven.promise:
        raise _unproven(why="it has no promise of a log")
    if len(unproven.promise) > _MOST or len(unproven.certificate) > _MOST:
        raise _unproven(why="its certificate or promise is too large")
    when, entry = _promised(root, unproven.promise)
    key = check_certificate(root, unproven.certificate.encode(), when)
    if not made(key, unproven.signature, unproven.message):
        raise _unproven(why="the signature was not made by the certificate's key")
    _check_entry(entry, unproven)
    return Promised(unproven.certificate.encode(), key, when)


def check_certificate(root: TrustedRoot, certificate: bytes, when: datetime) -> PublicKey:
    """Verify a certificate (PEM or DER) at a time, and return its key; SignatureRefusedError says what is wrong."""
    pem = b"-----BEGIN" in certificate
    try:
        with ignore_warnings():
            leaf = (x509.load_pem_x509_certificate if pem else x509.load_der_x509_certificate)(certificate)
            _check_leaf(leaf, when)
            _check_chain(root, leaf, when)
            return public_of(leaf.public_key(), "the certificate's key")
    except (TargetError, *NOT_SIGNED) as error:
        lacks = f"it has no extension {error.oid.dotted_string}" if isinstance(error, x509.ExtensionNotFound) else ""
        raise _unproven(why=f"its certificate cannot be used: {lacks or str(error) or type(error).__name__}") from None


def _unproven(*, why: str) -> SignatureRefusedError:
    return SignatureRefusedError(check="signature", why=why)


def check_log(root: TrustedRoot, log_id: bytes, when: datetime) -> None:
    """Refuse an entry of a log that is not trusted for that time."""
    if not any(log.id == log_id and log.span.holds(when) for log in root.logs):
        raise _unproven(why="no log that is trusted for that time has it")


# The promise.


def _promised(root: TrustedRoot, promise: str) -> tuple[datetime, dict[str, Any]]:
    """Return the time and the entry that a trusted log promised to include."""
    what = "the log's promise"
    promised = shaped(table_of(promise.encode(), what, _MOST), _Promise, what)
    entry, stamp = promised.payload, promised.signed_entry_timestamp
    when = datetime.fromtimestamp(entry.integrated_time, UTC)
    signed = json.dumps(to_builtins(entry), sort_keys=True, separators=(",", ":")).encode()
    # The id is only a hint; the signature decides.
    trusted = (log for log in root.logs if log.id.hex() == entry.log_id and log.span.holds(when))
    if not any(made(log.key, stamp, signed) for log in trusted):
        raise _unproven(why="the promise is not by a trusted log")
    return when, table_of(decoded(entry.body, what), "the log's entry", _MOST)


def _check_entry(entry: dict[str, Any], unproven: Unproven) -> None:
    """Check that the log's entry is for this signature, certificate and payload (CVE-2022-36056)."""
    what = "the log's entry"
    kind, spec = text(entry, "kind", what), JsonObject(entry.get("spec"))
    logged, signature = unproven.payload, unproven.signature
    if kind == "hashedrekord":
        hashed, signed = spec.child("data").child("hash"), spec.child("signature")
        signer, content = signed.child("publicKey").text("content"), signed.text("content")
    elif kind == "dsse":
        hashed, signed = spec.child("payloadHash"), _only_signature(spec, what)
        signer, content = signed.text("verifier"), signed.text("signature")
    elif kind == "intoto":
        # An older client's entry is for the whole envelope, with its signature.
        inner, logged = spec.child("content"), unproven.body
        has_envelope = isinstance(inner.members.get("envelope"), dict)
        signed = _only_signature(inner.child("envelope"), what) if has_envelope else spec
        hashed, signer, content = inner.child("hash"), signed.text("publicKey"), encoded(signature)
    else:
        raise _unproven(why=f"the log's entry has the unknown kind {kind[:40]!r}")
    if not hashed or not signer or not content:
        raise malformed(what, f"its {kind} names no hash, key or signature")
    same = (hashed.text("algorithm"), hashed.text("value")) == ("sha256", hashlib.sha256(logged).hexdigest())
    certificate = decoded(signer, what).strip()
    if not same or decoded(content, what) != signature or certificate != unproven.certificate.encode().strip():
        raise _unproven(why="the log's entry is for another signature")


def _only_signature(table: JsonObject, what: str) -> JsonObject:
    signatures = table.elements("signatures")
    check_count(signatures, what, "signatures", 1)
    return JsonObject(next(iter(signatures), None))


# The certificate.


def _check_leaf(leaf: Certificate, when: datetime) -> None:
    """ValueError where the certificate may not sign, or not at that time."""
    _check_age(leaf, when)
    if any(extension.critical and extension.oid.dotted_string not in _KNOWN for extension in leaf.extensions):
        msg = "it has an unknown critical extension"
        raise ValueError(msg)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if _is_authority(leaf) or not usage.digital_signature or ExtendedKeyUsageOID.CODE_SIGNING not in uses:
        msg = "it is not for signing code"
        raise ValueError(msg)


def _check_chain(root: TrustedRoot, leaf: Certificate, when: datetime) -> None:
    """ValueError where no trusted authority issued the certificate, or no log has it."""
    for authority in root.authorities:
        issuer = issuer_of(authority, leaf, when) if authority.span.holds(when) else None
        if issuer is not None:
            if not _logged(root, leaf, issuer):
                msg = "no trusted certificate transparency log has it"
                raise ValueError(msg)
            return
    msg = "no trusted authority issued it"
    raise ValueError(msg)


def issuer_of(authority: Authority, leaf: Certificate, when: datetime) -> Certificate | None:
    """Return the certificate that issued the leaf, if the chain from there to the root is valid."""
    chain = [x509.load_der_x509_certificate(certificate) for certificate in authority.chain[:_MOST_CHAIN]]
    try:
        for below, (child, parent) in enumerate(pairwise((leaf, *chain))):
            child.verify_directly_issued_by(parent)
            _check_age(parent, when)
            limits = parent.extensions.get_extension_for_class(x509.BasicConstraints).value
            usage = parent.extensions.get_extension_for_class(x509.KeyUsage).value
            short = limits.path_length is not None and below > limits.path_length
            if not limits.ca or not usage.key_cert_sign or short:
                return None
    except NOT_SIGNED:
        return None
    return chain[0] if chain else None


def _check_age(certificate: Certificate, when: datetime) -> None:
    if not certificate.not_valid_before_utc <= when <= certificate.not_valid_after_utc:
        msg = f"it was not valid at the signing time, {when:%Y-%m-%d %H:%M}"
        raise ValueError(msg)


def _is_authority(certificate: Certificate) -> bool:

    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _logged(root: TrustedRoot, leaf: Certificate, issuer: Certificate) -> bool:
    """Whether a trusted certificate transparency log has the certificate."""
    stamps = leaf.extensions.get_extension_for_class(x509.PrecertificateSignedCertificateTimestamps).value
    issuer_key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    bare = leaf.tbs_precertificate_bytes
    entry = hashlib.sha256(issuer_key).digest() + len(bare).to_bytes(3, "big") + bare
    return any(_stamped(root, stamp, entry) for stamp in list(stamps)[:_MOST_CHAIN])


def _stamped(root: TrustedRoot, stamp: SignedCertificateTimestamp, entry: bytes) -> bool:
    when = stamp.timestamp.replace(tzinfo=UTC)
    millis = int(when.timestamp()) * 1000 + when.microsecond // 1000
    # RFC 6962, 3.2: version 1, a certificate's time stamp, a precertificate.
    signed = struct.pack("!BBQH", 0, 0, millis, 1) + entry
    signed += struct.pack("!H", len(stamp.extension_bytes)) + stamp.extension_bytes
    return any(
        log.id == stamp.log_id and log.span.holds(when) and made(log.key, stamp.signature, signed)
        for log in root.certificate_logs
    )
