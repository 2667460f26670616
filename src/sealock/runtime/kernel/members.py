"""Which processes are in which container, and which of them left its control groups."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from sealock.model.absent import given
from sealock.model.process import NAMESPACES, Namespace, NamespaceKind, Process
from sealock.patterns import compile_lazily
from sealock.runtime.kernel.identity import identity
from sealock.runtime.kernel.processes import GoneError, ProcReader

_LIMITING: Final = ("memory", "pids", "cpu", "cpuset", "blkio", "devices")
"""The controllers of version 1 that limit; the unified and systemd's hierarchies only count."""

_STARTING: Final = 0.3
"""Seconds in which a runtime starts the program of an image once it was asked to, on a busy machine too."""


_RUNTIME: Final = compile_lazily(r"(?:runc|youki):\[\d:[A-Z]+\]|crun")
"""What runtimes call themselves in a container until they become its program, or a further one."""


def is_starting(process: Process) -> bool:
    """Whether a process calls itself as a runtime does, before the image's program takes its place."""
    return _RUNTIME.fullmatch(given(process.name, "")) is not None


class Member(Struct, frozen=True):
    """A process in a container, or a thread of it that differs, with the inodes of its namespaces; 0 for the host's."""

    process: Process
    mnt: int = 0
    pid: int = 0


class NamespaceMembers:
    """Processes and threads by container id, and by mount and PID namespace."""

    def __init__(self) -> None:
        self.by_id: dict[str, list[Member]] = {}
        self.by_space: dict[int, list[Member]] = {}
        self.spaces: dict[tuple[NamespaceKind, int], list[str]] = {}
        """The ids of the containers in each namespace, by the first process found of each."""
        self.hidden = False
        """Whether there may be more processes in these namespaces: /proc hides those of other users."""

    def add(self, member: Member) -> None:
        """Add a process."""
        if container := given(member.process.container_id, ""):
            self.by_id.setdefault(container, []).append(member)
        for space in {member.mnt, member.pid} - {0}:
            self.by_space.setdefault(space, []).append(member)

    def share(self, container: str, kind: NamespaceKind, inode: int) -> None:
        """Note that a container is in a namespace."""
        self.spaces.setdefault((kind, inode), []).append(container)

    def of(self, process: Process, container: str = "") -> tuple[tuple[Process, ...], tuple[int, ...]]:
        """The other processes and threads of a container, and the ids of those (itself too) that left its cgroups.

        Processes of another container that shares only the PID namespace do not count; those that share the mount
        namespace do.
        """
        container = container or given(process.container_id, "")
        own = {space.kind: space.inode for space in given(process.namespaces, ()) if not space.host}
        others = {member.process.pid: member.process for member in self.by_id.get(container, ())}
        for member in self.by_space.get(own.get("mnt", 0), ()):
            others[member.process.pid] = member.process
        for member in self.by_space.get(own.get("pid", 0), ()):
            if given(member.process.container_id, "") in {"", container}:
                others[member.process.pid] = member.process
        others.pop(process.pid, None)
        group = groups_of(process, container)
        outside = tuple(other.pid for other in (process, *others.values()) if container and left(other, group))
        return tuple(others.values()), outside

    def shared(self, spaces: tuple[Namespace, ...], container: str, names: Mapping[str, str]) -> tuple[Namespace, ...]:
        """The namespaces, each with the other containers in it, by name where it is known."""
        namespaces = []
        for space in spaces:
            others = [other for other in self.spaces.get((space.kind, space.inode), ()) if other != container]
            shared = tuple(sorted({names.get(other, other[:12]) for other in others})) if space.host is not True else ()
            namespaces.append(Namespace(space.kind, space.inode, space.host, shared))
        return tuple(namespaces)


def groups_of(process: Process, container: str) -> dict[str, str]:
    """The container's own cgroup for each controller that limits, as far as the process shows it.

    A process may be in a cgroup below it; one that left still shows the container's cgroup under other controllers.
    """
    paths = dict(given(process.cgroup_paths, ()))
    names: list[str] = [name for name in _LIMITING if name in paths] or [name for name in paths if not name]
    cut = {name: _cut(paths[name], container) for name in names}
    any_group = next((group for path in paths.values() if (group := _cut(path, container))), "")
    return {name: group or any_group for name, group in cut.items()}


def _cut(path: str, container: str) -> str:
    """The path up to the part that names the container, "" if none does."""
    parts = path.split("/")
    last = max((at for at, part in enumerate(parts) if container and container in part), default=-1)
    return "/".join(parts[: last + 1])


def left(process: Process, group: dict[str, str]) -> bool:
    """Whether a process is outside its container's cgroup under any controller; False where no cgroup is known."""
    paths = dict(given(process.cgroup_paths, ()))
    return any(
        own and (path := paths.get(name)) is not None and path != own and not path.startswith(f"{own}/")
        for name, own in group.items()
    )


def gather(machine: ProcReader, pause: Callable[[float], None] = time.sleep) -> NamespaceMembers:
    """Look at every process, and keep those that are in a container.

    One whose threads differ, or that is named like a runtime, is looked at again a little later: a container that
    starts is still the runtime's own program, one thread of which has given up its privileges before the program of
    the image takes its place.
    """
    members = NamespaceMembers()
    found: list[tuple[Process, tuple[Process, ...], int, int]] = []
    containers: set[str] = set()
    members.hidden = machine.hides_processes
    for pid in machine.processes():
        mnt, space = (machine.own(pid, kind) for kind in ("mnt", "pid"))
        # Process 1 of the host is in no container, and may have more capabilities than root does here.
        members.hidden = members.hidden or (pid != 1 and f"proc/{pid}/ns/mnt" in machine.tree.denied)
        if not mnt and not space and not identity(machine.groups(pid), ()).id:
            continue
        try:
            process = machine.brief(pid)
        except GoneError:
            continue
        container = given(process.container_id, "")
        if container and container not in containers:
            containers.add(container)
            for kind in NAMESPACES:
                if inode := machine.inode(pid, kind):
                    members.share(container, kind, inode)
        found.append((process, machine.threads(process), mnt, space))
    if any(threads or is_starting(process) for process, threads, _, _ in found):
        pause(_STARTING)
    for process, threads, mnt, space in found:
        parts = (process, *threads)
        if threads or is_starting(process):
            try:
                again = machine.brief(process.pid)
            except GoneError:
                continue
            if again.start != process.start:
                continue  # another one took the number
            parts = (again, *machine.threads(again))
        for part in parts:
            members.add(Member(part, mnt, space))
    return members
