"""What the kernel shows of one process and its cgroups: what it sees, may use and may do."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import UNKNOWN, Maybe

NamespaceKind: TypeAlias = Literal["mnt", "uts", "ipc", "net", "pid", "cgroup", "user", "time"]
NAMESPACES: Final[tuple[NamespaceKind, ...]] = ("mnt", "uts", "ipc", "net", "pid", "cgroup", "user", "time")


class Namespace(Struct, frozen=True, gc=False):
    """A namespace by its inode. `host` says whether it is the host's initial one, None where that is unknown."""

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
    """A line of mountinfo, unescaped. `root` is the path within its file system, `options` are those of this mount."""

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
    """A resource of a cgroup: its limit (None for none) and its usage, in bytes, microseconds or a count, by name."""

    name: str
    limit: int | None = None
    used: int | None = None
    group: str = ""
    """The ancestor cgroup that sets the limit, "" for its own."""
    peak: int | None = None
    """The highest usage so far, where the kernel keeps it."""


class Socket(Struct, frozen=True, gc=False):
    """A listening socket: "tcp", "tcp6", "udp", "udp6", "unix"; the address without brackets; port 0 for unix."""

    protocol: str
    address: str
    port: int
    program: str = ""


class Route(Struct, frozen=True, gc=False):
    """A route: packets for a subnet ("10.1.0.0/16"; "0.0.0.0/0" is the default) leave by an interface.

    `gateway` is "" for a subnet that is directly connected.
    """

    interface: str
    subnet: str
    gateway: str = ""


class AllowedDevice(Struct, frozen=True, gc=False):
    """A device rule of the cgroup, as the kernel writes it: "c 1:3 rwm"."""

    rule: str


class Process(Struct, frozen=True, kw_only=True):
    """One process as the kernel shows it. All fields but `pid` default to unknown."""

    pid: int
    start: int = 0
    """Clock ticks after boot, to distinguish it from a later process with the same pid."""
    thread_of: int = 0
    """The process that this is a thread of; 0 for a process."""
    name: Maybe[str] = UNKNOWN
    command: Maybe[tuple[str, ...]] = UNKNOWN
    inner_pid: Maybe[int] = UNKNOWN
    """Its pid in its own PID namespace."""
    container_id: Maybe[str] = UNKNOWN
    """64 hexadecimal digits (fewer where only a short id is known), "" for none."""
    container_engine: Maybe[str] = UNKNOWN
    """"docker", "podman", "containerd", "cri-o", "kubernetes" …"""
    id_source: Maybe[str] = UNKNOWN
    """How the id was found: "cgroup path", "mountinfo", "host name"."""
    uid: Maybe[int] = UNKNOWN
    """The effective uid, in the host's user namespace."""
    gid: Maybe[int] = UNKNOWN
    groups: Maybe[tuple[int, ...]] = UNKNOWN
    effective: Maybe[int] = UNKNOWN
    """Capability sets as bit masks; likewise permitted, bounding, inheritable and ambient."""
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
    """Ulimits: name, soft, hard; -1 is unlimited."""
    oom_score_adj: Maybe[int] = UNKNOWN
    cgroup_version: Maybe[int] = UNKNOWN
    cgroup_paths: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    """Controller ("" for the unified hierarchy) and path."""
    resources: Maybe[tuple[Limit, ...]] = UNKNOWN
    """"memory", "memory.reservation", "memory.swap" (with memory), "cpu.quota", "cpu.period", "cpu.weight",
    "cpu.time" (used), "cpu.throttled" (used), "pids", "io.weight", "io.read:8:0" (bytes in a second) …"""
    cpuset_cpus: Maybe[str] = UNKNOWN
    cpuset_mems: Maybe[str] = UNKNOWN
    devices: Maybe[tuple[AllowedDevice, ...]] = UNKNOWN
    uncovered: Maybe[tuple[str, ...]] = UNKNOWN
    """Paths in /proc and /sys that engines mask or make read-only, and that are open here."""
    sysctls: Maybe[tuple[tuple[str, str], ...]] = UNKNOWN
    """The sysctls of its namespaces that matter, each with its value."""
    listening: Maybe[tuple[Socket, ...]] = UNKNOWN
