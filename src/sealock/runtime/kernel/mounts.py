"""The requested mounts of a container, without those that every engine makes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sealock.model.container import Mount
from sealock.model.process import Mounted

_STANDARD: Final = {
    "/proc": "proc", "/sys": "sysfs", "/dev": "tmpfs", "/dev/shm": "tmpfs", "/dev/pts": "devpts",  # noqa: S108  engines mount it
    "/dev/console": "devpts", "/dev/mqueue": "mqueue", "/": "", "/etc/resolv.conf": "", "/etc/hostname": "",
    "/etc/hosts": "", "/sbin/docker-init": "", "/run/.containerenv": "",
}  # fmt: skip
"""What every engine mounts, with its file system type; "" for any."""
_DEVICES: Final = frozenset(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))
"""A user namespace forbids mknod, so engines bind mount the host's devices one by one."""
_PSEUDO: Final = frozenset({"proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2", "devtmpfs"})
_NONE: Final = (Mounted("", "", "", "", ()),)
"""A mount that contains no other: the host shows none of that file system."""
_DEEPEST: Final = 100
_MOUNTS: Final = 5000
"""The most mounts that are read: a process that may mount could make a hundred thousand."""


def is_read_only(mount: Mounted) -> bool:
    """Whether this mount or its file system is read-only."""
    return "ro" in mount.options or "ro" in mount.super_options


def requested_mounts(mounts: Sequence[Mounted], host: tuple[Mounted, ...]) -> Iterator[Mount]:
    """Omit what a recursive bind mount of a host directory brings along: mounts of the host, and of containers."""
    # A later mount on the same target hides the earlier one.
    visible = {mount.target: mount for mount in mounts}
    top = visible.get("/")
    requested = [mount for mount in visible.values() if _is_requested(mount)]
    host_targets = {mount.target for mount in host}
    by_device: dict[str, list[Mounted]] = {}
    for mount in host:
        by_device.setdefault(mount.device, []).append(mount)
    bound: dict[str, str] = {}
    root = source(top, by_device.get(top.device, [])) if top is not None else None
    for mounted in requested[:_MOUNTS]:
        around = next((parent for parent in _parents(mounted.target) if parent in bound), None)
        path = "" if around is None else f"{bound[around]}{mounted.target[len(around) :]}"
        if path and (path in host_targets or mounted.kind in _PSEUDO or (root and f"{path}/".startswith(f"{root}/"))):
            continue
        requested_mount = _mount(mounted, by_device.get(mounted.device, _NONE) if host else ())
        if requested_mount.kind == "bind" and requested_mount.source:
            bound[requested_mount.target.rstrip("/")] = requested_mount.source.rstrip("/")
        yield requested_mount


def _parents(target: str) -> Iterator[str]:
    """The directories above a path, the nearest first, at most `_DEEPEST`."""
    for _ in range(min(target.count("/"), _DEEPEST)):
        target = target.rpartition("/")[0]
        yield target


def _is_requested(mount: Mounted) -> bool:
    """Whether a mount was requested: engines make the others themselves."""
    if _STANDARD.get(mount.target) in {"", mount.kind} or mount.target.startswith("/sys/fs/cgroup"):
        return False
    if mount.target in _DEVICES and mount.root == mount.target.removeprefix("/dev") and mount.kind.endswith("tmpfs"):
        return False
    covers = mount.target.startswith(("/proc/", "/sys/"))
    return not (covers and (mount.kind in _PSEUDO | {"tmpfs"} or mount.root == "/null"))


def _mount(mount: Mounted, host: Sequence[Mounted]) -> Mount:
    read_only = is_read_only(mount)
    options = tuple(option for option in ("noexec", "nosuid", "nodev") if option in mount.options)
    propagation = None if mount.propagation == "private" else mount.propagation
    # From inside a container the host's mounts are hidden, and the path within the file system is the best guess.
    known = source(mount, host) if host else None if mount.device.startswith("0:") else mount.root
    # The host's own tmpfs (/dev/shm, /run) has a place there, that of a container has none.
    if mount.kind == "tmpfs" and mount.root == "/" and (known is None or not host):
        loose = tuple(option for option in ("exec", "suid", "dev") if f"no{option}" not in mount.options)
        return Mount("tmpfs", None, mount.target, read_only, propagation, options + loose)
    return Mount("bind", known, mount.target, read_only, propagation, options)


def source(mount: Mounted, host: Sequence[Mounted]) -> str | None:
    """The path on the host that is mounted, None where no mount of the host shows that file system."""
    best: tuple[int, int, str] | None = None
    for outer in host:
        root = outer.root.rstrip("/")
        inside = mount.root == outer.root or mount.root.startswith(f"{root}/")
        if outer.device == mount.device and inside:
            path = f"{outer.target.rstrip('/')}{mount.root[len(root) :].rstrip('/')}" or "/"
            rank = len(root), -len(outer.target), path
            best = rank if best is None or rank > best else best
    return best[2] if best else None
