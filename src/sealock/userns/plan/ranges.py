"""/etc/subuid and /etc/subgid: parsing, overlaps, and a free range (subuid(5)).

As observed with Docker 26, the engine looks up both files by the user's uid, else by its name; it joins several ranges
in the order of their lines; an invalid line keeps it from starting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

COUNT: Final = 65536
"""Ids that a container needs: every id that files of an image may have."""
FIRST: Final = 100_000
"""Where shadow-utils starts to allocate ranges."""
NSPAWN: Final = 524_288
"""From here to 1879048191 systemd-nspawn picks ids for its own containers."""
LAST: Final = 1_879_048_191
"""The last id to allocate: systemd reserves some above, and others are negative to some programs."""
LARGEST: Final = (1 << 32) - 2
"""The largest id; the next one means "none"."""
_LINES: Final = 100_000
_DIGITS: Final = 10


class SubordinateRange(Struct, frozen=True, gc=False):
    """A line: the owner of a range, its start and its number of ids."""

    name: str
    start: int
    count: int

    @property
    def end(self) -> int:
        """The last id."""
        return self.start + self.count - 1

    def overlaps(self, other: SubordinateRange) -> bool:
        """Whether both have an id in common."""
        return self.start <= other.end and other.start <= self.end


class Ranges(Struct, frozen=True):
    """A file's ranges, and its invalid lines by number."""

    ranges: tuple[SubordinateRange, ...]
    broken: tuple[tuple[int, str], ...] = ()

    def of(self, name: str, number: int | None = None) -> tuple[SubordinateRange, ...]:
        """The ranges that the engine uses for a user: those under its uid, else those under its name."""
        by_number = tuple(ids for ids in self.ranges if number is not None and ids.name == str(number))
        return by_number or tuple(ids for ids in self.ranges if ids.name == name)

    def overlapping(self, name: str, number: int | None = None) -> Iterator[tuple[SubordinateRange, SubordinateRange]]:
        """Pairs of a user's range and another that share ids (possibly its own); at least one for each overlap."""
        own = set(map(id, self.of(name, number)))
        names = {name, str(number)}
        furthest: SubordinateRange | None = None
        for current in sorted(self.ranges, key=lambda ids: ids.start):
            # Lines of the same user that the engine ignores do no harm.
            if current.name in names and id(current) not in own:
                continue
            if (
                furthest is not None
                and current.start <= furthest.end
                and not own.isdisjoint({id(current), id(furthest)})
            ):
                yield (current, furthest) if id(current) in own else (furthest, current)
            furthest = current if furthest is None or current.end > furthest.end else furthest


def read(text: str) -> Ranges:
    """Parse the file, with the lines that keep the engine from starting."""
    ranges: list[SubordinateRange] = []
    broken: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n")[:_LINES], 1):
        name, *numbers = line.strip().split(":")
        start, count = map(int, numbers) if len(numbers) == 2 and all(map(_whole, numbers)) else (0, 0)
        if name and count and start + count - 1 <= LARGEST and not line.startswith("#"):
            ranges.append(SubordinateRange(name, start, count))
        elif line.strip() and not line.startswith("#"):
            broken.append((number, line[:80]))
    return Ranges(tuple(ranges), tuple(broken))


def _whole(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _DIGITS


def outside(ranges: tuple[SubordinateRange, ...], number: int) -> int | None:
    """The host's id of a container's id; None where it is unmapped."""
    offset = 0
    for ids in ranges:
        if offset <= number < offset + ids.count:
            return ids.start + number - offset
        offset += ids.count
    return None


def inside(ranges: tuple[SubordinateRange, ...], number: int) -> int | None:
    """The container's id of a host's id; None where it is in none of the ranges."""
    offset = 0
    for ids in ranges:
        if ids.start <= number <= ids.end:
            return offset + number - ids.start
        offset += ids.count
    return None


def size(ranges: tuple[SubordinateRange, ...]) -> int:
    """The number of ids that a container can have."""
    return sum(ids.count for ids in ranges)


def free_range(taken: Iterable[SubordinateRange], ids: Iterable[int], name: str) -> SubordinateRange | None:
    """The lowest range of 65536 ids without other ranges or accounts; None where there is none.

    It ends below the ids of systemd-nspawn where possible.
    """
    blocks = sorted([*((used.start, used.end) for used in taken), *((number, number) for number in ids)])
    return _gap(blocks, FIRST, NSPAWN - 1, name) or _gap(blocks, NSPAWN, LAST, name)


def _gap(blocks: list[tuple[int, int]], first: int, last: int, name: str) -> SubordinateRange | None:
    at = first
    for start, end in blocks:
        if start - at < COUNT:
            at = max(at, end + 1)
    return SubordinateRange(name, at, COUNT) if at + COUNT - 1 <= last else None


def added(text: str, subordinate_range: SubordinateRange) -> str:
    """The file with one more line, otherwise unchanged."""
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{subordinate_range.name}:{subordinate_range.start}:{subordinate_range.count}\n"
