"""The names, size limits and lifetimes of roles."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sealock.patterns import compile_lazily

ROLES: Final = ("root", "targets", "snapshot", "timestamp")
RELEASES: Final = "targets/releases"
"""The delegation whose tags Docker prefers to those of targets."""
_LIVES: Final = {"root": timedelta(days=3650), "timestamp": timedelta(days=14)}
_LIFE: Final = timedelta(days=1095)
_DELEGATION: Final = compile_lazily(r"targets(?:/[a-z0-9_-]+)+")
_BOUNDS: Final = {"timestamp": 16 << 10, "snapshot": 2 << 20, "root": 2 << 20}
_TARGETS: Final = 10 << 20


def bound(role: str) -> int:
    """Maximum bytes of a role's metadata."""
    return _BOUNDS.get(role, _TARGETS)


def is_delegation(name: str) -> bool:
    """Whether a name is valid for a delegation: below targets, of lower-case words."""
    return len(name) < 256 and _DELEGATION.fullmatch(name) is not None


def parent(name: str) -> str:
    """The role that delegates to this one."""
    return name.rpartition("/")[0]


def lifetime(role: str) -> timedelta:
    """How long a role's metadata is valid by default, as for Notary."""
    return _LIVES.get(role, _LIFE)


def signed_about(role: str, expires: datetime, now: datetime) -> datetime | None:
    """Estimate the signing time from the expiry and Notary's lifetimes; None where that is impossible."""
    try:
        signed = expires - lifetime(role)
    except OverflowError:
        return None
    return signed if signed <= now + timedelta(days=1) else None
