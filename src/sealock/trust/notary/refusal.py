"""Why content is not trusted: one class, whose `check` says which test failed."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sealock.errors import TrustError

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


class MetadataRefusedError(TrustError):
    """Notary's metadata failed a check; the text says what was wrong, with which role of which repository."""

    def __init__(self, *, check: NotaryCheck, why: str) -> None:
        super().__init__(why)
        self.check: NotaryCheck = check
