"""The machine that an engine runs on: its kernel, its files, who may use the engine, and what the engine runs.

A field is a value, UNSET or UNKNOWN (it could not be read, without root or from outside), as for a Container.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.daemon import Daemon

FileKind: TypeAlias = Literal["file", "directory", "socket", "link", "other"]
Role: TypeAlias = Literal[
    "engine-unit",
    "engine-socket-unit",
    "containerd-unit",
    "config-directory",
    "daemon-config",
    "engine-defaults",
    "containerd-config",
    "registry-certificate",
    "tls-ca",
    "tls-certificate",
    "tls-key",
    "engine-socket",
    "containerd-socket",
    "data-root",
    "containerd-directory",
    "engine-binary",
    "client-config",
]
"""What the engine uses a file of the host for."""


class HostFile(Struct, frozen=True, gc=False):
    """A file or directory that matters to the engine. `mode` are the permission bits; unknown names are ""."""

    role: Role
    path: str
    kind: FileKind
    mode: int
    uid: int
    gid: int
    owner: str = ""
    group: str = ""


class Component(Struct, frozen=True, gc=False):
    """A program of the engine and its version: "engine", "containerd", "runc", "docker-init", "buildkit"."""

    name: str
    version: str
    commit: str = ""


class Swarm(Struct, frozen=True, kw_only=True):
    """What the engine reports on its swarm; periods in seconds."""

    active: bool
    manager: bool = False
    managers: Maybe[int] = UNKNOWN
    nodes: Maybe[int] = UNKNOWN
    services: Maybe[int] = UNKNOWN
    autolock: Maybe[bool] = UNKNOWN
    listen_address: Maybe[str] = UNKNOWN
    advertise_address: Maybe[str] = UNKNOWN
    data_path_address: Maybe[str] = UNKNOWN
    certificate_expiry: Maybe[float] = UNKNOWN
    secrets: Maybe[int] = UNKNOWN


class Login(Struct, frozen=True, gc=False):
    """A user who can use the engine, and so is root: `how` is "docker group" (or another), "sudo without password"."""

    name: str
    how: str
    where: str = ""


class Drift(Struct, frozen=True, gc=False):
    """A setting that differs between two sources: "daemon.json", "command line", "unit", "engine"; values as text."""

    setting: str
    source: str
    value: str
    other_source: str
    other_value: str


class Host(Struct, frozen=True, kw_only=True):
    """One machine. All fields default to unknown."""

    name: Maybe[str] = UNKNOWN
    kernel: Maybe[str] = UNKNOWN
    distribution: Maybe[str] = UNKNOWN
    architecture: Maybe[str] = UNKNOWN
    cgroup_version: Maybe[int] = UNKNOWN
    """1, 2; hybrid hierarchies with the controllers of version 1 count as 1."""
    controllers: Maybe[tuple[str, ...]] = UNKNOWN
    swap_accounting: Maybe[bool] = UNKNOWN
    lsm: Maybe[tuple[str, ...]] = UNKNOWN
    """The active security modules: ("capability", "apparmor")."""
    seccomp: Maybe[bool] = UNKNOWN
    sysctls: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    """The sysctls that matter here, by name: ("kernel.unprivileged_bpf_disabled", "2")."""
    components: Maybe[tuple[Component, ...]] = UNKNOWN
    api_version: Maybe[str] = UNKNOWN
    daemon: Maybe[Daemon] = UNKNOWN
    """The effective settings: what the engine reports, over its flags, over daemon.json."""
    files: Maybe[tuple[HostFile, ...]] = UNKNOWN
    unread: Maybe[tuple[str, ...]] = UNKNOWN
    """Existing paths that could not be read."""
    logins: Maybe[tuple[Login, ...]] = UNKNOWN
    audited: Maybe[tuple[str, ...]] = UNKNOWN
    """Paths that the kernel's audit rules watch."""
    data_root_mounted: Maybe[bool] = UNKNOWN
    """Whether the engine's data directory is on a mount of its own."""
    firewall: Maybe[str] = UNKNOWN
    """"ufw", "firewalld" … where one is active, "" for none."""
    drift: Maybe[tuple[Drift, ...]] = UNKNOWN
    """Settings that differ between two sources."""
    client_hosts: Maybe[tuple[str, ...]] = UNKNOWN
    """Engine addresses without TLS in environments and contexts of this machine: "tcp://10.0.0.5:2375"."""
    client_credentials: Maybe[tuple[str, ...]] = UNKNOWN
    """Client configurations with passwords in plain text."""
    swarm: Maybe[Swarm] = UNKNOWN
    containers: Maybe[int] = UNKNOWN
    running: Maybe[int] = UNKNOWN
    images: Maybe[int] = UNKNOWN
    images_unused: Maybe[int] = UNKNOWN
    published: Maybe[tuple[str, ...]] = UNKNOWN
    """Ports of running containers that are published on all addresses: "8080/tcp (web)"."""
    outdated: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    """Running containers whose tag names another image by now: ("web", "nginx:1.27")."""
