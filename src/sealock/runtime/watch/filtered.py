"""Watches containers by a filter of system calls that reports: to the audit log, or to us and we let it through."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from threading import Lock
from typing import Final

from sealock.errors import TargetError, UsageError, reason_of
from sealock.model.absent import UNSET, given
from sealock.model.container import Container
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.watch.auditlog import AuditListener, ContainersOfProcesses, SeccompRecord
from sealock.runtime.watch.filemarks import LATE, ContainerFiles
from sealock.runtime.watch.learningfilter import declared_capabilities, learning_filter
from sealock.runtime.watch.notifications import NotificationListener
from sealock.runtime.watch.observations import Observations, WatchedContainer

_MOST: Final = 100_000
"""Different calls that wait until it is clear which container is meant."""
UNSEEN: Final = "addresses that were connected to: filters of system calls do not show them"


class _FilterWatcher:
    """What both have in common: records of calls, by container."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._reader = ProcReader()
        self._stack.callback(self._reader.tree.close)
        self._directory = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="sealock-learn-"))
        self._containers = ContainersOfProcesses()
        self._waiting: dict[SeccompRecord, None] = {}
        self._calls: dict[str, set[tuple[str, str]]] = {}
        self._programs: dict[str, set[str]] = {}
        self._users: dict[str, set[tuple[int, int]]] = {}
        self._files: dict[str, ContainerFiles] = {}
        self._lock = Lock()
        self._lost: set[str] = set()

    @property
    def sees_capabilities(self) -> bool:
        """A filter does not see what the kernel checks within a call."""
        return False

    def close(self) -> None:
        """Stop watching."""
        self._stack.close()
        for files in self._files.values():
            files.close()
        self._files.clear()

    def expect(self) -> None:
        """Records come from now on."""

    def add(self, container: WatchedContainer) -> None:
        """Watch a container; what was reported before it was known is looked through."""
        self._containers.watched.add(container.id)
        self._watch_files(container)

    def _watch_files(self, container: WatchedContainer, *, early: bool = False) -> None:
        """Watch the files of a container, or those of the process that it has now."""
        if not container.pid:
            return
        with self._lock:
            try:
                if files := self._files.get(container.id):
                    files.follow(container.pid)
                else:
                    self._files[container.id] = ContainerFiles(container, early=early)
            except OSError as error:
                self._lost.add(f"files that were only read: fanotify cannot be used ({reason_of(error)})")

    def _read_files(self) -> None:
        for files in tuple(self._files.values()):
            files.read()

    def settle(self) -> None:
        """Records of other containers are dropped anyhow."""

    def _write_filter(self, container: Container, action: str, listener: str = "") -> tuple[str, ...]:
        if container.seccomp is not UNSET and given(container.seccomp, ""):
            message = "the command sets a filter of system calls of its own: watch it by tracepoints, or leave that out"
            raise UsageError(message)
        try:
            text = learning_filter(declared_capabilities(container), os.uname().machine, action, listener)  # type: ignore[arg-type]  # one of both
        except ValueError as error:
            raise TargetError(str(error)) from None
        path = f"{self._directory}/seccomp.json"
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
        return "--security-opt", f"seccomp={path}"

    def _keep(self, records: Iterable[SeccompRecord]) -> None:
        """Sort records by container; those of none yet wait until one is known."""
        for record in records:
            if len(self._waiting) < _MOST:
                self._waiting[self._containers.attribute(record)] = None
            else:
                self._lost.add("system calls before the container was known")
        if not self._containers.watched:
            return
        for record in self._waiting:
            known = record if record.container else self._containers.attribute(record)
            if known.container in self._containers.watched:
                self._calls.setdefault(known.container, set()).add((record.architecture, record.name))
                self._users.setdefault(known.container, set()).add((record.uid, record.gid))
                if record.pid and known.container not in self._files:
                    self._watch_files(WatchedContainer(known.container, record.pid))
                if record.program.startswith("/") and not record.command.startswith(("runc", "crun")):
                    self._programs.setdefault(known.container, set()).add(record.program)
        self._waiting.clear()

    def observe(self, container: WatchedContainer, seen: Observations) -> None:
        """Add the calls that were reported, and the sockets that listen now."""
        for architecture, name in self._calls.get(container.id, ()):
            seen.add_call(architecture, name)
        for path in self._programs.get(container.id, ()):
            seen.add_path(seen.executed, path)
        seen.users |= self._users.get(container.id, set())
        seen.phases.add("start")
        if {name for _, name in self._calls.get(container.id, ())} & {"accept", "accept4"}:
            # Whether a connection came is in the result, which a filter does not see.
            seen.lost.add("whether the connections that it waited for came")
        seen.lost |= {UNSEEN, *self._lost}
        if files := self._files.get(container.id):
            files.observe(seen)
        else:
            seen.lost.add(LATE)
        if container.pid:
            for socket in given(self._reader.listening(container.pid), ()):
                if socket.port:
                    address = "" if socket.address in {"0.0.0.0", "::"} else socket.address  # noqa: S104  it is compared
                    seen.listening.add((socket.protocol.removesuffix("6"), socket.port, address))


class LogWatcher(_FilterWatcher):
    """By the audit log: the container does not wait for us, and runs on if we end."""

    name: Final = "log"

    def __init__(self) -> None:
        super().__init__()
        try:
            self._listener = self._stack.enter_context(AuditListener())
        except TargetError:
            self._stack.close()
            raise

    def options(self, container: Container) -> tuple[str, ...]:
        """A filter that logs."""
        return self._write_filter(container, "SCMP_ACT_LOG")

    def read(self) -> None:
        """Take the records that came."""
        self._keep(dict.fromkeys(self._listener.read()))
        self._read_files()
        if self._listener.lost:
            self._lost.add("system calls: the kernel dropped records of them")


class NotifyWatcher(_FilterWatcher):
    """By user notification: each call waits until we let it go on, so none is lost and each is its container's."""

    name: Final = "notify"

    def __init__(self) -> None:
        super().__init__()
        self._socket = f"{self._directory}/listener"
        try:
            self._listener = self._stack.enter_context(NotificationListener(self._socket, self._begin))
        except OSError as error:
            self._stack.close()
            message = f"{self._socket} cannot be listened on: {reason_of(error)}"
            raise TargetError(message) from None

    def _begin(self, container: WatchedContainer) -> None:
        """Watch the files of a container whose program waits for us to let it start."""
        self._watch_files(container, early=True)

    def options(self, container: Container) -> tuple[str, ...]:
        """A filter that asks."""
        return self._write_filter(container, "SCMP_ACT_NOTIFY", self._socket)

    def read(self) -> None:
        """Take the calls that were let through."""
        self._keep(self._listener.taken())
        self._read_files()
