"""Linux capabilities: their names by bit, and what Docker gives (include/uapi/linux/capability.h)."""

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
"""What Docker gives to every container."""

ALLOWS: Final = {
    "CHOWN": "give files to any user",
    "DAC_OVERRIDE": "read and write any file, whatever its mode",
    "DAC_READ_SEARCH": "read any file and folder; open files of the host by their handles",
    "FOWNER": "change modes and times of others' files",
    "FSETID": "keep the setuid bit when a file is changed",
    "KILL": "send signals to any process that it sees",
    "SETGID": "take on any group",
    "SETUID": "take on any user",
    "SETPCAP": "hand capabilities on, and drop them for good",
    "LINUX_IMMUTABLE": "change files that are marked immutable",
    "NET_BIND_SERVICE": "listen on ports below 1024",
    "NET_BROADCAST": "nothing yet: no kernel asks for it",
    "NET_ADMIN": "change interfaces, routes and firewalls of its network",
    "NET_RAW": "forge packets, and listen to all on its network",
    "IPC_LOCK": "lock memory, past its limit",
    "IPC_OWNER": "use any shared memory and semaphore that it sees",
    "SYS_MODULE": "load code into the kernel: root on the host",
    "SYS_RAWIO": "reach ports and memory of the machine: root on the host",
    "SYS_CHROOT": "change its root folder and its mount namespace",
    "SYS_PTRACE": "read and steer any process that it sees",
    "SYS_PACCT": "switch process accounting",
    "SYS_ADMIN": "mount, enter namespaces, and much else: as good as root",
    "SYS_BOOT": "restart the machine, and load another kernel",
    "SYS_NICE": "take processor time before others",
    "SYS_RESOURCE": "go beyond quotas and resource limits",
    "SYS_TIME": "set the machine's clock",
    "SYS_TTY_CONFIG": "steer terminals of the machine",
    "MKNOD": "make device files",
    "LEASE": "take leases on files",
    "AUDIT_WRITE": "write to the kernel's audit log",
    "AUDIT_CONTROL": "switch auditing and change its rules",
    "SETFCAP": "put capabilities on files",
    "MAC_OVERRIDE": "ignore mandatory access control (Smack)",
    "MAC_ADMIN": "change mandatory access control",
    "SYSLOG": "read the kernel's log, with its addresses",
    "WAKE_ALARM": "wake the machine",
    "BLOCK_SUSPEND": "keep the machine from sleeping",
    "AUDIT_READ": "read the audit log of the machine",
    "PERFMON": "watch all programs and the kernel at work",
    "BPF": "load programs into the kernel",
    "CHECKPOINT_RESTORE": "restore processes, and choose their ids",
}
"""What each lets a program do, in words that finish "it may"."""
GRAVE: Final = frozenset({
    "SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "SYS_BOOT", "DAC_READ_SEARCH", "BPF", "NET_ADMIN",
    "MAC_ADMIN", "MAC_OVERRIDE", "SYS_TIME", "PERFMON", "CHECKPOINT_RESTORE", "SYSLOG",
})  # fmt: skip
"""Those that reach beyond the container."""


def decoded(mask: int) -> tuple[str, ...]:
    """The capabilities of a set, by bit; those that are newer than this list by their number ("41")."""
    return tuple(
        NAMES[bit] if bit < len(NAMES) else str(bit) for bit in range(min(mask.bit_length(), 64)) if mask >> bit & 1
    )


def everything(last: int) -> int:
    """The set of all capabilities of a kernel whose newest has the number `last` (/proc/sys/kernel/cap_last_cap)."""
    return (1 << (min(last, 63) + 1)) - 1
