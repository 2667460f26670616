"""Files of a directory that are opened when they are read: an image may have more files than may be open at once."""

from __future__ import annotations

import os
from collections import OrderedDict
from threading import Lock
from typing import Final

from sealock.image.bytesources import OpenFile, UnreadableError
from sealock.image.safefiles import open_below

MOST_OPEN: Final = 32
"""Files that stay open, the last ones read; a file in use stays open too."""


class OpenFiles:
    """The open files of a directory."""

    def __init__(self, root: OpenFile) -> None:
        self.root = root
        self._open: OrderedDict[str, OpenFile] = OrderedDict()
        self._lock = Lock()

    def take(self, blob: LazyFile) -> OpenFile:
        """Open a file. It is closed when it is neither kept here nor in use."""
        with self._lock:
            file = self._open.get(blob.path)
            if file is None:
                file = blob.open()
                self._open[blob.path] = file
                if len(self._open) > MOST_OPEN:
                    self._open.popitem(last=False)
            else:
                self._open.move_to_end(blob.path)
            return file


class LazyFile:
    """A file of a directory. Opening it again fails if it was changed or replaced."""

    own: Final = False

    def __init__(self, files: OpenFiles, path: str) -> None:
        self.path, self.files = path, files
        self._known: tuple[int, ...] = ()
        self.size = files.take(self).size

    def pread(self, count: int, offset: int, /) -> bytes:
        """Read bytes from an offset."""
        return self.files.take(self).pread(count, offset)

    def status(self) -> os.stat_result:
        """Return its current status."""
        return self.files.take(self).status()

    def open(self) -> OpenFile:
        """Open it; UnreadableError if that fails, or if it was changed or replaced."""
        file = open_below(self.files.root, self.path)
        now = _identity(file.status())
        if self._known and now != self._known:
            raise UnreadableError(why="it was changed or replaced while it was read")
        self._known = now
        return file


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """What changes when a file is replaced or written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
