"""Why content is not trusted: one class, whose `check` says which test failed."""

from __future__ import annotations

from typing import Literal, TypeAlias

from sealock.errors import TrustError

Check: TypeAlias = Literal[
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


class RefusedError(TrustError):
    """Notary's metadata failed a check; the text says what was wrong, with which role of which repository."""

    def __init__(self, *, check: Check, why: str) -> None:
        super().__init__(why)
        self.check: Check = check
