"""Linux capabilities: their names by bit, and Docker's default set (include/uapi/linux/capability.h)."""

from __future__ import annotations

from typing import Final

NAMES: Final = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
)  # fmt: skip
"""By bit, from 0 on, without CAP_."""
DEFAULT: Final = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW",
    "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip
"""Docker's default set."""
ONLY_DOCKERS: Final = ("AUDIT_WRITE", "MKNOD", "NET_RAW")
"""Those of them that Podman does not grant by default."""

ALLOWS: Final = {
    "CHOWN": "give files to any user",
    "DAC_OVERRIDE": "read and write any file, whatever its mode",
    "DAC_READ_SEARCH": "read any file and directory; open files of the host by their handles",
    "FOWNER": "change modes and times of others' files",
    "FSETID": "keep the setuid bit when a file is changed",
    "KILL": "send signals to any process that it sees",
    "SETGID": "take on any group",
    "SETUID": "take on any user",
    "SETPCAP": "hand capabilities on, and drop them for good",
    "LINUX_IMMUTABLE": "change files that are marked immutable",
    "NET_BIND_SERVICE": "listen on ports below 1024",
    "NET_BROADCAST": "nothing yet: no kernel checks it",
    "NET_ADMIN": "change interfaces, routes and firewalls of its network",
    "NET_RAW": "forge packets, and sniff all traffic of its network",
    "IPC_LOCK": "lock memory beyond its limit",
    "IPC_OWNER": "use any shared memory and semaphore that it sees",
    "SYS_MODULE": "load code into the kernel: root on the host",
    "SYS_RAWIO": "access I/O ports and memory of the machine: root on the host",
    "SYS_CHROOT": "change its root directory and its mount namespace",
    "SYS_PTRACE": "read and control any process that it sees",
    "SYS_PACCT": "switch process accounting on and off",
    "SYS_ADMIN": "mount, enter namespaces, and much more: as good as root",
    "SYS_BOOT": "restart the machine, and load another kernel",
    "SYS_NICE": "raise its CPU priority above others",
    "SYS_RESOURCE": "exceed quotas and resource limits",
    "SYS_TIME": "set the machine's clock",
    "SYS_TTY_CONFIG": "control terminals of the machine",
    "MKNOD": "make device files",
    "LEASE": "take leases on files",
    "AUDIT_WRITE": "write to the kernel's audit log",
    "AUDIT_CONTROL": "switch auditing on and off, and change its rules",
    "SETFCAP": "set capabilities of files",
    "MAC_OVERRIDE": "ignore mandatory access control (Smack)",
    "MAC_ADMIN": "change mandatory access control",
    "SYSLOG": "read the kernel's log, with its addresses",
    "WAKE_ALARM": "wake the machine",
    "BLOCK_SUSPEND": "keep the machine from sleeping",
    "AUDIT_READ": "read the audit log of the machine",
    "PERFMON": "trace all programs and the kernel",
    "BPF": "load BPF programs into the kernel",
    "CHECKPOINT_RESTORE": "restore processes, and choose their pids",
}
"""What each lets a program do, to complete "it may"."""
GRAVE: Final = frozenset({
    "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "SYS_BOOT", "DAC_READ_SEARCH", "BPF", "NET_ADMIN",
    "MAC_ADMIN", "MAC_OVERRIDE", "SYS_TIME", "PERFMON", "CHECKPOINT_RESTORE", "SYSLOG",
})  # fmt: skip
"""Capabilities that reach beyond the container."""


def decoded(mask: int) -> tuple[str, ...]:
    """The capabilities of a set, by bit; those newer than this list by number ("41")."""
    return tuple(
        NAMES[bit] if bit < len(NAMES) else str(bit) for bit in range(min(mask.bit_length(), 64)) if mask >> bit & 1
    )


def everything(last: int) -> int:
    """All capabilities of a kernel whose last one has the number `last` (/proc/sys/kernel/cap_last_cap)."""
    return (1 << (min(last, 63) + 1)) - 1
