"""Files of a directory that are opened when they are read, so that an image may have more of them than may be open."""

from __future__ import annotations

import os
from collections import OrderedDict
from threading import Lock
from typing import Final

from sealock.image.bytesources import Damage, OpenFile
from sealock.image.safefiles import open_below

MOST_OPEN: Final = 32
"""Files that stay open, those that were read last. Whoever reads another one holds that as well."""


class Shelf:
    """The files of a directory that are open."""

    def __init__(self, root: OpenFile) -> None:
        self.root = root
        self._open: OrderedDict[str, OpenFile] = OrderedDict()
        self._lock = Lock()

    def take(self, blob: LazyFile) -> OpenFile:
        """Give a file, open. It is closed once it is neither kept here nor in use: nobody closes what another reads."""
        with self._lock:
            file = self._open.get(blob.path)
            if file is None:
                file = blob.opened()
                self._open[blob.path] = file
                if len(self._open) > MOST_OPEN:
                    self._open.popitem(last=False)
            else:
                self._open.move_to_end(blob.path)
            return file


class LazyFile:
    """One file of a directory. It is the same one each time that it is opened, or cannot be read."""

    own: Final = False

    def __init__(self, shelf: Shelf, path: str) -> None:
        self.path, self.shelf = path, shelf
        self._known: tuple[int, ...] = ()
        self.size = shelf.take(self).size

    def pread(self, count: int, offset: int, /) -> bytes:
        """Give bytes from an offset on."""
        return self.shelf.take(self).pread(count, offset)

    def status(self) -> os.stat_result:
        """How it is now."""
        return self.shelf.take(self).status()

    def opened(self) -> OpenFile:
        """Open it; Damage where that cannot be, or where another one has taken its place, or it was changed."""
        file = open_below(self.shelf.root, self.path)
        now = _identity(file.status())
        if self._known and now != self._known:
            raise Damage(why="it was changed or replaced while it was read")
        self._known = now
        return file


def _identity(status: os.stat_result) -> tuple[int, ...]:
    """What tells a file from any other, and from itself once it was written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
