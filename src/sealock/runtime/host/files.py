"""The files that matter to an engine, with owners and modes."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Final

from sealock.model.host import FileKind, HostFile, Role
from sealock.runtime.host.people import People
from sealock.runtime.kernel.tree import ProcTree

_UNITS: Final = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_FIXED: Final[tuple[tuple[Role, tuple[str, ...]], ...]] = (
    ("engine-unit", tuple(f"{directory}/docker.service" for directory in _UNITS)),
    ("engine-socket-unit", tuple(f"{directory}/docker.socket" for directory in _UNITS)),
    ("containerd-unit", tuple(f"{directory}/containerd.service" for directory in _UNITS)),
    ("config-directory", ("etc/docker",)),
    ("daemon-config", ("etc/docker/daemon.json",)),
    ("engine-defaults", ("etc/default/docker",)),
    ("engine-defaults", ("etc/sysconfig/docker",)),
    ("engine-socket", ("run/docker.sock", "var/run/docker.sock")),
    ("containerd-socket", ("run/containerd/containerd.sock",)),
    ("containerd-socket", ("run/docker/containerd/containerd.sock", "var/run/docker/containerd/containerd.sock")),
    ("containerd-directory", ("run/containerd",)),
    ("engine-binary", ("usr/bin/dockerd", "usr/sbin/dockerd")),
    ("containerd-config", ("etc/containerd/config.toml",)),
    ("engine-binary", ("usr/bin/containerd",)),
    ("engine-binary", ("usr/bin/containerd-shim",)),
    ("engine-binary", ("usr/bin/containerd-shim-runc-v1",)),
    ("engine-binary", ("usr/bin/containerd-shim-runc-v2",)),
    ("engine-binary", ("usr/bin/runc", "usr/sbin/runc")),
)
"""The first existing path of each counts."""
_SOCKETS: Final = frozenset({"engine-socket", "containerd-socket"})
_CERTIFICATES: Final = "etc/docker/certs.d"
_ENDINGS: Final[dict[str, Role]] = {
    ".crt": "registry-certificate", ".cert": "registry-certificate", ".key": "tls-key",
}  # fmt: skip
_MOST: Final = 1000
_KINDS: Final[dict[int, FileKind]] = {
    stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFSOCK: "socket", stat.S_IFLNK: "link",
}  # fmt: skip


def files(tree: ProcTree, people: People, named: tuple[tuple[Role, str], ...]) -> tuple[HostFile, ...]:
    """Stat each file; `named` are those whose paths come from the engine's settings."""
    existing = [file for role, paths in _FIXED if (file := _first(tree, people, role, paths)) is not None]
    existing += [file for role, path in named if (file := read_file(tree, people, role, path.lstrip("/"))) is not None]
    existing += _certificates(tree, people)
    return tuple(existing)


def _first(tree: ProcTree, people: People, role: Role, paths: tuple[str, ...]) -> HostFile | None:
    return next((file for path in paths if (file := read_file(tree, people, role, path)) is not None), None)


def read_file(tree: ProcTree, people: People, role: Role, path: str) -> HostFile | None:
    """A file with its owner and mode; None where it does not exist or its stat is denied.

    An engine that bind mounts a missing socket leaves a directory there, which is no socket to connect to.
    """
    status = tree.status(path)
    if status is None:
        return None
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), "other")
    if role in _SOCKETS and kind != "socket":
        return None
    user, group = people.users.get(status.st_uid, ""), people.groups.get(status.st_gid, "")
    return HostFile(role, f"/{path}", kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, user, group)


def _certificates(tree: ProcTree, people: People) -> Iterator[HostFile]:
    """Certificates and keys of registries, one directory per registry."""
    for registry in tree.names(_CERTIFICATES)[:_MOST]:
        for name in tree.names(f"{_CERTIFICATES}/{registry}")[:_MOST]:
            role = _ENDINGS.get(name[name.rfind(".") :])
            file = read_file(tree, people, role, f"{_CERTIFICATES}/{registry}/{name}") if role else None
            if file is not None:
                yield file
