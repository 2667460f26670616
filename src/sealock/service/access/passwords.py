"""Passwords of people, stored as argon2id."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from sealock.errors import UsageError

LEAST: Final = 12
"""Fewest characters of a password."""
MOST: Final = 1024
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 << 10, parallelism=1)
"""OWASP's parameters with the least memory, 19 MiB: a login does not make an idle service large."""
_AT_ONCE: Final = BoundedSemaphore(2)
"""Each takes its memory and a core for some ten milliseconds; more at once would only wait for each other."""
_NOBODY: Final = "$argon2id$v=19$m=19456,t=2,p=1$Kdb8Ne3thvvQh9agjQ0WIA$YPZ+N6+aSGd/kK84LCSgIcnXrePlMMwdXI7tENByD+8"
"""What is verified where there is no such account, so that the time does not say whether there is."""


def hash_password(password: str) -> str:
    """The hash to store; UsageError for a password that is too short or long."""
    if not LEAST <= len(password) <= MOST:
        message = f"a password has at least {LEAST} characters, and at most {MOST}"
        raise UsageError(message)
    with _AT_ONCE:
        return _HASHER.hash(password.encode("utf-8", "surrogatepass"))


def verify_password(password: str, stored: str | None) -> bool:
    """Whether it is the password of a stored hash. As slow, and False, where there is none."""
    with _AT_ONCE:
        try:
            _HASHER.verify(stored or _NOBODY, password[: MOST + 1].encode("utf-8", "surrogatepass"))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None
