"""Containers for Windows, where the kernel's means of isolation have other names or do not exist."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import given
from sealock.model.container import Container
from sealock.patterns import compile_lazily

LINUX_FIELDS: Final = frozenset({
    "apparmor", "cap_drop", "cgroup_parent", "cgroupns", "ipc", "memory_swap", "no_new_privileges", "oom_kill_disable",
    "oom_score_adj", "pid", "pids_limit", "read_only", "seccomp", "selinux", "sysctls", "ulimits", "userns", "uts",
})  # fmt: skip
"""Fields that only Linux has: engines and Kubernetes refuse them for Windows, so that nobody can set them."""
_NAME: Final = compile_lazily(
    r"mcr\.microsoft\.com/(?:windows|dotnet/framework)[/:@].*"
    r"|(?:.*/)?(?:windowsservercore|servercore|nanoserver)(?:[:@].*)?"
    r"|[^:@]*(?::\d+/[^:@]*)?:(?:.*[-.])?(?:nanoserver|(?:windows)?servercore|windows(?=[-.\d]|$)|ltsc20\d\d).*"
)
"""An image by the names and tags that Windows has in common use; `dockurr/windows` is for Linux."""

_WORDS: Final = ("server", "windows", "ltsc20", "framework")
"""One of these is in every such image."""


def is_for_windows(container: Container) -> bool:
    """Whether a container runs on Windows, as its platform, its image's name or its pod says."""
    platform, image = given(container.platform, ""), given(container.image, "")
    return (
        platform == "windows"
        or platform.startswith("windows/")
        or container.host_process is True
        or (any(word in image.lower() for word in _WORDS) and _NAME.fullmatch(image.lower()) is not None)
    )
