"""A container's declared and effective views: the noun of rules on their difference."""

from __future__ import annotations

from msgspec import Struct

from sealock.model.container import Container
from sealock.model.process import Process


class MachineSize(Struct, frozen=True):
    """How large the machine is: bytes of memory, its CPUs as a list ("0-3"), those of each memory node.

    `now` are seconds since boot. Unknown values are 0 or "".
    """

    memory: int = 0
    cpus: str = ""
    nodes: tuple[tuple[int, str], ...] = ()
    now: float = 0.0


class Enforced(Struct, frozen=True, kw_only=True):
    """One running container, read twice: as the engine declares it, and as the kernel shows its first process.

    `others` are further processes in it, and those of their threads that differ from them; `outside` are the pids of
    those that left its cgroup. `hidden` says that more may be in it: without root, /proc hides the namespaces of other
    users' processes, and with hidepid the processes themselves.
    """

    name: str
    declared: Container
    effective: Container
    process: Process
    others: tuple[Process, ...] = ()
    outside: tuple[int, ...] = ()
    hidden: bool = False
    machine: MachineSize = MachineSize()
