"""Where an engine puts what an archive writes through symbolic links of the same archive.

Engines unpack an archive in its order, and follow the links that are there by then, within its root: after a link srv
to /var/lib, the file srv/dpkg/status of a layer is Debian's database. Docker unpacks the archive that holds an image in
the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.image.entry import LayerEntry
from sealock.image.paths import normalize, resolve

_MOST_STEPS: Final = 20_000_000
"""Parts of paths that are looked up for one archive: more than any needs that was not made to take long."""
_MOST_LINKS: Final = 1 << 20
"""Symbolic links of an archive that are kept."""
STEPS_EXCEEDED: Final = "its archive writes through too many of its own symbolic links; the rest is not followed"


class _CountedLinks(dict[str, str]):
    """Symbolic links that count how often they are asked for."""

    steps = 0

    def get(self, path: str, default: str | None = None, /) -> str | None:  # type: ignore[override]
        """The target of a link."""
        self.steps += 1
        return super().get(path, default)


class ResolvedEntries:
    """The entries of an archive at the paths at which an engine writes them."""

    def __init__(self, entries: Iterable[LayerEntry], most_links: int = _MOST_LINKS) -> None:
        self._entries, self._most_links = entries, most_links
        self._links = _CountedLinks()
        self._directories: dict[str, str] = {}
        self._lacks_links = False

    @property
    def is_over(self) -> bool:
        """Whether links were not followed any more, since there were too many."""
        return self._links.steps > _MOST_STEPS or self._lacks_links

    def __iter__(self) -> Iterator[LayerEntry]:
        """Yield the entries, each changed in place."""
        links = self._links
        for entry in self._entries:
            path = entry.path = self._written_at(entry.path)
            if entry.kind == "hard link":
                entry.target = self._written_at(normalize(entry.target)[0])
            if entry.kind == "symbolic link" and (path in links or len(links) < self._most_links):
                links[path] = entry.target.partition("\0")[0]
                self._directories.clear()
            elif entry.kind == "symbolic link":
                self._lacks_links = True
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
