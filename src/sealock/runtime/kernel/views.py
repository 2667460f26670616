"""One container or process as the kernel shows it, with or without an engine's declaration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.enforced import Enforced
from sealock.model.process import Process
from sealock.patterns import compile_lazily
from sealock.runtime.kernel import identity
from sealock.runtime.kernel.effective import effective
from sealock.runtime.kernel.limits import machine_size
from sealock.runtime.kernel.members import Member, NamespaceMembers, gather
from sealock.runtime.kernel.processes import GoneError, ProcReader

SELF: Final = "self"
_ID: Final = compile_lazily(r"[0-9a-f]{12,64}")


class DeclaredContainer(Struct, frozen=True):
    """What an engine declares of a container: name, id, first process, and how it was started."""

    name: str
    id: str
    pid: int
    declared: Container


def compare(
    declared: DeclaredContainer, machine: ProcReader, members: NamespaceMembers, names: Mapping[str, str]
) -> Enforced | str:
    """Both views of a container, or the reason why the kernel's view is missing.

    `names` are the names of the engine's containers by id.
    """
    try:
        process = machine.read(declared.pid, tuple(sysctl.name for sysctl in given(declared.declared.sysctls, ())))
    except GoneError as gone:
        return str(gone)
    # A process that was moved out of its cgroups is still identified by what the engine mounted for it.
    in_group = process.container_id == declared.id
    if not in_group and identity.identity((), given(process.mounts, ())).id != declared.id:
        # Another process may have that pid by now, or the engine is in another PID namespace.
        return f"process {declared.pid} does not seem to be in this container"
    return _enforced(declared, process, machine, members, names)


def _enforced(
    declared: DeclaredContainer,
    process: Process,
    machine: ProcReader,
    members: NamespaceMembers,
    names: Mapping[str, str],
) -> Enforced:
    others, outside = members.of(process, declared.id)
    if declared.id and declared.pid not in outside and _left(process, declared.id, machine):
        outside = (declared.pid, *outside)
    if isinstance(process.namespaces, tuple):
        process = replace(process, namespaces=members.shared(process.namespaces, declared.id, names))
    return Enforced(
        name=declared.name,
        declared=declared.declared,
        effective=effective(process, machine),
        process=process,
        others=others,
        outside=outside,
        hidden=members.hidden,
        machine=machine_size(machine.tree),
    )


def _left(process: Process, container: str, machine: ProcReader) -> bool:
    """Whether none of its cgroups is the container's: what the engine mounted for it shows where it belongs.

    Outside the host's cgroup namespace all paths read "/", so they prove nothing.
    """
    whole = machine.inode("self", "cgroup") == machine.initial.get("cgroup")
    in_group = process.container_id == container and process.id_source == "cgroup path"
    return whole and isinstance(process.cgroup_paths, tuple) and not in_group


def look(target: str, machine: ProcReader) -> Enforced:
    """Look at "pid:N", "self", or "container:ID" by the start of an id; TargetError where there is none."""
    kind, _, rest = target.partition(":")
    if target == SELF:
        pid = os.getpid()
    elif kind == "container":
        pid = _first(rest, gather(machine))
    elif rest.isascii() and rest.isdecimal() and len(rest) < 10:
        pid = int(rest)
    else:
        message = f"{target} is not a process: write pid:1234, or self for sealock itself"
        raise TargetError(message)
    process = machine.read(pid)
    container = given(process.container_id, "")
    members = gather(machine) if container else NamespaceMembers()
    return _enforced(DeclaredContainer(target, container, pid, Container()), process, machine, members, {})


def is_id(name: str) -> bool:
    """Whether a name may be the start of a container's id."""
    return _ID.fullmatch(name) is not None


def _first(name: str, members: NamespaceMembers) -> int:
    """The first process of the only container whose id starts with this."""
    ids = [container for container in members.by_id if container.startswith(name)] if is_id(name) else []
    if len(ids) != 1:
        why = "several container ids start like this" if ids else "no process is in a container with this id"
        message = f"without an engine, container:{name} was not found: {why}"
        raise TargetError(message)
    return min(members.by_id[ids[0]], key=_age).process.pid


def _age(member: Member) -> tuple[int, bool, int]:
    """The key of the oldest process; a thread has its process's start."""
    return member.process.start, member.process.thread_of > 0, member.process.pid
