"""What each Linux capability lets a container do to its host and its neighbours."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from sealock.model.absent import given
from sealock.model.capabilities import DEFAULT, ONLY_DOCKERS
from sealock.model.container import Container
from sealock.model.finding import Severity
from sealock.rules.container._users import is_caller, is_root

__all__ = ["DEFAULT", "TAKEOVER", "TIERS", "added", "dropped"]

CapabilityHold: TypeAlias = Literal["held", "gainable", "none"]
"""Its processes hold it; a setuid program could gain it; nothing can."""

TAKEOVER: Final = {
    "ALL": "every capability that the kernel knows",
    "SYS_ADMIN": "mounts file systems, loads BPF programs and changes namespaces, nearly as root",
    "SYS_MODULE": "loads code into the host's kernel",
    "SYS_RAWIO": "reads and writes the host's memory and ports directly",
    "DAC_READ_SEARCH": "opens any file of the host's file system by its handle",
}

TIERS: Final = {
    "SYS_PTRACE": (Severity.HIGH, "reads and controls every process that it sees"),
    "NET_ADMIN": (Severity.HIGH, "changes addresses, routes and firewall rules of its network"),
    "BPF": (Severity.HIGH, "loads programs into the host's kernel"),
    "PERFMON": (Severity.HIGH, "traces the kernel and other processes"),
    "SYS_BOOT": (Severity.HIGH, "can reboot the host or load another kernel"),
    "MAC_ADMIN": (Severity.HIGH, "changes the host's mandatory access control (SELinux, AppArmor)"),
    "MAC_OVERRIDE": (Severity.HIGH, "bypasses the host's mandatory access control"),
    "CHECKPOINT_RESTORE": (Severity.MEDIUM, "reads memory maps of processes and chooses PIDs"),
    "SYSLOG": (Severity.MEDIUM, "reads the kernel's log and addresses"),
    "SYS_TIME": (Severity.MEDIUM, "sets the host's clock"),
    "SYS_RESOURCE": (Severity.MEDIUM, "exceeds resource limits and quotas"),
    "AUDIT_CONTROL": (Severity.HIGH, "turns the host's auditing off"),
    "AUDIT_READ": (Severity.MEDIUM, "reads the host's audit log"),
    "LINUX_IMMUTABLE": (Severity.MEDIUM, "changes immutable files"),
    "SYS_PACCT": (Severity.LOW, "turns process accounting on and off"),
    "SYS_TTY_CONFIG": (Severity.LOW, "hangs up and configures terminals of the host"),
    "SYS_NICE": (Severity.LOW, "takes CPU time from other processes"),
    "IPC_LOCK": (Severity.LOW, "locks memory beyond its limit"),
    "IPC_OWNER": (Severity.MEDIUM, "reads and writes all shared memory that it can see"),
    "LEASE": (Severity.LOW, "takes leases on files of other processes"),
    "WAKE_ALARM": (Severity.LOW, "wakes the host up"),
    "BLOCK_SUSPEND": (Severity.LOW, "keeps the host from sleeping"),
    "NET_BROADCAST": (Severity.LOW, "sends broadcasts"),
}


def added(container: Container) -> frozenset[str]:
    """The capabilities added to Docker's default."""
    return frozenset(given(container.cap_add, ()))


def dropped(container: Container) -> frozenset[str]:
    """The capabilities dropped from Docker's default, those too that Podman does not grant by itself."""
    drops = frozenset(given(container.cap_drop, ()))
    return drops | set(ONLY_DOCKERS) - added(container) if container.engine == "podman" else drops


def hold(container: Container, capability: str) -> CapabilityHold:
    """How far its processes have a capability that the container is granted.

    Capabilities are for root: a process of an ordinary user gets them through a setuid program, if at all, and
    no-new-privileges rules that out. Podman gives those that are added to ordinary users too.
    """
    user = container.user
    permitted = {*given(container.cap_held, ()), *(added(container) if container.engine == "podman" else ())}
    ordinary = not is_root(user) if isinstance(user, str) else is_caller(container)
    if not ordinary or capability in permitted or "ALL" in permitted:
        return "held"
    return "none" if container.no_new_privileges is True else "gainable"


def powerful(container: Container) -> str | None:
    """Name the setting that makes root in this container root on the host, or None."""
    if container.privileged is True:
        return "is privileged"
    names = sorted(name for name in added(container) & TAKEOVER.keys() if hold(container, name) == "held")
    return f"holds the capability {names[0]}" if names else None
