"""Profiles for tests."""

from __future__ import annotations

from sealock.model.profile import (
    PHASES,
    ArchitectureCalls,
    ContactedAddress,
    GrantedRights,
    LearningRun,
    ListeningPort,
    Profile,
    ProfilePeaks,
)

DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
_CALLS = (
    "arch_prctl brk execve exit_group fcntl getuid mmap mprotect prctl prlimit64 readlink rseq set_robust_list "
    "set_tid_address getrandom uname write setuid getgid rt_sigaction wait4 ioctl poll"
)
CALLS = tuple(_CALLS.split())
"""What busybox calls to print a word."""


def web(**changes: object) -> Profile:
    """The profile of a web server; complete unless changed."""
    values: dict[str, object] = {
        "image": "web:1",
        "digests": (DIGEST,),
        "runs": (
            LearningRun(
                ("nginx",), "curl http://127.0.0.1/", "6.18.5", "docker 26.1.5", "runc 1.1.15", "tracepoints", PHASES
            ),
        ),
        "granted": GrantedRights(("CHOWN", "SETGID", "SETUID"), 301),
        "syscalls": (ArchitectureCalls("x86_64", ("accept4", "clone", "read", "socket"), ("fork", "mkdir")),),
        "capabilities": ("CHOWN",),
        "users": ("0:0", "33:33"),
        "ports": (ListeningPort("tcp", 80), ListeningPort("tcp", 443, "::1")),
        "contacted": (ContactedAddress("tcp", "10.0.0.2", 5432, "db"), ContactedAddress("unix", "/run/s")),
        "peaks": ProfilePeaks(60 << 20, 9, 0.4),
        "executed": ("/usr/sbin/nginx",),
        "libraries": ("/usr/lib/libc.so.6",),
        "read": ("/etc/passwd",),
        "written": ("/run/nginx.pid",),
    }
    return Profile(**{**values, **changes})  # type: ignore[arg-type]  # by name
