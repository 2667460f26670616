"""Which processes are in which container, and which of them left its control groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from sealock.model.absent import given
from sealock.model.process import NAMESPACES, Namespace, NamespaceKind, Process
from sealock.runtime.kernel.identity import identity
from sealock.runtime.kernel.processes import GoneError, ProcReader

_LIMITING: Final = ("memory", "pids", "cpu", "cpuset", "blkio", "devices")
"""The controllers of version 1 that limit; the unified tree beside them, and systemd's, only count."""


class Member(Struct, frozen=True):
    """A process in some container, with the inodes of the namespaces that tell which; 0 for the machine's own."""

    process: Process
    mnt: int = 0
    pid: int = 0


class NamespaceMembers:
    """Processes by their container's id, and by its namespaces of mounts and processes."""

    def __init__(self) -> None:
        self.by_id: dict[str, list[Member]] = {}
        self.by_space: dict[int, list[Member]] = {}
        self.spaces: dict[tuple[NamespaceKind, int], list[str]] = {}
        """The ids of the containers in each namespace, by the first process of each that was met."""

    def add(self, member: Member) -> None:
        """Take one in."""
        here = given(member.process.container_id, "")
        if here:
            self.by_id.setdefault(here, []).append(member)
        for space in {member.mnt, member.pid} - {0}:
            self.by_space.setdefault(space, []).append(member)

    def share(self, container: str, kind: NamespaceKind, inode: int) -> None:
        """Keep that a container is in a namespace."""
        self.spaces.setdefault((kind, inode), []).append(container)

    def of(self, process: Process, container: str = "") -> tuple[tuple[Process, ...], tuple[int, ...]]:
        """The other processes of a container, and the ids of those (itself too) that left its control groups.

        Of those that share its view of processes, what is in another container is that one's own, unless it sees the
        files of this one.
        """
        here = container or given(process.container_id, "")
        own = {one.kind: one.inode for one in given(process.namespaces, ()) if not one.host}
        mnt, pid = own.get("mnt", 0), own.get("pid", 0)
        found = {one.process.pid: one.process for one in self.by_id.get(here, ())}
        for one in self.by_space.get(mnt, ()):
            found[one.process.pid] = one.process
        for one in self.by_space.get(pid, ()):
            if given(one.process.container_id, "") in {"", here}:
                found[one.process.pid] = one.process
        found.pop(process.pid, None)
        group = groups_of(process, here)
        outside = tuple(one.pid for one in (process, *found.values()) if here and left(one, group))
        return tuple(found.values()), outside

    def shared(self, spaces: tuple[Namespace, ...], container: str, names: Mapping[str, str]) -> tuple[Namespace, ...]:
        """The namespaces, each with the other containers in it, by name where one is known."""
        found = []
        for space in spaces:
            others = [other for other in self.spaces.get((space.kind, space.inode), ()) if other != container]
            told = tuple(sorted({names.get(other, other[:12]) for other in others})) if space.host is not True else ()
            found.append(Namespace(space.kind, space.inode, space.host, told))
        return tuple(found)


def groups_of(process: Process, container: str) -> dict[str, str]:
    """The container's own group for each controller that limits, as far as the process shows it.

    A process may be in a group below it; one that left shows the container's group under the other controllers.
    """
    held = dict(given(process.cgroup_paths, ()))
    names: list[str] = [name for name in _LIMITING if name in held] or [name for name in held if not name]
    cut = {name: _cut(held[name], container) for name in names}
    shown = next((path for each in held.values() if (path := _cut(each, container))), "")
    return {name: path or shown for name, path in cut.items()}


def _cut(path: str, container: str) -> str:
    """The path up to the part that names the container, "" where none does."""
    parts = path.split("/")
    last = max((at for at, part in enumerate(parts) if container and container in part), default=-1)
    return "/".join(parts[: last + 1])


def left(process: Process, group: dict[str, str]) -> bool:
    """Whether a process is outside the group under any controller; where no group shows, nobody left."""
    held = dict(given(process.cgroup_paths, ()))
    return any(
        own and (path := held.get(name)) is not None and path != own and not path.startswith(f"{own}/")
        for name, own in group.items()
    )


def gather(machine: ProcReader) -> NamespaceMembers:
    """Look at every process once, and keep those that are in some container."""
    found = NamespaceMembers()
    for pid in machine.processes():
        mnt, space = (machine.own(pid, kind) for kind in ("mnt", "pid"))
        if not mnt and not space and not identity(machine.groups(pid), ()).id:
            continue
        try:
            process = machine.brief(pid)
        except GoneError:
            continue
        here = given(process.container_id, "")
        if here and here not in found.by_id:
            for kind in NAMESPACES:
                if inode := machine.inode(pid, kind):
                    found.share(here, kind, inode)
        found.add(Member(process, mnt, space))
    return found
