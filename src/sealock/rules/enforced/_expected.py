"""What the engine should have asked the kernel for, by what a container was started with."""

from __future__ import annotations

from sealock.model.absent import UNKNOWN, Absent, given
from sealock.model.capabilities import DEFAULT, decoded
from sealock.model.container import Container, Mount
from sealock.model.enforced import Enforced


def is_told(declared: Container, *fields: str) -> bool:
    """Whether anybody said what was asked for: of a process that no engine tells of nothing is known."""
    return all(getattr(declared, field) is not UNKNOWN for field in fields)


def mounts(enforced: Enforced) -> tuple[tuple[Mount, ...], tuple[Mount, ...]] | None:
    """The declared and the effective mounts; None where either is unknown."""
    declared, effective = enforced.declared.mounts, enforced.effective.mounts
    return None if declared is UNKNOWN or effective is UNKNOWN else (given(declared, ()), given(effective, ()))


def capabilities(declared: Container) -> frozenset[str] | None:
    """The capabilities that programs in it may have; None for all."""
    if declared.privileged is True:
        return None
    added, dropped = frozenset(given(declared.cap_add, ())), frozenset(given(declared.cap_drop, ()))
    if "ALL" in added:
        return None
    base = frozenset[str]() if "ALL" in dropped else DEFAULT
    return (base | added) - dropped


def held(*masks: int | Absent) -> frozenset[str]:
    """The capabilities in any of the sets, as far as they are known."""
    return frozenset(name for mask in masks if isinstance(mask, int) for name in decoded(mask))


def is_privileged(declared: Container) -> bool:
    """Whether it was started with every privilege: then nothing of it can be missing."""
    return declared.privileged is True


def listed(names: frozenset[str]) -> str:
    """Names for a sentence, not too many."""
    shown = sorted(names)
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "")
