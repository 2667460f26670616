"""The files that an image is stored in, found by name: those of a folder, or the members of an archive."""

from __future__ import annotations

from typing import Protocol

from sealock.image.entry import Bounds
from sealock.image.links import resolve
from sealock.image.paths import normal
from sealock.image.safefolder import stretch_below
from sealock.image.stored import Damage, OpenFile, Stretch
from sealock.image.tarreader import TarReader


class Store(Protocol):
    """Named bytes."""

    def open(self, name: str, /) -> Stretch:
        """Give what is stored under a name; Damage where that cannot be read."""

    def has(self, name: str, /) -> bool:
        """Whether something is stored under a name."""


class FolderStore:
    """A folder."""

    def __init__(self, root: OpenFile) -> None:
        self._root = root

    def open(self, name: str, /) -> Stretch:
        """Open a file without following links."""
        path, outside = normal(name)
        if outside or not path:
            raise Damage(why="its name leads outside")
        return stretch_below(self._root, path)

    def has(self, name: str, /) -> bool:
        """Whether it can be opened."""
        try:
            self.open(name)
        except Damage:
            return False
        return True


class ArchiveStore:
    """An archive that is not compressed: its members are stretches of it."""

    def __init__(self, stored: Stretch, bounds: Bounds) -> None:
        self._stored = stored
        self.members: dict[str, tuple[int, int]] = {}
        self.links: dict[str, str] = {}
        self.faults: list[str] = []
        reader = TarReader(stored, self._note, min(bounds.entries, 1 << 20))
        for entry in reader.entries():
            if entry.kind == "file":
                self.members[entry.path] = (reader.body, entry.size)
            elif entry.kind == "symbolic link":
                self.links[entry.path] = entry.target
            elif entry.kind == "hard link" and (member := self.members.get(normal(entry.target)[0])):
                self.members[entry.path] = member

    def _note(self, message: str) -> None:
        if len(self.faults) < 100:
            self.faults.append(message)

    def open(self, name: str, /) -> Stretch:
        """Give a member, over the links that old versions of Docker put in place of a layer that comes twice."""
        path = normal(name)[0]
        member = self.members.get(path)
        if member is None:
            member = self.members.get(resolve(path, self.links) or "")
        if member is None:
            raise Damage(why="it is not in the archive")
        return self._stored.part(*member)

    def has(self, name: str, /) -> bool:
        """Whether there is such a member."""
        return normal(name)[0] in self.members or resolve(name, self.links) in self.members
