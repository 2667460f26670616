"""System calls that a container's filter has to know of apart from its program's: a dated table.

Traced on 2026-11-27 with runc 1.1.15 (starts and execs by Docker 26.1) and crun 1.21 (starts), as root and as other
users, from the moment that the filter is loaded to the start of the program. What the Go runtime of runc does then
differs from start to start, so its calls are here although no trace had all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

DATE: Final = "2026-11-27"
_GO: Final = (
    "epoll_pwait futex getpid gettid madvise mmap munmap nanosleep read rt_sigaction rt_sigprocmask rt_sigreturn "
    "sched_yield sigaltstack tgkill"
)
_AFTER: Final[dict[str, str]] = {
    "runc": f"{_GO} close epoll_ctl execve exit_group fcntl fstat fstatfs getdents64 newfstatat openat write",
    # It is written in C, and makes no others.
    "crun": "close close_range execve exit_group prctl write",
}
"""What a runtime does after the filter is loaded, where no-new-privileges allows it to be loaded last."""
_BEFORE: Final = (
    "capget capset chdir faccessat2 fchown getcwd getppid prctl setgid setgroups setresgid setresuid setuid statx"
)
"""What it also does where the filter is loaded earlier, since without no-new-privileges loading it needs rights."""
RUNTIMES: Final = tuple(_AFTER)

_BASIC: Final = (
    "brk clock_gettime clock_nanosleep close exit exit_group fstat futex getpid gettid lseek madvise mmap mprotect "
    "munmap nanosleep read restart_syscall rt_sigaction rt_sigprocmask rt_sigreturn sched_yield tgkill write"
)
BASIC: Final = frozenset(_BASIC.split())
"""Calls of any program that give no access to anything, and that depend on load, time and signals."""

_COMPANIONS: Final = {"accept": "shutdown", "accept4": "shutdown", "connect": "shutdown"}
"""Calls that a program makes with others only sometimes: which side closes a connection first is chance."""

_BY_CAPABILITY: Final = {
    "SYS_ADMIN": (
        "bpf fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie mount mount_setattr move_mount open_tree "
        "perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount2 unshare"
    ),
    "BPF": "bpf",
    "DAC_READ_SEARCH": "open_by_handle_at",
    "PERFMON": "perf_event_open",
    "SYSLOG": "syslog",
    "SYS_BOOT": "reboot",
    "SYS_CHROOT": "chroot",
    "SYS_MODULE": "delete_module finit_module init_module",
    "SYS_NICE": "get_mempolicy mbind set_mempolicy set_mempolicy_home_node",
    "SYS_PACCT": "acct",
    "SYS_PTRACE": "kcmp pidfd_getfd process_madvise",
    "SYS_RAWIO": "ioperm iopl",
    "SYS_TIME": "clock_settime settimeofday",
    "SYS_TTY_CONFIG": "vhangup",
}
_NEVER: Final = (
    "_sysctl add_key afs_syscall create_module get_kernel_syms getpmsg io_uring_enter io_uring_register io_uring_setup "
    "kexec_file_load kexec_load keyctl migrate_pages move_pages nfsservctl pivot_root putpmsg query_module request_key "
    "security swapoff swapon sysfs tuxcall uretprobe uselib userfaultfd ustat vserver"
)
NEWER: Final = frozenset({
    "listmount", "lsm_get_self_attr", "lsm_list_modules", "lsm_set_self_attr", "mseal", "statmount",
})  # fmt: skip
"""What is newer than the default filter of Docker 26, which answers that it does not exist (ENOSYS)."""
CLOSED: Final = (
    frozenset(_NEVER.split()) | NEWER | {name for names in _BY_CAPABILITY.values() for name in names.split()}
)
"""What Docker's default filter refuses a container without capabilities."""


def runtime_calls(runtime: str, *, no_new_privileges: bool) -> frozenset[str]:
    """What a runtime needs after the filter is loaded; those of all runtimes for one that the table does not have.

    `runtime` is its name, perhaps with a version behind it ("runc 1.1.15").
    """
    name = runtime.partition(" ")[0].rpartition("/")[2]
    needed = _AFTER[name] if name in _AFTER else " ".join(_AFTER.values())
    return frozenset(f"{needed} {'' if no_new_privileges else _BEFORE}".split())


def companions(seen: Iterable[str]) -> frozenset[str]:
    """The calls that go with those that were seen, and that depend on chance only."""
    return frozenset(_COMPANIONS[name] for name in seen if name in _COMPANIONS)


def opened(capabilities: Iterable[str]) -> frozenset[str]:
    """Those of CLOSED that Docker's default filter lets through for a container with these capabilities."""
    return frozenset(name for capability in capabilities for name in _BY_CAPABILITY.get(capability, "").split())
