"""Who asks: a person in a session, a machine with a token, or the service itself."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from sealock.service.access.tokens import Role, Scope

_INCLUDES: Final[dict[Role, frozenset[Role]]] = {
    "read": frozenset({"read"}),
    "submit": frozenset({"submit"}),
    "admin": frozenset({"read", "submit", "admin"}),
}


class Actor(Struct, frozen=True):
    """`name` is for the audit log: what a person logs in with, "alice", or "token ci", which no person can be called.

    `key` is what rates are counted by.

    `session` is the secret of a person's session, "" for a token.
    """

    name: str
    role: Role
    scope: Scope
    key: str
    session: str = ""

    def may(self, role: Role, *, everything: bool = False) -> bool:
        """Whether it has a role; `everything` asks for a scope without limits too."""
        return role in _INCLUDES[self.role] and (self.scope.is_everything or not everything)
