"""The facts that a plan needs: the machine's accounts and ranges, and what the engine has. None means unknown."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.container import Container

PathKind: TypeAlias = Literal["directory", "file", "socket", "device", "other", "missing", "unknown"]


class EngineImage(Struct, frozen=True, gc=False):
    """An image of the engine; size in bytes. `pullable` is false where no registry is known to have it."""

    name: str
    size: int
    pullable: bool = True


class EngineVolume(Struct, frozen=True, gc=False):
    """A named volume; `path` is its directory on this machine. `plain` is false for driver options (NFS …)."""

    name: str
    driver: str = "local"
    path: str = ""
    plain: bool = True


class PathEntry(Struct, frozen=True, gc=False):
    """A file or directory, and its owner."""

    path: str
    uid: int
    gid: int


class Owned(Struct, frozen=True, kw_only=True):
    """The owners of entries in a directory tree, on its file system: (uid, gid, number of entries).

    `hidden` counts the entries that others cannot read. `whole` is false where not everything was read. A change of
    owner removes what `setuid` and `capable` name, and does not change `acls`.
    """

    path: str
    kind: PathKind = "directory"
    mode: int = 0
    device: int = 0
    size: int = 0
    owners: tuple[tuple[int, int, int], ...] = ()
    hidden: tuple[tuple[int, int, int], ...] = ()
    setuid: tuple[str, ...] = ()
    capable: tuple[str, ...] = ()
    acls: tuple[str, ...] = ()
    entries: tuple[PathEntry, ...] = ()
    """Every entry, on request."""
    whole: bool = True


class Bind(Struct, frozen=True):
    """A directory or file of the host that a container mounts."""

    container: str
    path: str
    target: str
    read_only: bool = False


class PlannedContainer(Struct, frozen=True):
    """A container or service: its name, its configuration, whether it runs, and its id or ""."""

    name: str
    container: Container
    running: bool = True
    id: str = ""


class MachineFacts(Struct, frozen=True, kw_only=True):
    """Everything that a plan depends on.

    `subuid` and `subgid` are the texts of the files, None where they could not be read, "" where they do not exist.
    `accounts` are uids by name, `groups` gids by name.
    """

    kernel: str = ""
    """Its release, as in `uname -r`."""
    boot: str = ""
    """The kernel command line."""
    user_namespaces: bool | None = None
    """Whether the kernel supports them."""
    most_namespaces: int | None = None
    """user.max_user_namespaces."""
    unprivileged: bool | None = None
    """kernel.unprivileged_userns_clone, which only some distributions have."""
    subuid: str | None = None
    subgid: str | None = None
    accounts: dict[str, int] = {}
    groups: dict[str, int] = {}
    directory: str = ""
    """The directory service that accounts come from too: "sss", "ldap", "winbind"; "" for none."""
    settings: str = "etc/docker/daemon.json"
    """The engine's daemon.json, below the root."""
    remap_setting: str = ""
    """Its userns-remap."""
    store_setting: bool | None = None
    """Its features.containerd-snapshotter."""
    broken_settings: str = ""
    """Why the file cannot be changed, or ""."""
    interrupted: bool = False
    """Whether an earlier change was interrupted."""
    files: tuple[str, ...] = ()
    """The files whose services are planned for, instead of an engine's containers."""
    engine: bool = False
    """Whether an engine answered; the following fields need one."""
    away: str = ""
    """Where the engine runs, if not on this machine."""
    podman: bool = False
    remapped: bool = False
    rootless: bool = False
    flag: str | None = None
    """--userns-remap on its command line, or ""."""
    storage: str = ""
    containerd_store: bool = False
    """Whether the engine uses the containerd image store."""
    data_root: str = ""
    closed: tuple[str, ...] = ()
    """Directories above the engine's data that others may not enter (no o+x)."""
    free: int | None = None
    """Free bytes on the engine's data directory."""
    swarm: bool = False
    live_restore: bool = False
    version: str = ""
    limits: dict[str, int] = {}
    """The engine's own hard limits by the names of --ulimit; -1 is unlimited."""
    images: tuple[EngineImage, ...] = ()
    containers: tuple[PlannedContainer, ...] = ()
    volumes: tuple[EngineVolume, ...] = ()
    networks: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    owned: tuple[Owned, ...] = ()
    """The owners in bind mounts, volumes and devices."""
