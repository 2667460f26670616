"""For each path of a fact, the last layer that writes or removes it, or a directory above it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from sealock.inventory.names import Names


class Laid(Protocol):
    """A layer's names, as they lie over those of the layers before."""

    @property
    def paths(self) -> Names:
        """Its files."""

    @property
    def directories(self) -> Names:
        """Its directories."""

    @property
    def gone(self) -> Names:
        """The paths that the layer removes."""

    @property
    def opaque(self) -> Names:
        """Directories whose earlier contents the layer hides."""


class LatestAbove:
    """The latest change of a directory above a path, where each change is known by its path and has a number."""

    def __init__(self, *changes: Mapping[str, int], root: int = -1) -> None:
        self._changes = changes
        self._known: dict[str, int] = {"": root}

    def number(self, path: str) -> int:
        """The number of the latest one; -1 for none."""
        directory = path.rpartition("/")[0]
        pending: list[str] = []
        while directory not in self._known:
            pending.append(directory)
            directory = directory.rpartition("/")[0]
        last = self._known[directory]
        for directory in reversed(pending):
            last = self._known[directory] = max(last, *(changes.get(directory, -1) for changes in self._changes))
        return last


class ByteView:
    """The effects of later layers on the given paths; there are very many others, which it skips."""

    def __init__(self, layers: Sequence[Laid], named: Collection[str], more: Iterable[str] = ()) -> None:
        self.named = named
        self.interest = with_directories((*named, *more))
        """The paths that it knows."""
        self._written = self._last([layer.paths for layer in layers])
        self._gone = self._last([layer.gone for layer in layers])
        """Removed as a whole, with all below."""
        self._opaque = self._last([layer.opaque for layer in layers])
        self.directories = self._last([layer.directories for layer in layers])
        """A directory that a later layer holds again has that layer's mode; what is in it stays."""
        self._since = self._directories_since(layers)
        self._hides = LatestAbove(self._gone, self._opaque, self._written, root=self._opaque.get("", -1))

    def _last(self, layers: Sequence[Names]) -> dict[str, int]:
        last: dict[str, int] = {}
        for index, names in enumerate(layers):
            # What the first layer does is hidden by none before it.
            for part in names.parts() if index else ():
                last.update(dict.fromkeys(self.interest.intersection(part), index))
        return last

    def _directories_since(self, layers: Sequence[Laid]) -> dict[str, int]:
        """The layer since which a path is a directory: a file that was there before is gone."""
        since: dict[str, int] = {}
        # Hardly any path of a fact is a directory in a later layer, so that the layers are not read again.
        paths = {path for path in self.named if path in self.directories}
        for index, layer in enumerate(layers if paths else ()):
            for part in layer.paths.parts():
                for path in paths.intersection(part):
                    since.pop(path, None)
            for part in layer.directories.parts():
                for path in paths.intersection(part):
                    since.setdefault(path, index)
        return since

    def hidden(self, path: str, index: int) -> bool:
        """Whether a later layer replaces the path, or removes it or a directory above it."""
        return self.hidden_by(path, index) >= 0

    def hidden_by(self, path: str, index: int) -> int:
        """The last layer that does so; -1 for none."""
        last = max(self._written.get(path, -1), self._gone.get(path, -1), self._since.get(path, -1))
        if last <= index:
            last = self._hides.number(path)
        return last if last > index else -1


def last_files(layers: Sequence[Laid], paths: Collection[str]) -> dict[str, int]:
    """The place of the layer with the file that a container sees at each of the paths that has one."""
    interest, last = set(paths), dict[str, int]()
    for place, layer in enumerate(layers if interest else ()):
        for part in layer.paths.parts():
            last.update(dict.fromkeys(interest.intersection(part), place))
    if len(layers) < 2 or not last:
        return last
    view = ByteView(layers, last)
    return {path: place for path, place in last.items() if not view.hidden(path, place)}


def with_directories(paths: Iterable[str]) -> set[str]:
    """Paths and all the directories above them."""
    directories = {""}
    for path in paths:
        directory = path
        while directory not in directories:
            directories.add(directory)
            directory = directory.rpartition("/")[0]
    return directories
