"""Validates a signature's certificates: that they are a chain, fit for signing content, and not expired.

These are the specification's certificate requirements; `verifier` checks whether the chain is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.x509 import Certificate

from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NO_CERTIFICATE, NOT_SIGNED

_RSA_BITS: Final = range(2048, 16385)
_WRONG_USES: Final = {
    "2.5.29.37.0": "anything",
    "1.3.6.1.5.5.7.3.1": "servers",
    "1.3.6.1.5.5.7.3.2": "clients",
    "1.3.6.1.5.5.7.3.4": "mail",
    "1.3.6.1.5.5.7.3.8": "time stamps",
    "1.3.6.1.5.5.7.3.9": "answers on revocation",
}
_WRONG_BITS: Final = (
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})
_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_MOST: Final = 64 << 10


def load(ders: Sequence[bytes]) -> tuple[Certificate, ...]:
    """Read certificates in DER."""
    if not ders:
        raise _refused(why="it has no certificate")
    try:
        with ignore_warnings():
            return tuple(x509.load_der_x509_certificate(_small(der)) for der in ders)
    except NO_CERTIFICATE:
        raise _refused(why="one of its certificates cannot be read") from None


def check(chain: Sequence[Certificate]) -> None:
    """Validate a chain: the signer's certificate first, each issued by the next, a root last."""
    try:
        with ignore_warnings():
            _check(chain)
    except NO_CERTIFICATE:
        raise _refused(why="its certificates cannot be parsed") from None


def outside(chain: Sequence[Certificate], when: datetime) -> str:
    """Say which certificate is not valid at a moment, "" where all are."""
    for certificate in chain:
        end, start = certificate.not_valid_after_utc, certificate.not_valid_before_utc
        if when > end:
            return f"the certificate of {name_of(certificate)} expired on {end:%Y-%m-%d}"
        if when < start:
            return f"the certificate of {name_of(certificate)} is not valid before {start:%Y-%m-%d}"
    return ""


def key_of(certificate: Certificate) -> object:
    """Return its public key; SignatureRefusedError for an unknown kind."""
    try:
        return certificate.public_key()
    except NO_CERTIFICATE:
        why = "the signer's key has an unknown kind"
        raise SignatureRefusedError(check="algorithm", why=why) from None


def name_of(certificate: Certificate) -> str:
    """Return its subject for messages."""
    try:
        with ignore_warnings():
            return certificate.subject.rfc4514_string()[:300] or "an empty subject"
    except ValueError:
        return "an unreadable subject"


def lists_revocation(chain: Sequence[Certificate]) -> str:
    """Name a certificate that has a revocation list or responder, "" where none has."""
    for certificate in chain:
        try:
            with ignore_warnings():
                values = [extension.value for extension in certificate.extensions]
        except NO_CERTIFICATE:
            return name_of(certificate)
        for value in values:
            if isinstance(value, x509.CRLDistributionPoints) or (
                isinstance(value, x509.AuthorityInformationAccess)
                and any(access.access_method.dotted_string == "1.3.6.1.5.5.7.48.1" for access in value)
            ):
                return name_of(certificate)
    return ""


def _check(chain: Sequence[Certificate]) -> None:

    leaf, root = chain[0], chain[-1]
    for certificate in chain:
        _check_strength(certificate)
    for place, (child, issuer) in enumerate(pairwise((*chain, root))):
        if not _is_issued_by(child, issuer):
            if place == len(chain) - 1:
                raise _refused(why=f"its chain does not end in a root: another authority issued {name_of(root)}")
            raise _refused(why=f"the next certificate did not issue that of {name_of(child)}")
        if place < len(chain) - 1 and _is_issued_by(child, child):
            raise _refused(why=f"the certificate of {name_of(child)} is a root, and the chain goes on after it")
    _check_leaf(leaf)
    for below, authority in enumerate(chain[1:]):
        _check_authority(authority, below)


def _check_strength(certificate: Certificate) -> None:

    algorithm, key = certificate.signature_hash_algorithm, certificate.public_key()
    if algorithm is None or algorithm.name not in _HASHES:
        raise _refused(
            why=f"the certificate of {name_of(certificate)} is signed with {algorithm.name if algorithm else 'no hash'}"
        )
    padded = certificate.signature_algorithm_parameters
    if isinstance(padded, padding.PSS) and not _is_padded_as_known(padded, algorithm):
        raise _refused(
            why=f"the certificate of {name_of(certificate)} is signed by RSA-PSS with another salt or hash than usual"
        )
    if isinstance(key, rsa.RSAPublicKey) and key.key_size not in _RSA_BITS:
        raise _refused(
            why=f"the certificate of {name_of(certificate)} has an RSA key of {key.key_size} bits; 2048 are the least"
        )
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name not in _CURVES:
        raise _refused(
            why=f"the certificate of {name_of(certificate)} has a key on {key.curve.name}; P-256, P-384 and P-521 count"
        )


def _is_padded_as_known(padded: padding.PSS, algorithm: HashAlgorithm) -> bool:
    """Whether the salt is as long as the digest, and the mask by the same hash: other verifiers know no other."""
    # The library has no public name for either.
    salt, mask = padded._salt_length, padded.mgf._algorithm  # noqa: SLF001
    return bool(salt == algorithm.digest_size and mask.name == algorithm.name)


def _is_issued_by(child: Certificate, issuer: Certificate) -> bool:
    try:
        child.verify_directly_issued_by(issuer)
    except NOT_SIGNED:
        return False
    return True


def _check_leaf(leaf: Certificate) -> None:
    who = f"the certificate of {name_of(leaf)}"
    limits = _extension(leaf, "2.5.29.19")
    if limits is not None and limits.value.ca:
        raise _refused(why=f"{who} is an authority's, which may not sign content")
    usage = _extension(leaf, "2.5.29.15")
    if usage is None or not usage.critical or not usage.value.digital_signature:
        raise _refused(why=f"{who} is not marked, as critical, for digital signatures")
    if any(getattr(usage.value, bit) for bit in _WRONG_BITS):
        raise _refused(why=f"{who} is for more than digital signatures")
    uses = _extension(leaf, "2.5.29.37")
    for use in uses.value if uses is not None else ():
        if (wrong := _WRONG_USES.get(use.dotted_string)) is not None:
            raise _refused(why=f"{who} is for {wrong}, not for signing content")


def _check_authority(certificate: Certificate, below: int) -> None:
    """`below` is how many authorities are between it and the leaf."""
    who = f"the certificate of {name_of(certificate)}"
    limits, usage = _extension(certificate, "2.5.29.19"), _extension(certificate, "2.5.29.15")
    if limits is None or not limits.critical or not limits.value.ca:
        raise _refused(why=f"{who} is not an authority's")
    if limits.value.path_length is not None and below > limits.value.path_length:
        raise _refused(why=f"{who} allows {limits.value.path_length} authorities below it, and has {below}")
    if usage is None or not usage.critical or not usage.value.key_cert_sign:
        raise _refused(why=f"{who} is not marked, as critical, for signing certificates")


def _extension(certificate: Certificate, oid: str) -> Any:  # noqa: ANN401  each has a class of its own
    return next((extension for extension in certificate.extensions if extension.oid.dotted_string == oid), None)


def _small(der: bytes) -> bytes:
    if len(der) > _MOST:
        raise _refused(why=f"one of its certificates has {len(der)} bytes; the limit is {_MOST}")
    return der


def _refused(*, why: str) -> SignatureRefusedError:
    return SignatureRefusedError(check="certificate", why=why)
