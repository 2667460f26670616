"""Verifies keyless signatures: a short-lived certificate for a person or workflow, and a log with the signing time.

Bundles have the log's inclusion proof: the sigstore library verifies them. Signatures under cosign's tags have only its
promise: `promises` verifies that. The certificate's subject is matched here, since identities may be patterns.
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
from sealock.trust.cosign.certificates import CertificateClaims, claimed, read_claims
from sealock.trust.cosign.promises import Unproven, check_certificate, check_log, check_promise
from sealock.trust.cosign.requirements import SignerIdentity
from sealock.trust.cosign.trustedroot import read_trusted_root
from sealock.trust.refusal import SignatureRefusedError


class SigstoreRoot:
    """A trusted root, Sigstore's own or a private one's trusted_root.json, with the expected identities."""

    def __init__(self, raw: bytes, identities: tuple[SignerIdentity, ...]) -> None:
        """Read the root; TargetError where it cannot be used."""
        self._raw, self._identities = raw, identities
        self._noun = read_trusted_root(raw)
        self._verifier: Any = None

    def signer(self, bundle: Bundle, where: str) -> Signer:
        """Return a bundle's signer; SignatureRefusedError where it is unexpected or unproven."""
        if self._verifier is None:
            self._verifier = _verifier(self._raw)
        import sigstore.models  # noqa: PLC0415  loaded already

        policy = _Policy(self._identities)
        try:
            parsed = sigstore.models.Bundle.from_json(bundle.raw)
            kind, payload = self._verifier.verify_dsse(parsed, policy)
        except SignatureRefusedError:
            raise
        except Exception as error:  # noqa: BLE001  as above; with any error it is unproven
            raise _unproven(bundle.certificate, _short(error)) from None
        if (kind, payload) != (bundle.envelope.payload_type, bundle.envelope.payload) or policy.match is None:
            raise SignatureRefusedError(check="malformed", why="the library reads another payload from it")
        claims, subject = policy.match
        logged = _when(parsed)
        when = logged or claims.start
        try:
            # The library accepts keys and authorities after their validity in the root ends.
            key = check_certificate(self._noun, bundle.certificate, when)
            check_log(self._noun, parsed.log_entry._inner.log_id.key_id, when)  # noqa: SLF001  as in _when
        except SignatureRefusedError as error:
            raise _unproven(bundle.certificate, str(error)) from None
        return Signer(key.id, subject, claims.issuer, when, where, logged=logged)

    def promised(self, unproven: Unproven, where: str) -> Signer:
        """Return the signer of a signature under a tag; errors as for `signer`."""
        try:
            proven = check_promise(self._noun, unproven)
        except SignatureRefusedError as error:
            raise _unproven(unproven.certificate.encode(), str(error)) from None
        claims, subject = _expected(self._identities, proven.certificate)
        return Signer(proven.key.id, subject, claims.issuer, proven.signed, where, logged=proven.signed)


def _verifier(raw: bytes) -> Any:  # noqa: ANN401  the library's
    """Open the library's verifier; TargetError where it cannot use the root, UsageError where it is not installed."""
    try:
        import sigstore.models  # noqa: PLC0415  it costs seconds
        import sigstore.verify  # noqa: PLC0415  as above
    except ImportError:
        msg = "keyless bundles need a library: install sealock[keyless]"
        raise UsageError(msg) from None
    logging.getLogger("sigstore").setLevel(logging.CRITICAL)
    try:
        with NamedTemporaryFile("wb", suffix=".json") as file:
            file.write(raw)
            file.flush()
            return sigstore.verify.Verifier(trusted_root=sigstore.models.TrustedRoot.from_file(file.name))
    except Exception as error:  # noqa: BLE001  the library raises errors of its dependencies
        msg = f"the trusted root cannot be used: {_short(error)}"
        raise TargetError(msg) from None


class _Policy:
    """Matches a certificate with the expected identities; the library calls it during its own checks."""

    def __init__(self, identities: tuple[SignerIdentity, ...]) -> None:
        self._identities = identities
        self.match: tuple[CertificateClaims, str] | None = None

    def verify(self, certificate: Certificate) -> None:
        """Raise SignatureRefusedError where the certificate is for another identity."""
        self.match = _expected(self._identities, certificate.public_bytes(Encoding.DER))


def _expected(identities: tuple[SignerIdentity, ...], certificate: bytes) -> tuple[CertificateClaims, str]:
    """Return a certificate's claims, and the subject that matches an identity."""
    claims = read_claims(certificate)
    for subject in claims.subjects if claims else ():
        if claims and any(identity.fits(subject, claims.issuer) for identity in identities):
            return claims, subject
    raise SignatureRefusedError(check="identity", why=f"it is by {claimed(certificate)}, who is not expected")


def _unproven(certificate: bytes, why: str) -> SignatureRefusedError:
    unproven = f"it claims to be by {claimed(certificate)}, which is not proven: {why}"
    return SignatureRefusedError(check="signature", why=unproven)


def _when(parsed: Any) -> datetime | None:  # noqa: ANN401  the library's
    """The log's integration time, which verify_dsse has verified by the log's promise."""
    entry = parsed.log_entry._inner  # noqa: SLF001  the library has no other way
    if entry.integrated_time and entry.inclusion_promise:
        return datetime.fromtimestamp(int(entry.integrated_time), UTC)
    return None


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
