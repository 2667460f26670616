"""What a watcher saw of a container, before it becomes a profile."""

from __future__ import annotations

from collections.abc import Sized
from typing import Final

import msgspec
from msgspec import Struct

from sealock.model.profile import Phase
from sealock.patterns import compile_lazily
from sealock.text import well_formed

MOST_FILES: Final = 50_000
"""Paths of one kind that are kept; the profile says that there were more."""
MOST_ADDRESSES: Final = 20_000
"""Addresses that are kept: with all of these a profile can still be read."""
LONGEST_PATH: Final = 8000
_PROCESS: Final = compile_lazily(r"^/proc/\d+(/task/\d+)?(?=/|$)")
"""A process's own directory, whose number says nothing."""


class WatchedContainer(Struct, frozen=True):
    """A container that is watched. `filtered` says whether its processes run under a seccomp filter.

    `pid` is its first process, 0 for one that ended before it could be looked at.
    """

    id: str
    pid: int = 0
    filtered: bool = True


class Observations(Struct):
    """What a container did. Sets, so that several mechanisms can add to them."""

    calls: dict[str, set[str]] = msgspec.field(default_factory=dict)
    """System calls by architecture, those of the runtime under the container's filter included."""
    capabilities: set[str] = msgspec.field(default_factory=set)
    read: set[str] = msgspec.field(default_factory=set)
    written: set[str] = msgspec.field(default_factory=set)
    executed: set[str] = msgspec.field(default_factory=set)
    mapped: set[str] = msgspec.field(default_factory=set)
    listening: set[tuple[str, int, str]] = msgspec.field(default_factory=set)
    """Protocol, port, address ("" for every address)."""
    contacted: set[tuple[str, str, int]] = msgspec.field(default_factory=set)
    """Protocol, address (a path for unix), port."""
    names: dict[str, str] = msgspec.field(default_factory=dict)
    """Names by address, as far as they are known."""
    users: set[tuple[int, int]] = msgspec.field(default_factory=set)
    """User and group, as the host numbers them."""
    memory: int = 0
    pids: int = 0
    cpus: float = 0.0
    phases: set[Phase] = msgspec.field(default_factory=set)
    lost: set[str] = msgspec.field(default_factory=set)
    """What was missed, in words."""

    @property
    def size(self) -> int:
        """How much was seen: it grows with each new thing."""
        calls = sum(map(len, self.calls.values()))
        sets: tuple[Sized, ...] = (
            self.capabilities, self.read, self.written, self.executed, self.mapped, self.listening, self.contacted,
            self.phases,
        )  # fmt: skip
        return calls + sum(map(len, sets))

    def add_call(self, architecture: str, name: str) -> None:
        """Add a system call."""
        self.calls.setdefault(architecture, set()).add(name)

    def add_path(self, kind: set[str], path: str) -> None:
        """Add a path to one of the sets, as text that a file can hold; what is too much is lost."""
        path = _PROCESS.sub("/proc/*", well_formed(path))
        if len(path) > LONGEST_PATH or not path.startswith("/"):
            self.lost.add("a path that is too long")
        elif path in kind or len(kind) < MOST_FILES:
            kind.add(path)
        else:
            self.lost.add(f"paths beyond {MOST_FILES} of one kind")

    def add_contact(self, protocol: str, address: str, port: int) -> None:
        """Add what was connected to; what is too much is lost."""
        contact = protocol, address, port
        if contact in self.contacted or len(self.contacted) < MOST_ADDRESSES:
            self.contacted.add(contact)
        else:
            self.lost.add(f"addresses beyond {MOST_ADDRESSES}")
