"""Sees which files a container opens where no tracepoint can: by fanotify, with a mark on each of its mounts.

A mount belongs to one mount namespace, so what comes through it was done within the container, or by a process that
looks into it from outside. The cgroup of the process says which.
https://man7.org/linux/man-pages/man7/fanotify.7.html
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from sealock.errors import reason_of
from sealock.runtime.kernel.procfiles import mounts
from sealock.runtime.watch.auditlog import container_of
from sealock.runtime.watch.observations import MOST_FILES, Observations, WatchedContainer

WRITES, CLOSES_WRITTEN, CLOSES, OPENS, EXECUTES, OVERFLOW = 0x2, 0x8, 0x10, 0x20, 0x1000, 0x4000
"""FAN_MODIFY, FAN_CLOSE_WRITE, FAN_CLOSE_NOWRITE, FAN_OPEN, FAN_OPEN_EXEC, FAN_Q_OVERFLOW."""
_ALL: Final = WRITES | CLOSES_WRITTEN | CLOSES | OPENS | EXECUTES
_CLOSED_AND_NO_WAIT: Final = 0x1 | 0x2
"""FAN_CLOEXEC, FAN_NONBLOCK."""
_OF_A_MOUNT: Final = 0x1 | 0x10
"""FAN_MARK_ADD, FAN_MARK_MOUNT."""
_EVENT: Final = struct.Struct("=IBBHQii")
"""Length, version, 0, length of this, what happened, descriptor of the file, process."""
_ROOM: Final = 1 << 17
_MOST_READS: Final = 200
"""Reads in a row, so that a container that never stops does not keep us."""
_KERNELS_OWN: Final = frozenset({
    "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "devtmpfs", "securityfs", "debugfs", "tracefs", "bpf",
})  # fmt: skip
_MOST_MOUNTS: Final = 1000
_MAY_CHANGE: Final = 20
"""Looks between two at the list of mounts."""
_OPENAT2: Final = 437
_IN_ROOT_WITHOUT_MAGIC: Final = 0x10 | 0x02
"""RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS: links of the container lead nowhere else."""
_DELETED: Final = " (deleted)"
LATE: Final = "files that were opened before its mounts were watched"
DROPPED: Final = "files: the kernel dropped events of them"


class FileEvent(Struct, frozen=True):
    """What happened to a file: `mask` has the bits above, `descriptor` is -1 for none."""

    mask: int
    descriptor: int
    pid: int


def read_events(data: bytes) -> Iterator[FileEvent]:
    """The events of what the kernel wrote; what is no event ends them."""
    place = 0
    while place + _EVENT.size <= len(data):
        length, _, _, _, mask, descriptor, pid = _EVENT.unpack_from(data, place)
        if length < _EVENT.size:
            return
        yield FileEvent(mask, descriptor, pid)
        place += length


class ContainerFiles:
    """The files that one container opens from now on. Close it. OSError where the kernel or our rights forbid it.

    `early` says that its program has not started yet. `look` finds the container of a process.
    """

    def __init__(
        self, container: WatchedContainer, *, early: bool = False, look: Callable[[int], str] = container_of
    ) -> None:
        self._id, self._look, self._pid = container.id, look, 0
        self._lost: set[str] = set() if early else {LATE}
        self._masks: dict[str, int] = {}
        self._marked: set[tuple[int, str, str, str]] = set()
        self._list = ""
        self._looks = 0
        self._library = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._call("fanotify_init", _CLOSED_AND_NO_WAIT, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        self.follow(container.pid)

    def close(self) -> None:
        """Take the marks away."""
        os.close(self._descriptor)

    def follow(self, pid: int) -> None:
        """Watch the mounts that a process of the container has."""
        # A process that comes later may be a short one.
        if not self._pid or self._look(self._pid) != self._id:
            self._pid, self._list = pid, ""
        if self._pid:
            self._mark()

    def _mark(self) -> None:
        """Mark the mounts that are new."""
        with suppress(OSError):
            listed = Path(f"/proc/{self._pid}/mountinfo").read_text("utf-8", errors="surrogateescape")
            if listed == self._list:
                return
            root = os.open(f"/proc/{self._pid}/root", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                # What has this number by now may be another process.
                if self._look(self._pid) == self._id:
                    self._mark_all(root, listed, os.stat(f"/proc/{self._pid}/ns/mnt").st_ino)
                    self._list = listed
            finally:
                os.close(root)

    def _mark_all(self, root: int, listed: str, space: int) -> None:
        visible = {mount.target: mount for mount in mounts(listed)}
        for number, mount in enumerate(visible.values()):
            key = space, mount.target, mount.device, mount.root
            if key in self._marked or mount.kind in _KERNELS_OWN or mount.target == "/dev":
                continue
            if number >= _MOST_MOUNTS:
                self._lost.add(f"files on mounts beyond {_MOST_MOUNTS}")
                return
            try:
                place = _open_within(self._library, root, mount.target)
                try:
                    path = f"/proc/self/fd/{place}".encode()
                    self._call("fanotify_mark", self._descriptor, _OF_A_MOUNT, ctypes.c_uint64(_ALL), -100, path)
                finally:
                    os.close(place)
            except (FileNotFoundError, NotADirectoryError):
                pass  # another mount hides it, from the container too
            except OSError as error:
                self._lost.add(f"files on a mount of the kind {mount.kind}: {reason_of(error)}")
            else:
                self._marked.add(key)

    def _call(self, name: str, *arguments: object) -> int:
        result: int = getattr(self._library, name)(*arguments)
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    def read(self) -> None:
        """Take the events that came."""
        self._looks += 1
        if self._pid and self._looks % _MAY_CHANGE == 0:
            self._mark()
        inside: dict[int, bool] = {}
        for _ in range(_MOST_READS):
            try:
                data = os.read(self._descriptor, _ROOM)
            except BlockingIOError:
                return
            except OSError as error:
                self._lost.add(f"{DROPPED}: {reason_of(error)}")
                return
            for event in read_events(data):
                self._take(event, inside)

    def _take(self, event: FileEvent, inside: dict[int, bool]) -> None:
        if event.mask & OVERFLOW:
            self._lost.add(DROPPED)
        if event.descriptor < 0:
            return
        try:
            path = os.readlink(f"/proc/self/fd/{event.descriptor}").removesuffix(_DELETED)
        finally:
            os.close(event.descriptor)
        if event.pid not in inside:
            # What ended meanwhile was in the container, as nearly all is that comes through its mounts.
            inside[event.pid] = self._look(event.pid) == self._id or not os.path.exists(f"/proc/{event.pid}")
        if not inside[event.pid]:
            return
        if path in self._masks or len(self._masks) < MOST_FILES:
            self._masks[path] = self._masks.get(path, 0) | event.mask
        else:
            self._lost.add(f"paths beyond {MOST_FILES}")

    def observe(self, seen: Observations) -> None:
        """Add what was seen."""
        for path, mask in tuple(self._masks.items()):
            if mask & EXECUTES:
                seen.add_path(seen.mapped if _is_linker(path) else seen.executed, path)
            if mask & (WRITES | CLOSES_WRITTEN):
                seen.add_path(seen.written, path)
            if mask & CLOSES or not mask & (EXECUTES | WRITES | CLOSES_WRITTEN):
                seen.add_path(seen.read, path)
        seen.lost |= self._lost


def _is_linker(path: str) -> bool:
    """Whether a file is the dynamic linker, which the kernel opens as it opens the program that names it."""
    name = path.rpartition("/")[2]
    return name.startswith("ld") and ".so" in name


def _open_within(library: ctypes.CDLL, root: int, path: str) -> int:
    """A descriptor of what is at a path, in this root whatever its links say; it is not opened for reading."""
    how = struct.pack("=QQQ", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, 0, _IN_ROOT_WITHOUT_MAGIC)
    buffer = ctypes.create_string_buffer(how, len(how))
    name = os.fsencode(path)
    result: int = library.syscall(_OPENAT2, root, name, buffer, ctypes.c_size_t(len(how)))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
