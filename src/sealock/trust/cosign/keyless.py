"""Signatures without keys: a short-lived certificate for a person or a workflow, and a log that says when it signed.

Bundles hold the log's proof: the sigstore library verifies them. What stands under cosign's tags holds its promise
alone: `promises` verifies that. Whom the certificate is for is held to what is expected here, so that patterns work.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from tempfile import NamedTemporaryFile
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from sealock.errors import TargetError, UsageError
from sealock.model.trust import Signer
from sealock.trust.cosign.bundles import Bundle
from sealock.trust.cosign.certificates import CertificateClaims, claimed, said
from sealock.trust.cosign.promises import Unproven, check_certificate, check_log, check_promise
from sealock.trust.cosign.requirements import SignerIdentity
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.refusal import SignatureRefusedError


class SigstoreRoot:
    """A trusted root, Sigstore's own or a private one's trusted_root.json, and who is expected."""

    def __init__(self, raw: bytes, identities: tuple[SignerIdentity, ...]) -> None:
        """Read it; TargetError where it cannot be used."""
        self._raw, self._identities = raw, identities
        self._noun = read_trusted_root(raw)
        self._verifier: Any = None

    def signer(self, bundle: Bundle, where: str) -> Signer:
        """Who signed a bundle; SignatureRefusedError where that is nobody expected, or nothing is proven."""
        if self._verifier is None:
            self._verifier = _verifier(self._raw)
        import sigstore.models  # noqa: PLC0415  loaded already

        policy = _Policy(self._identities)
        try:
            parsed = sigstore.models.Bundle.from_json(bundle.raw)
            kind, payload = self._verifier.verify_dsse(parsed, policy)
        except SignatureRefusedError:
            raise
        except Exception as error:  # noqa: BLE001  as above; whatever it is, nothing is proven
            raise _unproven(bundle.certificate, _short(error)) from None
        if (kind, payload) != (bundle.envelope.payload_type, bundle.envelope.payload) or policy.found is None:
            raise SignatureRefusedError(check="malformed", why="it reads as one thing here and as another there")
        found, subject = policy.found
        when = _when(parsed) or found.start
        try:
            # The library lets keys and authorities count beyond the time that the root gives them.
            key = check_certificate(self._noun, bundle.certificate, when)
            check_log(self._noun, parsed.log_entry._inner.log_id.key_id, when)  # noqa: SLF001  as in _when
        except SignatureRefusedError as error:
            raise _unproven(bundle.certificate, str(error)) from None
        return Signer(key.id, subject, found.issuer, when, where)

    def promised(self, unproven: Unproven, where: str) -> Signer:
        """As signer, of what stands under a tag."""
        try:
            proven = check_promise(self._noun, unproven)
        except SignatureRefusedError as error:
            raise _unproven(unproven.certificate.encode(), str(error)) from None
        found, subject = _expected(self._identities, proven.certificate)
        return Signer(proven.key.id, subject, found.issuer, proven.signed, where)


def _verifier(raw: bytes) -> Any:  # noqa: ANN401  the library's
    """The library's verifier; TargetError where it cannot use the root, UsageError where it is missing."""
    try:
        import sigstore.models  # noqa: PLC0415  it costs seconds
        import sigstore.verify  # noqa: PLC0415  as above
    except ImportError:
        msg = "bundles that were signed without a key need a library: install sealock[keyless]"
        raise UsageError(msg) from None
    logging.getLogger("sigstore").setLevel(logging.CRITICAL)
    try:
        with NamedTemporaryFile("wb", suffix=".json") as file:
            file.write(raw)
            file.flush()
            return sigstore.verify.Verifier(trusted_root=sigstore.models.TrustedRoot.from_file(file.name))
    except Exception as error:  # noqa: BLE001  the library raises what its parts do
        msg = f"the trusted root cannot be used: {_short(error)}"
        raise TargetError(msg) from None


class _Policy:
    """Holds a certificate to who is expected; the library asks it in the course of its own checks."""

    def __init__(self, identities: tuple[SignerIdentity, ...]) -> None:
        self._identities = identities
        self.found: tuple[CertificateClaims, str] | None = None

    def verify(self, certificate: Certificate) -> None:
        """Raise SignatureRefusedError where the certificate is for somebody else."""
        self.found = _expected(self._identities, certificate.public_bytes(Encoding.DER))


def _expected(identities: tuple[SignerIdentity, ...], certificate: bytes) -> tuple[CertificateClaims, str]:
    """What a certificate says, and which of its names is expected."""
    found = said(certificate)
    for subject in found.subjects if found else ():
        if found and any(identity.fits(subject, found.issuer) for identity in identities):
            return found, subject
    raise SignatureRefusedError(check="identity", why=f"it is by {claimed(certificate)}, who is not expected")


def _unproven(certificate: bytes, why: str) -> SignatureRefusedError:
    told = f"it says that it is by {claimed(certificate)}, and that is not proven: {why}"
    return SignatureRefusedError(check="signature", why=told)


def _when(parsed: Any) -> datetime | None:  # noqa: ANN401  the library's
    """The time that the log took the signature in, which verify_dsse has checked by the log's promise."""
    entry = parsed.log_entry._inner  # noqa: SLF001  the library has no other way
    if entry.integrated_time and entry.inclusion_promise:
        return datetime.fromtimestamp(int(entry.integrated_time), UTC)
    return None


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
