"""What the archive of a layer writes through symbolic links of the same archive, and where an engine puts it.

Engines unpack an archive in its order, and follow the links that are there by then, within the root of the layer: after
a link srv to /var/lib, the file srv/dpkg/status is Debian's database. tests/live/test_written_through.py asks Docker.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.image.entry import LayerEntry
from sealock.image.paths import normalize, resolve
from sealock.inventory.facts import LayerFacts
from sealock.inventory.names import HARD, pairs
from sealock.inventory.view import with_directories

_MOST_STEPS: Final = 20_000_000
"""Parts of paths that are looked up for one layer: more than any archive needs that was not made to take long."""
STEPS_EXCEEDED: Final = "its archive writes through too many of its own symbolic links; the rest is not followed"


def passes_own_links(facts: LayerFacts) -> bool:
    """Whether a path in the archive, or the target of a hard link, lies below a symbolic link of the same archive."""
    symbolic = {path for path, target in pairs(facts.links) if target[:1] != HARD}
    if not symbolic:
        return False
    for directories in facts.holders():
        if not symbolic.isdisjoint(with_directories(directories)):
            return True
    for part in facts.links.parts():
        above = {target[1:].rpartition("/")[0] for target in part[1::2] if target[:1] == HARD}
        if not symbolic.isdisjoint(with_directories(above)):
            return True
    return False


class _CountedLinks(dict[str, str]):
    """Symbolic links that count how often they are asked for."""

    steps = 0

    def get(self, path: str, default: str | None = None, /) -> str | None:  # type: ignore[override]
        """The target of a link."""
        self.steps += 1
        return super().get(path, default)


class ResolvedEntries:
    """The entries of an archive at the paths at which an engine writes them."""

    def __init__(self, entries: Iterable[LayerEntry]) -> None:
        self._entries = entries
        self._links = _CountedLinks()
        self._directories: dict[str, str] = {}

    @property
    def is_over(self) -> bool:
        """Whether links were not followed any more, since there were too many."""
        return self._links.steps > _MOST_STEPS

    def __iter__(self) -> Iterator[LayerEntry]:
        """Yield the entries, each changed in place."""
        links = self._links
        for entry in self._entries:
            path = entry.path = self._written_at(entry.path)
            if entry.kind == "hard link":
                entry.target = self._written_at(normalize(entry.target)[0])
            if entry.kind == "symbolic link":
                links[path] = entry.target.partition("\0")[0]
                self._directories.clear()
            elif links.pop(path, None) is not None:
                self._directories.clear()
            yield entry

    def _written_at(self, path: str) -> str:
        """A path after following the links of its directory; a loop, which engines refuse, is left as it is."""
        above, _, name = path.rpartition("/")
        if not above or not self._links or self.is_over:
            return path
        real = self._directories.get(above)
        if real is None:
            followed = resolve(above, self._links)
            real = self._directories[above] = above if followed is None else followed
        return f"{real}/{name}" if real else name
