"""What a plan is made of: the machine's accounts and ranges, and what the engine holds. None is "could not be told"."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.container import Container


class Image(Struct, frozen=True, gc=False):
    """An image that the engine holds; size in bytes."""

    name: str
    size: int


class Owned(Struct, frozen=True):
    """Who owns what is in a folder: (uid, gid) and how many entries. `whole` is false where not all were counted."""

    path: str
    owners: tuple[tuple[int, int, int], ...]
    whole: bool = True


class Bind(Struct, frozen=True):
    """A folder of the host, or a volume, that a container mounts. `volume` is its name, "" for a folder of the host."""

    container: str
    path: str
    target: str
    volume: str = ""
    read_only: bool = False


class Runs(Struct, frozen=True):
    """A container: its name, how it is configured, whether it runs."""

    name: str
    container: Container
    running: bool = True


class Machine(Struct, frozen=True, kw_only=True):
    """Everything that a plan looks at.

    `subuid` and `subgid` are the texts of the files, None where they could not be read, "" where there are none.
    `accounts` are user ids by name, `groups` group ids by name.
    """

    user_namespaces: bool | None = None
    """Whether the kernel has them."""
    most_namespaces: int | None = None
    """user.max_user_namespaces."""
    subuid: str | None = None
    subgid: str | None = None
    accounts: dict[str, int] = {}
    groups: dict[str, int] = {}
    engine: bool = False
    """Whether an engine answered; what follows is known then alone."""
    remapped: bool = False
    rootless: bool = False
    remap_setting: str = ""
    """What daemon.json says now."""
    storage: str = ""
    data_root: str = ""
    free: int | None = None
    """Bytes that are free where the engine keeps its data."""
    swarm: bool = False
    version: str = ""
    images: tuple[Image, ...] = ()
    containers: tuple[Runs, ...] = ()
    volumes: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    owned: tuple[Owned, ...] = ()
