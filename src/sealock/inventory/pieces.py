"""Parts of a layer, and what in them a later entry of the same archive replaces.

An archive may hold a path more than once. Engines unpack it in its order, so that a container sees the last one:
nothing is left of what was there before, and of a directory that something else replaces nothing below it. Whiteouts
remove what lower layers have; of what stands before them in their own archive, Docker removes that too, which the image
specification excludes. tests/live/test_written_through.py asks Docker.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from itertools import chain
from typing import Final, TypeAlias

from msgspec import Struct

from sealock.inventory.analyzer import Fact
from sealock.inventory.facts import FileFault, excess
from sealock.inventory.names import HARD, Names, pairs, without
from sealock.inventory.view import LatestAbove, with_directories

FactsByPath: TypeAlias = dict[str, dict[str, list[Fact]]]
"""Facts by the name of their analyzer and the path of the entry that they are of."""
UNDONE: Final = "its layer has it, and then removes it: engines differ in what a container sees; build the image again"


class PieceFacts(Struct):
    """The facts of a part of a layer, before the parts are joined."""

    facts: FactsByPath
    paths: Names
    directories: Names
    gone: Names
    opaque: Names
    implied: Names
    entries: int
    size: int
    faults: list[FileFault]
    links: Names
    marked: Names
    units: int
    """What its facts take, in the measure of `count_units`."""

    @property
    def cost(self) -> int:
        """As `LayerFacts.cost`."""
        return max(self.entries, self.units + excess(self.paths, self.entries))

    def forget(self, paths: Container[str]) -> None:
        """Forget what was at these paths."""
        for by_path in self.facts.values():
            for path in [path for path in by_path if path in paths]:
                del by_path[path]
        self.unlink(paths)

    def unlink(self, paths: Container[str]) -> None:
        """Forget the links at these paths."""
        self.links, self.marked = without(self.links, paths), without(self.marked, paths)


class WrittenPaths:
    """What an archive wrote so far that a later entry may replace: files with facts, and links."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        """The number of the entry at each path; 0 for the directories above them."""
        self._taken: dict[str, int] = {}
        """The number of the last entry, not a directory, at such a path."""
        self._unlinked: set[str] = set()

    def add(self, path: str, number: int) -> None:
        """Note the entry with a number."""
        self.numbers[path] = number
        above = path.rpartition("/")[0]
        while above and above not in self.numbers:
            self.numbers[above] = 0
            above = above.rpartition("/")[0]

    def add_link(self, path: str, number: int) -> None:
        """Note a link."""
        self.add(path, number)
        self._unlinked.discard(path)

    def take(self, path: str, number: int) -> bool:
        """Note that an entry takes a path of `numbers`; whether there was something at that very path."""
        self._taken[path] = number
        return self.take_as_directory(path)

    def take_as_directory(self, path: str) -> bool:
        """The same for a directory, which leaves what is below it."""
        if self.numbers[path]:
            self._unlinked.add(path)
        return self.numbers[path] > 0

    def settle(self, piece: PieceFacts) -> None:
        """Leave out of a piece what was replaced, but for the facts of what was at the same path."""
        if self._taken:
            latest = LatestAbove(self._taken)
            piece.forget({path for path, number in self.numbers.items() if latest.number(path) > number > 0})
        if self._unlinked:
            piece.unlink(self._unlinked)


def forget_replaced(pieces: Sequence[PieceFacts]) -> None:
    """Forget what a later piece of a layer replaces; each has forgotten already what it replaces itself."""
    earlier = pieces[:-1]
    written = [
        {*chain.from_iterable(piece.facts.values()), *(path for path, _ in pairs(piece.links))} for piece in earlier
    ]
    hard = [hard_targets(pairs(piece.marked)) for piece in earlier]
    named = set[str]().union(*written)
    if not named:
        return
    files = _last_pieces(with_directories(named).union(*hard), (piece.paths for piece in pieces))
    directories = _last_pieces(named, (piece.directories for piece in pieces))
    removed = _last_pieces(with_directories(named), (piece.gone for piece in pieces))
    latest = LatestAbove(files)
    for number, (paths, targets) in enumerate(zip(written, hard, strict=True)):
        ends = {path: max(files.get(path, -1), directories.get(path, -1), latest.number(path)) for path in paths}
        if lost := {path for path, end in ends.items() if end > number}:
            pieces[number].forget(lost)
        pieces[number].faults += (
            FileFault(link, written_after(target)) for target, link in targets.items() if files.get(target, -1) > number
        )
        if undone := [path for path in with_directories(paths) & removed.keys() if removed[path] > number]:
            pieces[number].faults += (FileFault(path, UNDONE) for path in sorted(undone))
            for path in undone:
                del removed[path]


def hard_targets(links: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The hard links of a list, by the paths that they lead to."""
    return {target[1:]: path for path, target in links if target[:1] == HARD}


def written_after(path: str) -> str:
    """The error of a hard link to a path that the archive writes after it."""
    return f"it is a hard link to /{path}, which the archive writes after it: what it leads to is not known"


def _last_pieces(paths: set[str], lists: Iterable[Names]) -> dict[str, int]:
    """The number of the last list that has each of the paths."""
    last: dict[str, int] = {}
    for number, names in enumerate(lists):
        for part in names.parts():
            last.update(dict.fromkeys(paths.intersection(part), number))
    return last
