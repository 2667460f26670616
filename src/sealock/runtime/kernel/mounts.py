"""What is mounted in a container, as somebody asked for it: what engines mount by themselves is left out."""

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
"""What every engine mounts, and of which kind; "" for any."""
_DEVICES: Final = frozenset(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))
"""With a user namespace, devices cannot be made: engines mount the host's, one by one."""
_PSEUDO: Final = frozenset({"proc", "sysfs", "devpts", "mqueue", "cgroup", "cgroup2", "devtmpfs"})
_NONE: Final = (Mounted("", "", "", "", ()),)
"""A mount that no other is in: the host shows none of that file system."""
_DEEPEST: Final = 100
_MOUNTS: Final = 5000
"""Mounts at the most; whoever may mount in a container could make a hundred thousand."""


def is_read_only(mount: Mounted) -> bool:
    """Whether nothing can be written: by this mount's own option, or the file system's."""
    return "ro" in mount.options or "ro" in mount.super_options


def asked_for(mounts: Sequence[Mounted], host: tuple[Mounted, ...]) -> Iterator[Mount]:
    """Leave out what came along with a folder of the host: the host's mounts within it, and the container's own."""
    # A later mount on the same target hides the earlier one.
    shown = {mount.target: mount for mount in mounts}
    top = shown.get("/")
    own = [one for one in shown.values() if _is_own(one)]
    there = {mount.target for mount in host}
    by_device: dict[str, list[Mounted]] = {}
    for mount in host:
        by_device.setdefault(mount.device, []).append(mount)
    folders: dict[str, str] = {}
    root = source(top, by_device.get(top.device, [])) if top is not None else None
    for one in own[:_MOUNTS]:
        around = next((above for above in _above(one.target) if above in folders), None)
        path = "" if around is None else f"{folders[around]}{one.target[len(around) :]}"
        if path and (path in there or one.kind in _PSEUDO or (root and f"{path}/".startswith(f"{root}/"))):
            continue
        made = _mount(one, by_device.get(one.device, _NONE) if host else ())
        if made.kind == "bind" and made.source:
            folders[made.target.rstrip("/")] = made.source.rstrip("/")
        yield made


def _above(target: str) -> Iterator[str]:
    """The folders that a path is in, the nearest first; of a path without end not all."""
    for _ in range(min(target.count("/"), _DEEPEST)):
        target = target.rpartition("/")[0]
        yield target


def _is_own(mount: Mounted) -> bool:
    """Whether somebody asked for a mount: engines make the others themselves."""
    if _STANDARD.get(mount.target) in {"", mount.kind} or mount.target.startswith("/sys/fs/cgroup"):
        return False
    if mount.target in _DEVICES and mount.root == mount.target.removeprefix("/dev") and mount.kind.endswith("tmpfs"):
        return False
    covers = mount.target.startswith(("/proc/", "/sys/"))
    return not (covers and (mount.kind in _PSEUDO | {"tmpfs"} or mount.root == "/null"))


def _mount(mount: Mounted, host: Sequence[Mounted]) -> Mount:
    read_only = is_read_only(mount)
    options = tuple(one for one in ("noexec", "nosuid", "nodev") if one in mount.options)
    propagation = None if mount.propagation == "private" else mount.propagation
    if mount.kind == "tmpfs" and mount.root == "/":
        loose = tuple(one for one in ("exec", "suid", "dev") if f"no{one}" not in mount.options)
        return Mount("tmpfs", None, mount.target, read_only, propagation, options + loose)
    # From inside a container the host's mounts do not show: the path within a disk is then the nearest to the truth.
    known = source(mount, host) if host else None if mount.device.startswith("0:") else mount.root
    return Mount("bind", known, mount.target, read_only, propagation, options)


def source(mount: Mounted, host: Sequence[Mounted]) -> str | None:
    """The path on the host that is mounted, None where no mount of the host shows that file system."""
    best: tuple[int, int, str] | None = None
    for one in host:
        root = one.root.rstrip("/")
        inside = mount.root == one.root or mount.root.startswith(f"{root}/")
        if one.device == mount.device and inside:
            path = f"{one.target.rstrip('/')}{mount.root[len(root) :].rstrip('/')}" or "/"
            rank = len(root), -len(one.target), path
            best = rank if best is None or rank > best else best
    return best[2] if best else None
