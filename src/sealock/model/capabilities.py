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


def decoded(mask: int) -> tuple[str, ...]:
    """The capabilities of a set, by bit; those that are newer than this list by their number ("41")."""
    return tuple(
        NAMES[bit] if bit < len(NAMES) else str(bit) for bit in range(min(mask.bit_length(), 64)) if mask >> bit & 1
    )


def everything(last: int) -> int:
    """The set of all capabilities of a kernel whose newest has the number `last` (/proc/sys/kernel/cap_last_cap)."""
    return (1 << (min(last, 63) + 1)) - 1
