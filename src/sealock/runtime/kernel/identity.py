"""Finds a container's id in its cgroup paths and mounts.

A process that may create cgroups or set the host name can forge an id, so it is certain only where the engine knows a
container with that id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sealock.model.process import Mounted
from sealock.patterns import compile_lazily

_HEX: Final = r"[0-9a-f]{64}"
_SCOPES: Final = (
    ("docker", compile_lazily(rf"(?:^|/)docker-({_HEX})\.scope")),
    ("podman", compile_lazily(rf"(?:^|/)libpod-(?:payload-)?({_HEX})(?:\.scope|/|$)")),
    ("nerdctl", compile_lazily(rf"(?:^|/)nerdctl-({_HEX})\.scope")),
    ("containerd", compile_lazily(rf"(?:^|/)cri-containerd[-:]({_HEX})(?:\.scope|/|$)")),
    ("cri-o", compile_lazily(rf"(?:^|/)crio-({_HEX})(?:\.scope|/|$)")),
    ("docker", compile_lazily(rf"(?:^|/)docker/({_HEX})")),
    ("kubernetes", compile_lazily(rf"(?:^|/)kubepods[^/]*(?:/[^/]+)*/({_HEX})")),
    ("containerd", compile_lazily(rf":cri-containerd:({_HEX})$")),
    ("", compile_lazily(rf"/({_HEX})(?:/|$)")),
)
_MOUNTED: Final = (
    ("docker", compile_lazily(rf"/containers/({_HEX})/(?:hostname|hosts|resolv\.conf)$")),
    (
        "podman",
        compile_lazily(rf"/(?:overlay|vfs|btrfs|zfs)-containers/({_HEX})/userdata/(?:hostname|hosts|resolv\.conf)$"),
    ),
    ("nerdctl", compile_lazily(rf"/(?:containers|etchosts)/[^/]+/({_HEX})/(?:hostname|hosts|resolv\.conf)$")),
    ("containerd", compile_lazily(rf"/sandboxes/({_HEX})/(?:hostname|hosts|resolv\.conf)$")),
)
_FROM_ENGINE: Final = frozenset({"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"})
_LONGEST: Final = 4096


class ContainerIdentity(Struct, frozen=True):
    """A container's id, "" for none; `engine` by the shape of the path; `source` says how the id was found."""

    id: str = ""
    engine: str = ""
    source: str = ""


def identity(groups: Iterable[tuple[str, str]], mounts: Iterable[Mounted], host_name: str = "") -> ContainerIdentity:
    """Find the id: in a cgroup path, else in what the engine mounts over /etc, else in a short host name."""
    for _, path in groups:
        if (container := _in_path(path)) is not None:
            return container
    for mount in mounts:
        if mount.target in _FROM_ENGINE and len(mount.root) <= _LONGEST:
            for engine, shape in _MOUNTED:
                if (match := shape.search(mount.root)) is not None:
                    return ContainerIdentity(match[1], engine, "mountinfo")
    if re.fullmatch(r"[0-9a-f]{12}", host_name):
        return ContainerIdentity(host_name, "", "host name")
    return ContainerIdentity()


def _in_path(path: str) -> ContainerIdentity | None:
    """The innermost id of a path, with its engine; a container inside a container has two."""
    best: tuple[int, ContainerIdentity] | None = None
    for engine, shape in _SCOPES:
        for match in shape.finditer(path[:_LONGEST]):
            # Earlier shapes are more specific, so a later one wins only further in.
            if best is None or match.start(1) > best[0]:
                best = match.start(1), ContainerIdentity(match[1], engine, "cgroup path")
    return best[1] if best else None
