"""The files that matter to an engine: whose they are, and what their modes allow."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from typing import Final

from sealock.model.host import FileKind, HostFile, Role
from sealock.runtime.host.people import People
from sealock.runtime.kernel.tree import ProcTree

_UNITS: Final = ("etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system")
_FIXED: Final[tuple[tuple[Role, tuple[str, ...]], ...]] = (
    ("engine-unit", tuple(f"{folder}/docker.service" for folder in _UNITS)),
    ("engine-socket-unit", tuple(f"{folder}/docker.socket" for folder in _UNITS)),
    ("containerd-unit", tuple(f"{folder}/containerd.service" for folder in _UNITS)),
    ("config-folder", ("etc/docker",)),
    ("daemon-config", ("etc/docker/daemon.json",)),
    ("engine-defaults", ("etc/default/docker",)),
    ("engine-defaults", ("etc/sysconfig/docker",)),
    ("engine-socket", ("run/docker.sock", "var/run/docker.sock")),
    ("containerd-socket", ("run/containerd/containerd.sock",)),
    ("containerd-folder", ("run/containerd",)),
    ("engine-binary", ("usr/bin/dockerd", "usr/sbin/dockerd")),
    ("containerd-config", ("etc/containerd/config.toml",)),
    ("engine-binary", ("usr/bin/containerd",)),
    ("engine-binary", ("usr/bin/containerd-shim",)),
    ("engine-binary", ("usr/bin/containerd-shim-runc-v1",)),
    ("engine-binary", ("usr/bin/containerd-shim-runc-v2",)),
    ("engine-binary", ("usr/bin/runc", "usr/sbin/runc")),
)
"""The first of each that is there counts."""
_SOCKETS: Final = frozenset({"engine-socket", "containerd-socket"})
_CERTIFICATES: Final = "etc/docker/certs.d"
_ENDINGS: Final[dict[str, Role]] = {
    ".crt": "registry-certificate", ".cert": "registry-certificate", ".key": "tls-key",
}  # fmt: skip
_MOST: Final = 1000
_KINDS: Final[dict[int, FileKind]] = {
    stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFSOCK: "socket", stat.S_IFLNK: "link",
}  # fmt: skip


def files(tree: ProcTree, people: People, named: tuple[tuple[Role, str], ...]) -> tuple[HostFile, ...]:
    """Look at each; `named` are those whose paths the engine's settings tell."""
    found = [one for role, paths in _FIXED if (one := _first(tree, people, role, paths)) is not None]
    found += [one for role, path in named if (one := look(tree, people, role, path.lstrip("/"))) is not None]
    found += _certificates(tree, people)
    return tuple(found)


def _first(tree: ProcTree, people: People, role: Role, paths: tuple[str, ...]) -> HostFile | None:
    return next((one for path in paths if (one := look(tree, people, role, path)) is not None), None)


def look(tree: ProcTree, people: People, role: Role, path: str) -> HostFile | None:
    """What a file's own entry says; None where it is not there or may not be looked at.

    At a socket's path an engine that binds what is not there leaves a folder, which nobody can talk to.
    """
    held = tree.status(path)
    if held is None:
        return None
    kind = _KINDS.get(stat.S_IFMT(held.st_mode), "other")
    if role in _SOCKETS and kind != "socket":
        return None
    user, group = people.users.get(held.st_uid, ""), people.groups.get(held.st_gid, "")
    return HostFile(role, f"/{path}", kind, stat.S_IMODE(held.st_mode), held.st_uid, held.st_gid, user, group)


def _certificates(tree: ProcTree, people: People) -> Iterator[HostFile]:
    """Certificates and keys of registries: a folder each."""
    for registry in tree.names(_CERTIFICATES)[:_MOST]:
        for name in tree.names(f"{_CERTIFICATES}/{registry}")[:_MOST]:
            role = _ENDINGS.get(name[name.rfind(".") :])
            one = look(tree, people, role, f"{_CERTIFICATES}/{registry}/{name}") if role else None
            if one is not None:
                yield one
