"""The cgroups of containers, by the numbers that the kernel has for them: the inodes of their directories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.kernel.procfiles import whole
from sealock.runtime.watch.observations import WatchedContainer

_DEEPEST: Final = 8
_MOST_GROUPS: Final = 1000
"""Cgroups below that of a container."""


class ContainerGroups:
    """Finds the cgroups of containers in a hierarchy where each has its own. Close it."""

    def __init__(self) -> None:
        self._reader = ProcReader(sockets=False)
        self.controller = "pids" if "pids" in self._reader.hierarchies.points else ""
        """The controller of cgroup version 1 whose hierarchy is used, "" for version 2."""

    def close(self) -> None:
        """Close what is open."""
        self._reader.tree.close()

    @property
    def hierarchy(self) -> int:
        """The number of the controller's hierarchy."""
        if self.controller:
            for line in self._reader.tree.read_text("proc/self/cgroup").splitlines():
                number, _, rest = line.partition(":")
                if self.controller in rest.partition(":")[0].split(","):
                    return whole(number) or 0
        return 0

    def of(self, container: WatchedContainer) -> Iterator[int]:
        """The cgroup of a container's first process, and those below it."""
        path = dict(self._reader.groups(container.pid)).get(self.controller, "") if container.pid else ""
        directory = self._reader.hierarchies.directory(self.controller, path) if container.id in path else None
        if directory is None:
            return
        # Podman and systemd put a program into a cgroup below the container's.
        while container.id in os.path.dirname(directory):
            directory = os.path.dirname(directory)
        for number, (place, inside, _) in enumerate(os.walk(f"/{directory}")):
            if number == _MOST_GROUPS or place.count("/") - directory.count("/") > _DEEPEST:
                inside.clear()
            with suppress(OSError):
                yield os.stat(place).st_ino
