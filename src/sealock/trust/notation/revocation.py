"""Checks certificates against the given revocation lists. It downloads nothing.

A certificate without a list and responder cannot be revoked, and passes. With one, it needs a list of its issuer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.x509 import Certificate, CertificateRevocationList

from sealock.errors import TargetError
from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.notation import chain
from sealock.trust.notation.envelope import UNABLE
from sealock.trust.notation.requirements import RevocationList
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NO_CERTIFICATE


def check(pairs: Iterable[tuple[Certificate, Certificate]], lists: Sequence[RevocationList], now: datetime) -> None:
    """Check certificates, each with its issuer.

    Refuse with the check "revoked", or with UNABLE where no list covers a certificate.
    """
    loaded = [_load(given) for given in lists]
    for certificate, issuer in pairs:
        mine = [each for each in loaded if _is_of(each, issuer)]
        if any(each.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None for each in mine):
            why = f"the certificate of {chain.name_of(certificate)} was revoked"
            raise SignatureRefusedError(check="revoked", why=why)
        fresh = [each for each in mine if each.next_update_utc is not None and each.next_update_utc >= now]
        if not fresh and chain.lists_revocation([certificate]):
            reason = "the given list has expired" if mine else "sealock downloads no revocation lists"
            why = f"could not check whether the certificate of {chain.name_of(certificate)} was revoked: {reason}"
            raise SignatureRefusedError(check=UNABLE, why=why)


def _is_of(crl: CertificateRevocationList, issuer: Certificate) -> bool:

    try:
        # A list with a critical extension (indirect, delta, partial) is not complete.
        whole = not any(extension.critical for extension in crl.extensions)
        key = issuer.public_key()
        return whole and crl.issuer == issuer.subject and crl.is_signature_valid(key)  # type: ignore[arg-type]  # other kinds of key raise TypeError
    except NO_CERTIFICATE:
        return False


def _load(revocation_list: RevocationList) -> CertificateRevocationList:

    try:
        with ignore_warnings():
            load = x509.load_pem_x509_crl if b"-----BEGIN" in revocation_list.der else x509.load_der_x509_crl
            return load(revocation_list.der)
    except NO_CERTIFICATE:
        msg = f"{revocation_list.source or 'the revocation list'} cannot be read"
        raise TargetError(msg) from None
