"""Why a signature or metadata does not count, as errors whose `check` names the test that failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from sealock.errors import PolicyError, SealockError, TrustError, UsageError
from sealock.model.trust import TrustResult, TrustSystem

NotaryCheck: TypeAlias = Literal[
    "unsigned",
    "malformed",
    "size",
    "hash",
    "signature",
    "expired",
    "rollback",
    "root",
    "pins",
    "withheld",
]


class SignatureRefusedError(TrustError):
    """A signature, or what it signs, failed a check; `check` is a word for programs, the text is for people."""

    def __init__(self, *, check: str, why: str) -> None:
        super().__init__(why)
        self.check = check


class MetadataRefusedError(TrustError):
    """Notary's metadata failed a check; the text says what was wrong, in which role of which repository."""

    def __init__(self, *, check: NotaryCheck, why: str) -> None:
        super().__init__(why)
        self.check: NotaryCheck = check


def result_of(system: TrustSystem, reference: str, digest: str, verify: Callable[[], TrustResult]) -> TrustResult:
    """Verify, and turn errors into results: refused means untrusted, any other error means unknown.

    UsageError and PolicyError are raised: they concern the request, not the image.
    """
    try:
        return verify()
    except TrustError as error:
        return TrustResult(system, reference, digest, "untrusted", getattr(error, "check", "other"), str(error))
    except (PolicyError, UsageError):
        raise
    except SealockError as error:
        return TrustResult(system, reference, digest, "unknown", "unavailable", str(error))
