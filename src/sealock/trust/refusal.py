"""Why a signature does not count: one error, whose `check` says which test failed."""

from __future__ import annotations

from sealock.errors import TrustError


class SignatureRefusedError(TrustError):
    """A signature, or what it signs, failed a check; `check` is a word for programs, the text is for people."""

    def __init__(self, *, check: str, why: str) -> None:
        super().__init__(why)
        self.check = check
