"""Validates the certificates of root keys: for this repository, not expired, issued by an authority."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID

from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.notary.keys import RSA_BITS, certificates
from sealock.trust.notary.metadata import NotaryKey
from sealock.trust.unusable import NO_CERTIFICATE, NO_EXTENSION, NO_KEY, NOT_SIGNED

_LEEWAY: Final = timedelta(days=1)
"""Clock skew: how long before its start a certificate is accepted."""
_USES: Final = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "2.5.29.37.0")
"""Server authentication, code signing, any."""
_KNOWN: Final = ("2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.17")
"""Extensions that may be critical: key usage, basic constraints, extended key usage, alternative names."""


def fault(key: NotaryKey, gun: str, now: datetime | None) -> str:
    """Say what is wrong with a root key's certificate, "" for nothing; without `now` its validity is not checked."""
    try:
        with ignore_warnings():
            return _fault(key, gun, now)
    except NO_CERTIFICATE:
        return "cannot be read"


def _fault(key: NotaryKey, gun: str, now: datetime | None) -> str:
    chain = certificates(key)
    if not chain:
        return "is not a readable certificate"
    leaf = chain[0]
    if is_authority(leaf) or any(not is_authority(certificate) for certificate in chain[1:]):
        return "is a chain that does not start with its only leaf"
    if not is_for(name_of(leaf), gun):
        return f"is for {name_of(leaf)[:200]!r}, not for {gun}"
    for certificate in chain:
        if why := weakness(certificate) or (age_fault(certificate, now) if now else ""):
            return why if certificate is leaf else f"has an authority whose certificate {why}"
    return ""


def is_for(common_name: str, gun: str) -> bool:
    """Whether a certificate's common name is the repository's, or a prefix of it that ends in a star."""
    if common_name.endswith("*"):
        return gun.startswith(common_name.rstrip("*"))
    return common_name == gun


def name_of(certificate: Certificate) -> str:
    """The common name; the last one where there are several, as Go reads it."""
    try:
        with ignore_warnings():
            names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    value = names[-1].value if names else ""
    return value if isinstance(value, str) else ""


def is_authority(certificate: Certificate) -> bool:
    """Whether a certificate is an authority's; one whose extensions cannot be read raises what NO_CERTIFICATE has."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def weakness(certificate: Certificate) -> str:
    """Say what makes a certificate too weak, "" for nothing."""
    try:
        algorithm, public = certificate.signature_hash_algorithm, certificate.public_key()
    except NO_KEY:
        return "has an unknown signature algorithm or key"
    if algorithm is not None and algorithm.name in {"sha1", "md5"}:
        return f"is signed with {algorithm.name.upper()}, which can be forged"
    if isinstance(public, rsa.RSAPublicKey) and public.key_size not in RSA_BITS:
        return f"has an RSA key of {public.key_size} bits; the minimum is 2048"
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return "has a key that is neither ECDSA nor RSA"
    return ""


def age_fault(certificate: Certificate, now: datetime) -> str:
    """Say that it has expired or is not valid yet, "" where it is valid now."""
    try:
        start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except NO_CERTIFICATE:  # DER has a year 0
        return "has dates that cannot be read"
    if now > end:
        return f"expired on {end:%Y-%m-%d}"
    return f"is not valid before {start:%Y-%m-%d}" if now + _LEEWAY < start else ""


def last_day(certificate: Certificate) -> str:
    """The day on which a certificate ends, in words where it cannot be read."""
    try:
        return f"{certificate.not_valid_after_utc:%Y-%m-%d}"
    except NO_CERTIFICATE:
        return "a day that cannot be read"


def issued_by(key: NotaryKey, authorities: Iterable[Certificate], now: datetime) -> bool:
    """Whether a chain leads from a root key's leaf, over its other certificates, to one of the authorities.

    It checks each link's signature, key usage and path length, and each certificate's validity.
    """
    try:
        with ignore_warnings():
            return _leads(key, authorities, now)
    except NO_CERTIFICATE:
        return False


def _leads(key: NotaryKey, authorities: Iterable[Certificate], now: datetime) -> bool:
    chain = certificates(key)
    anchors = [authority for authority in authorities if not age_fault(authority, now) and not weakness(authority)]
    if not chain or not _may_sign_content(chain[0]):
        return False
    waiting, seen = [(chain[0], 0)], {_fingerprint(chain[0])}
    while waiting:
        child, below = waiting.pop(0)
        if any(child == anchor or _issued(child, anchor, below) for anchor in anchors):
            return True
        for issuer in chain[1:]:
            usable = _fingerprint(issuer) not in seen and not age_fault(issuer, now) and not weakness(issuer)
            if usable and _issued(child, issuer, below):
                seen.add(_fingerprint(issuer))
                waiting.append((issuer, below + 1))
    return False


def _fingerprint(certificate: Certificate) -> bytes:

    return certificate.fingerprint(SHA256())


def _issued(child: Certificate, issuer: Certificate, below: int) -> bool:
    """Whether `issuer` issued `child`, and may, with `below` authorities between it and the leaf."""
    try:
        if not _may_sign_content(issuer):
            return False
        limits = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        if not limits.ca or (limits.path_length is not None and below > limits.path_length):
            return False
        try:
            if not issuer.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign:
                return False
        except x509.ExtensionNotFound:
            pass
        child.verify_directly_issued_by(issuer)
    except NOT_SIGNED:
        return False
    return True


def _may_sign_content(certificate: Certificate) -> bool:
    """Whether its extended key usage, if any, allows signing, and it has no unknown critical extension."""
    if any(extension.critical and extension.oid.dotted_string not in _KNOWN for extension in certificate.extensions):
        return False
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except NO_EXTENSION:
        return False
    return any(use.dotted_string in _USES for use in uses)
