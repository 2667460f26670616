"""Reads the claims of Fulcio's certificates about the signer, without verification."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from warnings import catch_warnings, simplefilter

from cryptography import x509
from msgspec import Struct

from sealock.trust.unusable import NO_EXTENSION

_ISSUER: Final = "1.3.6.1.4.1.57264.1.8"
_ISSUER_OLD: Final = "1.3.6.1.4.1.57264.1.1"
_MOST: Final = 64 << 10


class CertificateClaims(Struct, frozen=True):
    """A certificate's subjects (addresses, URIs), their OIDC issuer, and the start of its validity."""

    subjects: tuple[str, ...]
    issuer: str
    start: datetime


def read_claims(certificate: bytes) -> CertificateClaims | None:
    """Read a certificate in DER or PEM; None where it cannot be read, or has no subject."""
    if len(certificate) > _MOST:
        return None
    try:
        with catch_warnings():
            simplefilter("ignore")
            load = x509.load_pem_x509_certificate if b"-----BEGIN" in certificate else x509.load_der_x509_certificate
            loaded = load(certificate)
            names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            subjects = tuple(
                name.value for name in names if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier)
            )
            return CertificateClaims(subjects, _issuer(loaded), loaded.not_valid_before_utc) if subjects else None
    except NO_EXTENSION:
        return None


def claimed(certificate: bytes) -> str:
    """Describe the signer that a certificate claims, for messages."""
    claims = read_claims(certificate)
    if claims is None:
        return "a signer whose certificate cannot be read"
    return f"{claims.subjects[0][:200]} ({claims.issuer[:200] or 'no issuer'}) on {claims.start:%Y-%m-%d}"


def _issuer(certificate: object) -> str:

    if not isinstance(certificate, x509.Certificate):
        return ""
    values = {
        extension.oid.dotted_string: extension.value.value
        for extension in certificate.extensions
        if isinstance(extension.value, x509.UnrecognizedExtension)
    }
    if (der := values.get(_ISSUER)) is not None:
        # A UTF8String in DER; only short ones, as Fulcio writes.
        if len(der) < 2 or der[0] != 0x0C:
            return ""
        at = 2 if der[1] < 0x80 else 3
        length = der[1] if der[1] < 0x80 else (der[2] if der[1] == 0x81 and len(der) > 2 else -1)
        return der[at:].decode("utf-8", "replace") if len(der) == at + length else ""
    return values.get(_ISSUER_OLD, b"").decode("utf-8", "replace")
