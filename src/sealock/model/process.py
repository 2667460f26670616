"""What the kernel says of one process and of the control groups that it is in: what it sees, may use and may do."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe

NamespaceKind: TypeAlias = Literal["mnt", "uts", "ipc", "net", "pid", "cgroup", "user", "time"]
NAMESPACES: Final[tuple[NamespaceKind, ...]] = ("mnt", "uts", "ipc", "net", "pid", "cgroup", "user", "time")


class Namespace(Struct, frozen=True, gc=False):
    """A namespace by its inode. `host` says whether it is the machine's initial one, None where that is not known."""

    kind: NamespaceKind
    inode: int
    host: bool | None = None
    shared_with: tuple[str, ...] = ()
    """Names of other containers in the same one."""


class IdRange(Struct, frozen=True, gc=False):
    """A line of uid_map or gid_map."""

    inside: int
    outside: int
    count: int


class Mounted(Struct, frozen=True, gc=False):
    """A line of mountinfo, unescaped. `root` is the path within its file system, `options` those of this mount."""

    target: str
    root: str
    kind: str
    source: str
    options: tuple[str, ...]
    propagation: str = "private"
    """"private", "shared", "slave", "unbindable"."""
    device: str = ""
    """Major and minor number of its file system: "8:1"."""
    super_options: tuple[str, ...] = ()


class Limit(Struct, frozen=True, gc=False):
    """A resource of a control group: its limit (None for none) and its use. Bytes, microseconds or a count, by name."""

    name: str
    limit: int | None = None
    used: int | None = None
    group: str = ""
    """The control group above it that sets the limit, "" for its own."""
    peak: int | None = None
    """The most that was ever used, where the kernel keeps it."""


class Socket(Struct, frozen=True, gc=False):
    """A socket that listens: "tcp", "tcp6", "udp", "udp6", "unix"; the address without brackets; port 0 for unix."""

    protocol: str
    address: str
    port: int
    program: str = ""


class Route(Struct, frozen=True, gc=False):
    """A way that packets take: those for a subnet ("10.1.0.0/16"; "0.0.0.0/0" is the rest) leave by an interface.

    `gateway` is who passes them on, "" for a subnet that the interface is on itself.
    """

    interface: str
    subnet: str
    gateway: str = ""


class AllowedDevice(Struct, frozen=True, gc=False):
    """A device rule of the control group, as the kernel writes it: "c 1:3 rwm"."""

    rule: str


class Process(Struct, frozen=True, kw_only=True):
    """One process as the kernel sees it. Built empty it knows nothing."""

    pid: int
    start: int = 0
    """Clock ticks after boot, to tell it from a later process of the same id."""
    name: Maybe[str] = UNKNOWN
    command: Maybe[tuple[str, ...]] = UNKNOWN
    inner_pid: Maybe[int] = UNKNOWN
    """Its id in its own namespace."""
    container_id: Maybe[str] = UNKNOWN
    """64 hexadecimal digits (fewer where only a short one shows), "" for none."""
    container_engine: Maybe[str] = UNKNOWN
    """"docker", "podman", "containerd", "cri-o", "kubernetes" …"""
    id_source: Maybe[str] = UNKNOWN
    """How the id was found: "cgroup path", "mountinfo", "host name"."""
    uid: Maybe[int] = UNKNOWN
    """The effective one, as the host sees it."""
    gid: Maybe[int] = UNKNOWN
    groups: Maybe[tuple[int, ...]] = UNKNOWN
    effective: Maybe[int] = UNKNOWN
    """Capability sets as bit masks; so too permitted, bounding, inheritable and ambient."""
    permitted: Maybe[int] = UNKNOWN
    bounding: Maybe[int] = UNKNOWN
    inheritable: Maybe[int] = UNKNOWN
    ambient: Maybe[int] = UNKNOWN
    no_new_privileges: Maybe[bool] = UNKNOWN
    seccomp: Maybe[int] = UNKNOWN
    """0 none, 1 strict, 2 filter."""
    seccomp_filters: Maybe[int] = UNKNOWN
    apparmor: Maybe[str] = UNKNOWN
    """"profile (mode)", "unconfined"; UNSET where the kernel has none."""
    selinux: Maybe[str] = UNKNOWN
    namespaces: Maybe[tuple[Namespace, ...]] = UNKNOWN
    uid_map: Maybe[tuple[IdRange, ...]] = UNKNOWN
    gid_map: Maybe[tuple[IdRange, ...]] = UNKNOWN
    mounts: Maybe[tuple[Mounted, ...]] = UNKNOWN
    limits: Maybe[tuple[tuple[str, int, int], ...]] = UNKNOWN
    """Resource limits: name, soft, hard; -1 is unlimited."""
    oom_score_adj: Maybe[int] = UNKNOWN
    cgroup_version: Maybe[int] = UNKNOWN
    cgroup_paths: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    """Controller ("" for the unified tree) and path."""
    resources: Maybe[tuple[Limit, ...]] = UNKNOWN
    """"memory", "memory.reservation", "memory.swap" (with memory), "cpu.quota", "cpu.period", "cpu.weight",
    "cpu.time" (used), "cpu.throttled" (used), "pids", "io.weight", "io.read:8:0" (bytes in a second) …"""
    cpuset_cpus: Maybe[str] = UNKNOWN
    cpuset_mems: Maybe[str] = UNKNOWN
    devices: Maybe[tuple[AllowedDevice, ...]] = UNKNOWN
    uncovered: Maybe[tuple[str, ...]] = UNKNOWN
    """Paths of the kernel that engines cover or make read-only, and that lie open."""
    sysctls: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    """The kernel parameters of its namespaces that matter, each with its value."""
    listening: Maybe[tuple[Socket, ...]] = UNKNOWN
