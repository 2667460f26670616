"""Which capabilities a container can have used, where its kernel does not show which it did.

An upper bound: of those that it was granted, the ones that its system calls, its users and its sockets leave possible.
`sealock harden` finds by trial which of them are needed. https://man7.org/linux/man-pages/man7/capabilities.7.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.runtime.watch.observations import Observations

UNSEEN_CAPABILITIES: Final = "which capabilities were used: listed are those that its system calls leave possible"
_CALLS: Final[dict[str, frozenset[str]]] = {
    "AUDIT_WRITE": frozenset({"sendto", "sendmsg"}),
    "CHOWN": frozenset({"chown", "fchown", "lchown", "fchownat"}),
    "FSETID": frozenset({"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "write"}),
    "IPC_LOCK": frozenset({"mlock", "mlock2", "mlockall", "shmctl", "mmap"}),
    "KILL": frozenset({"kill", "tgkill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"}),
    "MKNOD": frozenset({"mknod", "mknodat"}),
    "NET_ADMIN": frozenset({"ioctl", "setsockopt", "sendto", "sendmsg"}),
    "NET_BIND_SERVICE": frozenset({"bind"}),
    "NET_RAW": frozenset({"socket", "setsockopt"}),
    "SETFCAP": frozenset({"setxattr", "lsetxattr", "fsetxattr"}),
    "SETGID": frozenset({"setgid", "setregid", "setresgid", "setgroups", "setfsgid"}),
    "SETPCAP": frozenset({"capset", "prctl"}),
    "SETUID": frozenset({"setuid", "setreuid", "setresuid", "setfsuid"}),
    "SYSLOG": frozenset({"syslog"}),
    "SYS_BOOT": frozenset({"reboot", "kexec_load", "kexec_file_load"}),
    "SYS_CHROOT": frozenset({"chroot", "setns"}),
    "SYS_MODULE": frozenset({"init_module", "finit_module", "delete_module"}),
    "SYS_NICE": frozenset({
        "setpriority", "nice", "sched_setscheduler", "sched_setattr", "sched_setparam", "sched_setaffinity",
        "ioprio_set", "mbind", "move_pages", "migrate_pages",
    }),
    "SYS_PACCT": frozenset({"acct"}),
    "SYS_PTRACE": frozenset({"ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd"}),
    "SYS_RESOURCE": frozenset({"setrlimit", "prlimit64", "fcntl"}),
    "SYS_TIME": frozenset({"settimeofday", "clock_settime", "adjtimex", "clock_adjtime"}),
}  # fmt: skip
"""The system calls in which a capability can be used. One that is not here can be used in many, and stays."""


def capabilities_possible(granted: Iterable[str], seen: Observations) -> frozenset[str]:
    """Those of the granted capabilities that a container can have used."""
    made = frozenset().union(*seen.calls.values()) if seen.calls else frozenset()
    return frozenset(name for name in granted if name not in _CALLS or _CALLS[name] & made)
