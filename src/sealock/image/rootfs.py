"""A root file system in a directory, read without leaving it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Final

from sealock.errors import reason_of
from sealock.image.bytesources import OpenFile, Stretch, UnreadableError
from sealock.image.entry import EntryKind, LayerEntry
from sealock.image.layers import MAX_ERRORS, LayerContext
from sealock.image.safefiles import open_directory_below, open_in
from sealock.model.finding import InputError
from sealock.model.inventory import Layer

_DEEPEST: Final = 256
_TRAIL: Final = 48
"""Directories on the way down that stay open, so that each is opened once."""
_KERNELS: Final = frozenset({"proc", "sys", "dev"})
"""Directories whose mounts show the kernel's state and are skipped."""
_KINDS: Final[dict[int, EntryKind]] = {
    stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symbolic link", stat.S_IFCHR: "device",
    stat.S_IFBLK: "device", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "pipe",
}  # fmt: skip


class DirectoryLayer:
    """The one layer of a root file system in a directory."""

    def __init__(self, root: OpenFile, context: LayerContext) -> None:
        self.layer = Layer(0, "")
        self._root, self._context = root, context
        self._messages: list[str] = []
        self._more = 0
        self._directory: OpenFile = root
        self._trail: list[tuple[str, OpenFile]] = [("", root)]
        """Open directories, each within the previous."""
        self._path = self._name = ""
        self._status: os.stat_result | None = None

    @property
    def errors(self) -> tuple[InputError, ...]:
        """The errors of the entries read so far."""
        more = [f"the root file system: {self._more} more could not be read"] if self._more else []
        return tuple(self._context.error(message) for message in [*self._messages, *more])

    def _report(self, path: str, why: str) -> None:
        if len(self._messages) < MAX_ERRORS:
            self._messages.append(f"the root file system: {path!a}: {why}")
        else:
            self._more += 1

    def entries(self) -> Iterator[LayerEntry]:
        """Yield the entries, a directory before its contents, in order of name."""
        self._messages.clear()
        self._more = 0
        del self._trail[1:]
        first: dict[tuple[int, int], str] = {}
        device = os.fstat(self._root.fd).st_dev
        directories, left = [""], self._context.bounds.entries
        while directories:
            path = directories.pop()
            try:
                self._directory = self._opened(path)
                with os.scandir(self._directory.fd) as listed:
                    listing = sorted(listed, key=lambda item: item.name)
            except OSError as error:
                self._report(path, reason_of(error))
                continue
            below: list[str] = []
            for item in listing:
                inner = f"{path}/{item.name}" if path else item.name
                left -= 1
                if left < 0:
                    self._report(inner, f"there are more than {self._context.bounds.entries} entries")
                    return
                try:
                    status = item.stat(follow_symlinks=False)
                    entry = self._entry(inner, item.name, status, first)
                except OSError as error:
                    self._report(inner, reason_of(error))
                    continue
                yield entry
                if entry.kind != "directory" or (inner in _KERNELS and status.st_dev != device):
                    pass
                elif inner.count("/") < _DEEPEST:
                    below.append(inner)
                else:
                    self._report(inner, f"it is nested more than {_DEEPEST} directories deep")
            directories += reversed(below)

    def _opened(self, path: str) -> OpenFile:
        """Open a directory from its nearest open parent: directories come in the order of a walk."""
        while len(self._trail) > 1 and not path.startswith(f"{self._trail[-1][0]}/"):
            self._trail.pop()
        above, at = self._trail[-1]
        directory = open_directory_below(at, path[len(above) :].removeprefix("/"))
        if path and len(self._trail) < _TRAIL:
            self._trail.append((path, directory))
        return directory

    def _entry(self, path: str, name: str, status: os.stat_result, first: dict[tuple[int, int], str]) -> LayerEntry:
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "device")
        target, capability, size = "", b"", 0
        if kind == "symbolic link":
            target = os.readlink(name, dir_fd=self._directory.fd)
        elif kind == "file":
            size = status.st_size
            if status.st_nlink > 1 and (target := first.setdefault((status.st_dev, status.st_ino), path)) != path:
                kind, size = "hard link", 0
            else:
                target = ""
            if status.st_mode & 0o111:
                capability = self._capability(name)
        self._path, self._name, self._status = path, name, status
        mode = stat.S_IMODE(status.st_mode)
        return LayerEntry(path, kind, mode, status.st_uid, status.st_gid, size, target, capability, self._read)

    def _capability(self, name: str) -> bytes:
        try:
            return os.getxattr(
                f"/proc/self/fd/{self._directory.fd}/{name}", "security.capability", follow_symlinks=False
            )
        except OSError:
            return b""  # it has none

    def _read(self, limit: int, /) -> bytes:
        """The first bytes of the current file, unless it was replaced."""
        try:
            file = open_in(self._directory, self._name)
            now, listed = os.fstat(file.fd), self._status
            if listed is not None and (now.st_dev, now.st_ino) == (listed.st_dev, listed.st_ino):
                return Stretch(file).fetch(0, limit)
            self._report(self._path, "it was replaced while it was read")
        except OSError as error:
            self._report(self._path, reason_of(error))
        except UnreadableError as error:
            self._report(self._path, str(error))
        return b""
