"""Measures what a container uses while it runs, by its cgroup and by /proc: memory, processes, CPUs, mapped code."""

from __future__ import annotations

import re
import time
from typing import Final

from sealock.model.absent import given
from sealock.model.process import IdRange
from sealock.patterns import compile_lazily
from sealock.runtime.kernel import procfiles
from sealock.runtime.kernel.identity import identity
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.watch.observations import Observations, WatchedContainer

_CODE: Final = compile_lazily(r"^[0-9a-f]+-[0-9a-f]+ ..x. \S+ \S+ \d+ +(/.*)$", re.MULTILINE)
_SPAN: Final = 0.4
"""Seconds over which CPU time is measured, at least."""
_PROCESSES: Final = 64
"""Processes whose mapped files are read at a time."""
_DELETED: Final = " (deleted)"


class ContainerMeter:
    """Measures one container. It remembers its cgroups, and so works also after its first process ended."""

    def __init__(self, reader: ProcReader, container: WatchedContainer) -> None:
        self._reader = reader
        groups = reader.groups(container.pid) if container.pid else ()
        # A pid that another process has by now would give the cgroups of that.
        self._groups = groups if identity(groups, ()).id == container.id else ()
        of = f"proc/{container.pid}"
        self._users = procfiles.id_ranges(reader.tree.read_text(f"{of}/uid_map")) if self._groups else ()
        self._owners = procfiles.id_ranges(reader.tree.read_text(f"{of}/gid_map")) if self._groups else ()
        self._pid = container.pid
        self._last = time.monotonic(), -1

    def started(self, filtered: bool) -> bool:  # noqa: FBT001  a fact
        """Whether the first process has its filter, as the runtime gives it just before the program starts."""
        status = procfiles.fields(self._reader.tree.read_text(f"proc/{self._pid}/status")) if self._groups else {}
        return bool(status) and (status.get("Seccomp") == "2" or not filtered)

    def measure(self, seen: Observations) -> None:
        """Raise the peaks to what is used now."""
        if not self._groups:
            return
        now = time.monotonic()
        for limit in given(self._reader.group(self._groups).resources, ()):
            most = max(limit.used or 0, limit.peak or 0)
            if limit.name == "memory":
                seen.memory = max(seen.memory, most)
            elif limit.name == "pids":
                seen.pids = max(seen.pids, most)
            elif limit.name == "cpu.time" and now - self._last[0] >= _SPAN:
                start, spent = self._last
                if spent >= 0:
                    seen.cpus = max(seen.cpus, round((most - spent) / 1e6 / (now - start), 2))
                self._last = now, most

    def code(self, seen: Observations) -> None:
        """Add the files that are mapped as code now, the dynamic linker among them, which no process opens itself."""
        for pid in self._processes():
            for path in _CODE.findall(self._reader.tree.read_text(f"proc/{pid}/maps")):
                seen.add_path(seen.mapped, path.removesuffix(_DELETED))

    def _processes(self) -> tuple[int, ...]:
        """Some processes of the container: the first one, and those that are in its cgroup with it."""
        if not self._groups:
            return ()
        controller, path = self._groups[0]
        text = self._reader.hierarchies.read_file(controller, path, "cgroup.procs") or ""
        pids = (number for line in text.splitlines()[:_PROCESSES] if (number := procfiles.whole(line)) is not None)
        return tuple(dict.fromkeys((self._pid, *pids)))

    def users_inside(self, seen: Observations) -> None:
        """Number the users as the container does; those that it cannot have are left out."""
        if self._groups:
            inside = ((_inside(user, self._users), _inside(owner, self._owners)) for user, owner in seen.users)
            seen.users = {(user, owner) for user, owner in inside if user is not None and owner is not None}


def _inside(number: int, ranges: tuple[IdRange, ...]) -> int | None:
    """The number within a user namespace for one of the host's."""
    for span in ranges:
        if span.outside <= number < span.outside + span.count:
            return span.inside + number - span.outside
    return None
