"""Signatures without keys: a short-lived certificate for a person or a workflow, and a log that says when it signed.

The sigstore library verifies: the certificate's chain to a trusted authority at the time of signing, its entry in the
certificates' log, the signature's entry in the signatures' log with its proof and promise, and the signature. Whom the
certificate is for is held to what is expected here, so that patterns work.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, Final

from sealock.errors import TargetError, UsageError
from sealock.model.trust import Signer
from sealock.trust.cosign.bundles import Bundle
from sealock.trust.cosign.certificates import Said, claimed, said
from sealock.trust.cosign.expecting import Identity
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import table_of

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MOST_ROOT: Final = 1 << 20


class Root:
    """A trusted root: Sigstore's own or a private one's trusted_root.json."""

    def __init__(self, raw: bytes) -> None:
        """TargetError where it cannot be read; UsageError where the library is missing."""
        try:
            import sigstore.models  # noqa: PLC0415  it costs seconds
            import sigstore.verify  # noqa: PLC0415  as above
        except ImportError:
            msg = "signatures without keys need a library: install sealock[keyless]"
            raise UsageError(msg) from None
        logging.getLogger("sigstore").setLevel(logging.CRITICAL)
        try:
            table_of(raw, "the trusted root", _MOST_ROOT)
            with NamedTemporaryFile("wb", suffix=".json") as file:
                file.write(raw)
                file.flush()
                self._verifier: Any = sigstore.verify.Verifier(
                    trusted_root=sigstore.models.TrustedRoot.from_file(file.name)
                )
        except Exception as error:  # noqa: BLE001  the library raises what its parts do
            msg = f"the trusted root cannot be used: {_short(error)}"
            raise TargetError(msg) from None

    def signer(self, bundle: Bundle, identities: tuple[Identity, ...], where: str) -> Signer:
        """Who signed a bundle; SignatureRefusedError where that is nobody expected, or nothing is proven."""
        import sigstore.models  # noqa: PLC0415  loaded already

        policy = _Policy(identities)
        try:
            parsed = sigstore.models.Bundle.from_json(bundle.raw)
            kind, payload = self._verifier.verify_dsse(parsed, policy)
        except SignatureRefusedError:
            raise
        except Exception as error:  # noqa: BLE001  as above; whatever it is, nothing is proven
            why = f"it says that it is by {claimed(bundle.certificate)}, and that is not proven: {_short(error)}"
            raise SignatureRefusedError(check="signature", why=why) from None
        if (kind, payload) != (bundle.envelope.payload_type, bundle.envelope.payload) or policy.found is None:
            raise SignatureRefusedError(check="malformed", why="it reads as one thing here and as another there")
        found, subject = policy.found
        from hashlib import sha256  # noqa: PLC0415  loaded

        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415  loaded

        der = parsed.signing_certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return Signer(sha256(der).hexdigest(), subject, found.issuer, _when(parsed) or found.start, where)


class _Policy:
    """Holds a certificate to who is expected; the library asks it in the course of its own checks."""

    def __init__(self, identities: tuple[Identity, ...]) -> None:
        self._identities = identities
        self.found: tuple[Said, str] | None = None

    def verify(self, certificate: Certificate) -> None:
        """Raise SignatureRefusedError where the certificate is for somebody else."""
        from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415  loaded already

        found = said(certificate.public_bytes(Encoding.DER))
        for subject in found.subjects if found else ():
            if found and any(one.fits(subject, found.issuer) for one in self._identities):
                self.found = (found, subject)
                return
        who = claimed(certificate.public_bytes(Encoding.DER))
        raise SignatureRefusedError(check="identity", why=f"it is by {who}, who is not expected")


def _when(parsed: Any) -> datetime | None:  # noqa: ANN401  the library's
    """The time that the log took the signature in, which verify_dsse has checked by the log's promise."""
    entry = parsed.log_entry._inner  # noqa: SLF001  the library has no other way
    if entry.integrated_time and entry.inclusion_promise:
        return datetime.fromtimestamp(int(entry.integrated_time), UTC)
    return None


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
