"""Finds a container's id in what the kernel shows: the paths of control groups, and what is mounted.

Names of control groups and host names can be forged by whoever may make them; the id is what the kernel shows, and
counts as certain only where the engine knows a container of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from sealock.model.process import Mounted

_HEX: Final = r"[0-9a-f]{64}"
_SCOPES: Final = (
    ("docker", re.compile(rf"(?:^|/)docker-({_HEX})\.scope")),
    ("podman", re.compile(rf"(?:^|/)libpod-({_HEX})(?:\.scope|/|$)")),
    ("containerd", re.compile(rf"(?:^|/)cri-containerd[-:]({_HEX})(?:\.scope|/|$)")),
    ("cri-o", re.compile(rf"(?:^|/)crio-({_HEX})(?:\.scope|/|$)")),
    ("docker", re.compile(rf"(?:^|/)docker/({_HEX})")),
    ("kubernetes", re.compile(rf"(?:^|/)kubepods[^/]*(?:/[^/]+)*/({_HEX})")),
    ("containerd", re.compile(rf":cri-containerd:({_HEX})$")),
    ("", re.compile(rf"/({_HEX})(?:/|$)")),
)
_MOUNTED: Final = (
    ("docker", re.compile(rf"/containers/({_HEX})/(?:hostname|hosts|resolv\.conf)$")),
    ("podman", re.compile(rf"/overlay-containers/({_HEX})/userdata/(?:hostname|hosts|resolv\.conf)$")),
    ("containerd", re.compile(rf"/sandboxes/({_HEX})/(?:hostname|hosts|resolv\.conf)$")),
)
_SET_BY_ENGINES: Final = frozenset({"/etc/hostname", "/etc/hosts", "/etc/resolv.conf"})
_LONGEST: Final = 4096


class ContainerIdentity(Struct, frozen=True):
    """A container's id, "" for none; `engine` as the path's shape tells it; `source` is how it was found."""

    id: str = ""
    engine: str = ""
    source: str = ""


def identity(groups: Iterable[tuple[str, str]], mounts: Iterable[Mounted], host_name: str = "") -> ContainerIdentity:
    """Find the id: in the control group's path, in what the engine mounts over /etc, last in a short host name."""
    for _, path in groups:
        if (found := _in_path(path)) is not None:
            return found
    for mount in mounts:
        if mount.target in _SET_BY_ENGINES and len(mount.root) <= _LONGEST:
            for engine, shape in _MOUNTED:
                if (match := shape.search(mount.root)) is not None:
                    return ContainerIdentity(match[1], engine, "mountinfo")
    if re.fullmatch(r"[0-9a-f]{12}", host_name):
        return ContainerIdentity(host_name, "", "host name")
    return ContainerIdentity()


def _in_path(path: str) -> ContainerIdentity | None:
    """The innermost id of a path, with the engine that its shape tells; a container within a container has two."""
    best: tuple[int, ContainerIdentity] | None = None
    for engine, shape in _SCOPES:
        for match in shape.finditer(path[:_LONGEST]):
            # The first shapes are the more telling ones, so a later one wins only further in.
            if best is None or match.start(1) > best[0]:
                best = match.start(1), ContainerIdentity(match[1], engine, "cgroup path")
    return best[1] if best else None
