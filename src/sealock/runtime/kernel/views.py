"""One container or process as the kernel shows it: beside what an engine declares, or alone, without any engine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.enforced import Enforced
from sealock.model.process import Process
from sealock.runtime.kernel import identity
from sealock.runtime.kernel.effective import effective
from sealock.runtime.kernel.members import NamespaceMembers, gather
from sealock.runtime.kernel.processes import GoneError, ProcReader

SELF: Final = "self"
_ID: Final = re.compile(r"[0-9a-f]{12,64}")


class DeclaredContainer(Struct, frozen=True):
    """What an engine tells of a container: its name and id, its first process, and how it was started."""

    name: str
    id: str
    pid: int
    declared: Container


def beside(
    declared: DeclaredContainer, machine: ProcReader, members: NamespaceMembers, names: Mapping[str, str]
) -> Enforced | str:
    """What the kernel shows of a container that an engine tells of, or why that cannot be told.

    `names` are those of the engine's containers, by id.
    """
    try:
        process = machine.read(declared.pid, tuple(one.name for one in given(declared.declared.sysctls, ())))
    except GoneError as gone:
        return str(gone)
    # A process that was moved out of its control groups is still known by what the engine mounted for it.
    in_group = process.container_id == declared.id
    if not in_group and identity.identity((), given(process.mounts, ())).id != declared.id:
        # Another process may have that id by now, or the engine counts processes in a namespace that is not ours.
        return f"process {declared.pid} is not in this container as far as can be seen"
    seen = _enforced(declared, process, machine, members, names)
    if in_group and process.id_source == "cgroup path":
        return seen
    # Elsewhere than in the machine's own namespace all paths read "/", and nothing follows from them.
    whole = machine.inode("self", "cgroup") == machine.initial.get("cgroup")
    left = whole and isinstance(process.cgroup_paths, tuple) and declared.pid not in seen.outside
    return replace(seen, outside=(declared.pid, *seen.outside)) if left else seen


def _enforced(
    declared: DeclaredContainer,
    process: Process,
    machine: ProcReader,
    members: NamespaceMembers,
    names: Mapping[str, str],
) -> Enforced:
    others, outside = members.of(process, declared.id)
    if isinstance(process.namespaces, tuple):
        process = replace(process, namespaces=members.shared(process.namespaces, declared.id, names))
    return Enforced(
        name=declared.name,
        declared=declared.declared,
        effective=effective(process, machine),
        process=process,
        others=others,
        outside=outside,
    )


def look(target: str, machine: ProcReader) -> Enforced:
    """Look at "pid:N", "self", or "container:ID" by the beginning of an id; TargetError says why it cannot be."""
    kind, _, rest = target.partition(":")
    if target == SELF:
        pid = os.getpid()
    elif kind == "container":
        pid = _first(rest, gather(machine))
    elif rest.isascii() and rest.isdecimal() and 0 < len(rest) < 10:
        pid = int(rest)
    else:
        message = f"{target} names no process: write pid:1234, or self for this one"
        raise TargetError(message)
    process = machine.read(pid)
    container = given(process.container_id, "")
    members = gather(machine) if container else NamespaceMembers()
    return _enforced(DeclaredContainer(target, container, pid, Container()), process, machine, members, {})


def is_id(name: str) -> bool:
    """Whether a name may be the beginning of a container's id."""
    return _ID.fullmatch(name) is not None


def _first(name: str, members: NamespaceMembers) -> int:
    """The first process of the one container whose id begins so."""
    found = [one for one in members.by_id if one.startswith(name)] if is_id(name) else []
    if len(found) != 1:
        why = "several containers' ids begin so" if found else "no process is in a container of this id"
        message = f"Without it, container:{name} was not found: {why}"
        raise TargetError(message)
    return min(members.by_id[found[0]], key=lambda one: (one.process.start, one.process.pid)).process.pid
