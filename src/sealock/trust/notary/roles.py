"""The names of roles, and what is read of each at the most."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

ROLES: Final = ("root", "targets", "snapshot", "timestamp")
RELEASES: Final = "targets/releases"
"""The delegation that Docker takes tags from, before it takes them from targets."""
_LIVES: Final = {"root": timedelta(days=3650), "timestamp": timedelta(days=14)}
_LIFE: Final = timedelta(days=1095)
_DELEGATION: Final = re.compile(r"targets(?:/[a-z0-9_-]+)+")
_BOUNDS: Final = {"timestamp": 16 << 10, "snapshot": 2 << 20, "root": 2 << 20}
_TARGETS: Final = 10 << 20


def bound(role: str) -> int:
    """Bytes that are read of a role's metadata at the most."""
    return _BOUNDS.get(role, _TARGETS)


def is_delegation(name: str) -> bool:
    """Whether a name is one that a delegation can have: below targets, of lower-case words."""
    return len(name) < 256 and _DELEGATION.fullmatch(name) is not None


def parent(name: str) -> str:
    """The role that delegates to this one."""
    return name.rpartition("/")[0]


def lifetime(role: str) -> timedelta:
    """How long a role's metadata lives, as Notary has it."""
    return _LIVES.get(role, _LIFE)


def signed_about(role: str, expires: datetime, now: datetime) -> datetime | None:
    """When metadata was signed, reckoned from its expiry and Notary's lifetimes; None where that cannot be right."""
    try:
        signed = expires - lifetime(role)
    except OverflowError:
        return None
    return signed if signed <= now + timedelta(days=1) else None
