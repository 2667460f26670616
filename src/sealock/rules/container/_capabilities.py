"""What each Linux capability lets a container do to its host and its neighbours."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import given
from sealock.model.capabilities import DEFAULT
from sealock.model.container import Container
from sealock.model.finding import Severity

__all__ = ["DEFAULT", "TAKEOVER", "TIERS", "added", "dropped"]

TAKEOVER: Final = {
    "ALL": "every capability that the kernel knows",
    "SYS_ADMIN": "mounts file systems, loads BPF programs and changes namespaces: the new root",
    "SYS_MODULE": "loads code into the host's kernel",
    "SYS_RAWIO": "reads and writes the host's memory and ports directly",
    "DAC_READ_SEARCH": "opens any file of the host's file system by its handle",
}

TIERS: Final = {
    "SYS_PTRACE": (Severity.HIGH, "reads and steers every process that it can see"),
    "NET_ADMIN": (Severity.HIGH, "changes addresses, routes and firewall rules of its network"),
    "BPF": (Severity.HIGH, "loads programs into the host's kernel"),
    "PERFMON": (Severity.HIGH, "watches what the kernel and other processes do"),
    "SYS_BOOT": (Severity.HIGH, "may restart the host or load another kernel"),
    "MAC_ADMIN": (Severity.HIGH, "changes the host's mandatory access control"),
    "MAC_OVERRIDE": (Severity.HIGH, "steps over the host's mandatory access control"),
    "CHECKPOINT_RESTORE": (Severity.MEDIUM, "reads memory maps of processes and chooses process ids"),
    "SYSLOG": (Severity.MEDIUM, "reads the kernel's log and addresses"),
    "SYS_TIME": (Severity.MEDIUM, "sets the host's clock"),
    "SYS_RESOURCE": (Severity.MEDIUM, "steps over resource limits and quotas"),
    "AUDIT_CONTROL": (Severity.HIGH, "turns the host's auditing off"),
    "AUDIT_READ": (Severity.MEDIUM, "reads the host's audit log"),
    "LINUX_IMMUTABLE": (Severity.MEDIUM, "changes files that are meant never to change"),
    "SYS_PACCT": (Severity.LOW, "switches process accounting"),
    "SYS_TTY_CONFIG": (Severity.LOW, "hangs up and configures terminals of the host"),
    "SYS_NICE": (Severity.LOW, "takes processor time from its neighbours"),
    "IPC_LOCK": (Severity.LOW, "locks memory beyond its limit"),
    "IPC_OWNER": (Severity.MEDIUM, "reads and writes all shared memory that it can see"),
    "LEASE": (Severity.LOW, "takes leases on files of others"),
    "WAKE_ALARM": (Severity.LOW, "wakes the host up"),
    "BLOCK_SUSPEND": (Severity.LOW, "keeps the host from sleeping"),
    "NET_BROADCAST": (Severity.LOW, "sends broadcasts"),
}


def added(container: Container) -> frozenset[str]:
    """The capabilities that the container asks for beyond the default."""
    return frozenset(given(container.cap_add, ()))


def dropped(container: Container) -> frozenset[str]:
    """The capabilities that the container gives up."""
    return frozenset(given(container.cap_drop, ()))


def holds(container: Container, capability: str) -> bool:
    """Whether the container has a capability, going by what is known of it."""
    if container.privileged is True:
        return True
    if capability in added(container) or "ALL" in added(container):
        return capability not in dropped(container)
    return capability in DEFAULT and dropped(container).isdisjoint({"ALL", capability})


def powerful(container: Container) -> str | None:
    """Say in a few words why root in this container is root on the host; None where we see no reason."""
    if container.privileged is True:
        return "is privileged"
    taken: list[str] = sorted(added(container) & TAKEOVER.keys())
    if taken:
        return f"holds the capability {taken[0]}"
    return None
