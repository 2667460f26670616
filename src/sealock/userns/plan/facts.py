"""What a plan is made of: the machine's accounts and ranges, and what the engine holds. None is "could not be told"."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.container import Container

PathKind: TypeAlias = Literal["folder", "file", "socket", "device", "other", "missing", "unknown"]


class EngineImage(Struct, frozen=True, gc=False):
    """An image that the engine holds; size in bytes. `pullable` is false where no registry is known to have it."""

    name: str
    size: int
    pullable: bool = True


class EngineVolume(Struct, frozen=True, gc=False):
    """A named volume; `path` is its folder on this machine. `plain` is false where its driver has options (NFS …)."""

    name: str
    driver: str = "local"
    path: str = ""
    plain: bool = True


class PathEntry(Struct, frozen=True, gc=False):
    """A file or folder, and who owns it."""

    path: str
    uid: int
    gid: int


class Owned(Struct, frozen=True, kw_only=True):
    """Who owns what in a folder and below, on its file system: (uid, gid) and how many entries.

    `hidden` counts those of them that others than their owner and group cannot read. `whole` is false where not all
    was seen. Paths in `setuid`, `capable` and `acls` name what a change of owner takes away or does not reach.
    """

    path: str
    kind: PathKind = "folder"
    mode: int = 0
    device: int = 0
    size: int = 0
    owners: tuple[tuple[int, int, int], ...] = ()
    hidden: tuple[tuple[int, int, int], ...] = ()
    setuid: tuple[str, ...] = ()
    capable: tuple[str, ...] = ()
    acls: tuple[str, ...] = ()
    entries: tuple[PathEntry, ...] = ()
    """Each one, where that was asked for."""
    whole: bool = True


class Bind(Struct, frozen=True):
    """A folder or file of the host that a container mounts."""

    container: str
    path: str
    target: str
    read_only: bool = False


class Runs(Struct, frozen=True):
    """A container or service: its name, how it is configured, whether it runs, and its id, "" where it has none."""

    name: str
    container: Container
    running: bool = True
    id: str = ""


class MachineFacts(Struct, frozen=True, kw_only=True):
    """Everything that a plan looks at.

    `subuid` and `subgid` are the texts of the files, None where they could not be read, "" where there are none.
    `accounts` are user ids by name, `groups` group ids by name.
    """

    kernel: str = ""
    """Its release, as uname says it."""
    boot: str = ""
    """The words that the kernel was booted with."""
    user_namespaces: bool | None = None
    """Whether the kernel has them."""
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
    """The engine's file of settings, below the root."""
    remap_setting: str = ""
    """What it says of remapping now."""
    store_setting: bool | None = None
    """What it says of features.containerd-snapshotter."""
    broken_settings: str = ""
    """Why the file cannot be changed, "" where it can."""
    interrupted: bool = False
    """Whether an earlier change was begun and not ended."""
    files: tuple[str, ...] = ()
    """The files whose services are planned for, in the place of an engine's containers."""
    engine: bool = False
    """Whether an engine answered; what follows is known then alone."""
    away: str = ""
    """Where the engine runs, if that is not this machine."""
    podman: bool = False
    remapped: bool = False
    rootless: bool = False
    flag: str | None = None
    """What its command line says of remapping; "" for nothing."""
    storage: str = ""
    containerd_store: bool = False
    """Whether containerd keeps the images, and not the engine."""
    data_root: str = ""
    closed: tuple[str, ...] = ()
    """Folders above the engine's data that others than their owner may not walk through."""
    free: int | None = None
    """Bytes that are free where the engine keeps its data."""
    swarm: bool = False
    live_restore: bool = False
    version: str = ""
    limits: dict[str, int] = {}
    """The engine's own hard limits by the names of --ulimit; -1 is unlimited."""
    images: tuple[EngineImage, ...] = ()
    containers: tuple[Runs, ...] = ()
    volumes: tuple[EngineVolume, ...] = ()
    networks: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    owned: tuple[Owned, ...] = ()
    """Of binds' folders, of volumes, and of devices."""
