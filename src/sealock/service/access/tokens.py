"""Tokens of machines: a secret that is shown once and stored as its hash, with a role and a scope of repositories."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from secrets import token_urlsafe
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

from sealock.errors import UsageError

Role: TypeAlias = Literal["read", "submit", "admin"]
"""What a token is for: read everything in its scope, send in images and reports, or all of it and acknowledge.

Administration needs "admin" without a limited scope.
"""
ROLES: Final[tuple[Role, ...]] = get_args(Role)
PREFIX: Final = "slk_"
"""Searches for secrets recognise a token by it."""
_MOST_ENTRIES: Final = 100


class Scope(Struct, frozen=True):
    """Repositories: "registry/name" for one, "registry/name/*" for all below; without entries it is all of them."""

    entries: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether it limits nothing."""
        return not self.entries

    @property
    def exact(self) -> tuple[str, ...]:
        """The repositories that it names."""
        return tuple(entry for entry in self.entries if not entry.endswith("/*"))

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the other repositories begin with, each with its last slash."""
        return tuple(entry[:-1] for entry in self.entries if entry.endswith("/*"))

    def covers(self, repository: str) -> bool:
        """Whether a repository ("registry/name") is in it."""
        return self.is_everything or repository in self.exact or repository.startswith(self.prefixes)


def parse_scope(entries: Iterable[str]) -> Scope:
    """Read the entries that a person wrote; UsageError for one that is no repository."""
    cleaned = tuple(dict.fromkeys(entry.strip() for entry in entries if entry.strip()))
    for entry in cleaned:
        if "*" in entry.removesuffix("/*") or any(character.isspace() for character in entry) or len(entry) > 400:
            message = f"{entry[:200]!r} is not a repository: write registry/name, or registry/name/* for all below it"
            raise UsageError(message)
    if len(cleaned) > _MOST_ENTRIES:
        message = f"a token has at most {_MOST_ENTRIES} repositories: write registry/name/* for many"
        raise UsageError(message)
    return Scope(cleaned)


def make_token() -> str:
    """A new secret of 256 bits."""
    return PREFIX + token_urlsafe(32)


def digest_secret(secret: str) -> str:
    """What is stored of a token, a session or an invitation: random secrets need no slow hash."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
