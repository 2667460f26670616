"""What the kernel should enforce, derived from a container's declared settings."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import UNKNOWN, Absent, given
from sealock.model.capabilities import DEFAULT, decoded
from sealock.model.container import Container, Mount
from sealock.model.enforced import Enforced
from sealock.model.process import Process

HIDDEN: Final = "processes that left its cgroup are visible only to root"
"""Why a rule on all processes of a container is skipped where it reports none of them."""


def is_declared(declared: Container, *fields: str) -> bool:
    """Whether all these settings are known; of a process without an engine, none are."""
    return all(getattr(declared, field) is not UNKNOWN for field in fields)


def mounts(enforced: Enforced) -> tuple[tuple[Mount, ...], tuple[Mount, ...]] | None:
    """The declared and the effective mounts; None where either is unknown."""
    declared, effective = enforced.declared.mounts, enforced.effective.mounts
    return None if declared is UNKNOWN or effective is UNKNOWN else (given(declared, ()), given(effective, ()))


def capabilities(declared: Container) -> frozenset[str] | None:
    """The capabilities that a container may have; None means all."""
    if declared.privileged is True:
        return None
    added, dropped = frozenset(given(declared.cap_add, ())), frozenset(given(declared.cap_drop, ()))
    if "ALL" in added:
        return None
    base = frozenset[str]() if "ALL" in dropped else DEFAULT
    return (base | added) - dropped


def in_any(*masks: int | Absent) -> frozenset[str]:
    """The capabilities that are in at least one of the known sets."""
    return frozenset(name for mask in masks if isinstance(mask, int) for name in decoded(mask))


def is_privileged(declared: Container) -> bool:
    """Whether the container is privileged, so that no restriction applies."""
    return declared.privileged is True


def called(process: Process) -> str:
    """Name a process or thread for a message."""
    name = f" ({process.name})" if isinstance(process.name, str) else ""
    if process.thread_of:
        return f"thread {process.pid}{name} of process {process.thread_of}"
    return f"process {process.pid}{name}"
