"""Root keys are certificates: whether one is for this repository, still valid, and issued by an authority."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from warnings import catch_warnings, simplefilter

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID

from sealock.trust.notary.keys import RSA_BITS, certificates, unreadable
from sealock.trust.notary.metadata import NotaryKey

_LEEWAY: Final = timedelta(days=1)
"""Clocks differ: so much before its start a certificate is taken."""
_USES: Final = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "2.5.29.37.0")
"""Server authentication, code signing, any."""
_KNOWN: Final = ("2.5.29.15", "2.5.29.19", "2.5.29.37", "2.5.29.17")
"""Extensions that may be critical: key usage, basic constraints, extended key usage, alternative names."""


def fault(key: NotaryKey, gun: str, now: datetime | None) -> str:
    """Say what is wrong with a root key's certificate, "" for nothing; without `now` its age is not looked at."""
    try:
        with catch_warnings():
            simplefilter("ignore")
            return _fault(key, gun, now)
    except unreadable():
        return "cannot be read"


def _fault(key: NotaryKey, gun: str, now: datetime | None) -> str:
    chain = certificates(key)
    if not chain:
        return "is no certificate that can be read"
    leaf = chain[0]
    if is_authority(leaf) or any(not is_authority(one) for one in chain[1:]):
        return "is a chain that does not start with its only leaf"
    if not is_for(name_of(leaf), gun):
        return f"is for {name_of(leaf)[:200]!r}, not for {gun}"
    return weakness(leaf) or (age_fault(leaf, now) if now else "")


def is_for(common_name: str, gun: str) -> bool:
    """Whether a certificate's common name is the repository's, or a prefix of it that ends in a star."""
    if common_name.endswith("*"):
        return gun.startswith(common_name.rstrip("*"))
    return common_name == gun


def name_of(certificate: Certificate) -> str:
    """The common name; the last one where there are several, as Go reads it."""
    try:
        found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    value = found[-1].value if found else ""
    return value if isinstance(value, str) else ""


def is_authority(certificate: Certificate) -> bool:
    """Whether it may certify others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def weakness(certificate: Certificate) -> str:
    """Say what makes a certificate too weak, "" for nothing."""
    try:
        algorithm, public = certificate.signature_hash_algorithm, certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return "is signed in a way, or for a key, that is not known"
    if algorithm is not None and algorithm.name in {"sha1", "md5"}:
        return f"is signed with {algorithm.name.upper()}, which can be forged"
    if isinstance(public, rsa.RSAPublicKey) and public.key_size not in RSA_BITS:
        return f"has an RSA key of {public.key_size} bits, where 2048 are the least"
    if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        return "has a key that is neither ECDSA nor RSA"
    return ""


def age_fault(certificate: Certificate, now: datetime) -> str:
    """Say that it has expired or is not valid yet, "" where it is valid now."""
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > end:
        return f"expired on {end:%Y-%m-%d}"
    return f"is not valid before {start:%Y-%m-%d}" if now + _LEEWAY < start else ""


def issued_by(key: NotaryKey, authorities: Iterable[Certificate], now: datetime) -> bool:
    """Whether a chain leads from a root key's leaf, over the certificates that come with it, to one of the authorities.

    Each link's signature, right to certify and limit of length are checked, and each certificate's age.
    """
    try:
        with catch_warnings():
            simplefilter("ignore")
            return _leads(key, authorities, now)
    except unreadable():
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
        for one in chain[1:]:
            usable = _fingerprint(one) not in seen and not age_fault(one, now) and not weakness(one)
            if usable and _issued(child, one, below):
                seen.add(_fingerprint(one))
                waiting.append((one, below + 1))
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
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        InvalidSignature,
        UnsupportedAlgorithm,
        ValueError,
        TypeError,
    ):
        return False
    return True


def _may_sign_content(certificate: Certificate) -> bool:
    """Whether its uses, if it names any, are ours, and it demands nothing that is not known here."""
    if any(extension.critical and extension.oid.dotted_string not in _KNOWN for extension in certificate.extensions):
        return False
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except (x509.DuplicateExtension, ValueError):
        return False
    return any(use.dotted_string in _USES for use in uses)
