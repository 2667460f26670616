"""Very many paths in little memory: joined, and compressed once they are more than a few."""

from __future__ import annotations

import zlib
from collections.abc import Container, Iterable, Iterator
from typing import Final

from msgspec import Struct

CHUNK: Final = 8192
"""Names in a part."""
PLAIN: Final = 16 << 20
"""Bytes of names that are kept uncompressed; more are compressed."""


class Names(Struct, frozen=True, array_like=True):
    """Paths in their order, some thousands a part: NUL, which no path has, stands between them."""

    plain: tuple[bytes, ...] = ()
    packed: tuple[bytes, ...] = ()

    def parts(self) -> Iterator[list[str]]:
        """Yield them, part by part."""
        for part in self.plain:
            yield _split(part)
        for part in self.packed:
            yield _split(zlib.decompress(part))

    def parts_backwards(self) -> Iterator[list[str]]:
        """Yield them, the last part first."""
        for part in reversed(self.packed):
            yield _split(zlib.decompress(part))
        for part in reversed(self.plain):
            yield _split(part)

    def parts_with(self, texts: Iterable[str]) -> Iterator[list[str]]:
        """Yield those parts that contain one of a few texts, which is far quicker than to look at each path."""
        wanted = [text.encode("utf-8", "surrogateescape") for text in texts]
        for part in self.plain:
            if any(text in part for text in wanted):
                yield _split(part)
        for packed in self.packed:
            part = zlib.decompress(packed)
            if any(text in part for text in wanted):
                yield _split(part)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.plain)


HARD: Final = "="
"""Precedes the target of a hard link in a list of links; ">" precedes that of a symbolic one."""


def pairs(links: Names) -> Iterator[tuple[str, str]]:
    """Yield the links of a list in which the path of each precedes its marked target."""
    for part in links.parts():
        yield from zip(part[::2], part[1::2], strict=True)


def first_names(links: Names, paths: set[str]) -> dict[str, str]:
    """The first name of each path that is a hard link, and each other path itself; "" for a link that leads to none.

    A link follows what it leads to, so going backwards takes one pass, however long a chain is.
    """
    waiting = {path: [path] for path in paths}
    lost: dict[str, str] = {}
    for part in links.parts_backwards():
        names = part[::2]
        if waiting.keys().isdisjoint(names):
            continue
        for path, target in zip(reversed(names), reversed(part[1::2]), strict=True):
            if (from_here := waiting.pop(path, None)) is None:
                continue
            if target[:1] != HARD or target[1:] == path:
                lost |= dict.fromkeys(from_here, "")
                continue
            others = waiting.get(target[1:], [])
            longer, shorter = (others, from_here) if len(others) > len(from_here) else (from_here, others)
            longer += shorter
            waiting[target[1:]] = longer
    return lost | {path: name for name, from_here in waiting.items() for path in from_here}


def links_among(links: Names, paths: set[str]) -> dict[str, str]:
    """The targets of the paths that are links, the last one of each."""
    among: dict[str, str] = {}
    for part in links.parts():
        names = part[::2]
        if common := paths.intersection(names):
            among |= {path: target for path, target in zip(names, part[1::2], strict=True) if path in common}
    return among


def without(links: Names, paths: Container[str]) -> Names:
    """The links of a list but for those at the given paths."""
    kept = Gathering()
    for part in links.parts():
        for path, target in zip(part[::2], part[1::2], strict=True):
            if path not in paths:
                kept.paths += (path, target)
        kept.settle()
    return kept.names()


class Gathering:
    """Collects paths."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.add = self.paths.append
        self._plain: list[bytes] = []
        self._packed: list[bytes] = []
        self._size = 0

    def settle(self) -> None:
        """Join what was added; call this every few thousand."""
        if not self.paths:
            return
        part = "\0".join(self.paths).encode("utf-8", "surrogateescape")
        self.paths.clear()
        self._size += len(part)
        if self._size <= PLAIN or not self._plain:
            self._plain.append(part)
        else:
            self._packed.append(zlib.compress(part, 1))

    def names(self) -> Names:
        """All of them."""
        self.settle()
        return Names(tuple(self._plain), tuple(self._packed))


def chained(several: Iterable[Names]) -> Names:
    """Concatenate several."""
    all_of_them = tuple(several)
    return Names(
        tuple(part for names in all_of_them for part in names.plain),
        tuple(part for names in all_of_them for part in names.packed),
    )


def _split(part: bytes) -> list[str]:
    return part.decode("utf-8", "surrogateescape").split("\0")
