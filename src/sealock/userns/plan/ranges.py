"""/etc/subuid and /etc/subgid: read, judged, and a range found that overlaps none (subuid(5)).

How the engine reads them was observed with docker 26: both files by the user's number, and only where that has no line
by its name; several ranges are joined in the order of their lines; a line that is no range keeps it from starting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

COUNT: Final = 65536
"""Ids that a container needs: every id that an image's files may have."""
FIRST: Final = 100_000
"""Where shadow-utils begins to give ranges."""
NSPAWN: Final = 524_288
"""From here to 1879048191 systemd-nspawn picks ids for its own containers."""
LAST: Final = 1_879_048_191
"""The last id that is given: above are ids that systemd has uses for, and such as are negative to some programs."""
LARGEST: Final = (1 << 32) - 2
"""The largest id; the one above means "none"."""
_LINES: Final = 100_000
_DIGITS: Final = 10


class SubordinateRange(Struct, frozen=True, gc=False):
    """A line: to whom the ids from `start` on are given, and how many."""

    name: str
    start: int
    count: int

    @property
    def end(self) -> int:
        """The last id."""
        return self.start + self.count - 1

    def overlaps(self, other: SubordinateRange) -> bool:
        """Whether any id is in both."""
        return self.start <= other.end and other.start <= self.end


class Ranges(Struct, frozen=True):
    """A file's ranges, and its broken lines by number."""

    ranges: tuple[SubordinateRange, ...]
    broken: tuple[tuple[int, str], ...] = ()

    def of(self, name: str, number: int | None = None) -> tuple[SubordinateRange, ...]:
        """The ranges that the engine takes for a user: those under its number, else those under its name."""
        by_number = tuple(range_ for range_ in self.ranges if number is not None and range_.name == str(number))
        return by_number or tuple(range_ for range_ in self.ranges if range_.name == name)

    def overlapping(self, name: str, number: int | None = None) -> Iterator[tuple[SubordinateRange, SubordinateRange]]:
        """Ranges of a user beside others that share ids with them, its own too; one for each place at least."""
        mine = set(map(id, self.of(name, number)))
        same = {name, str(number)}
        reach: SubordinateRange | None = None
        for range_ in sorted(self.ranges, key=lambda range_: range_.start):
            # Lines of the same user that the engine passes over do no harm.
            if range_.name in same and id(range_) not in mine:
                continue
            if reach is not None and range_.start <= reach.end and not mine.isdisjoint({id(range_), id(reach)}):
                yield (range_, reach) if id(range_) in mine else (reach, range_)
            reach = range_ if reach is None or range_.end > reach.end else reach


def read(text: str) -> Ranges:
    """Read the file; lines that the engine would stumble over are told."""
    found: list[SubordinateRange] = []
    broken: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n")[:_LINES], 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *numbers = line.strip().split(":")
        if name and len(numbers) == 2 and all(map(_whole, numbers)):
            start, count = int(numbers[0]), int(numbers[1])
            if count and start + count - 1 <= LARGEST:
                found.append(SubordinateRange(name, start, count))
                continue
        broken.append((number, line[:80]))
    return Ranges(tuple(found), tuple(broken))


def _whole(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= _DIGITS


def outside(ranges: tuple[SubordinateRange, ...], number: int) -> int | None:
    """Who a user of a container is outside; None where nobody is."""
    begins = 0
    for range_ in ranges:
        if begins <= number < begins + range_.count:
            return range_.start + number - begins
        begins += range_.count
    return None


def size(ranges: tuple[SubordinateRange, ...]) -> int:
    """How many users a container can have."""
    return sum(range_.count for range_ in ranges)


def free_range(taken: Iterable[SubordinateRange], ids: Iterable[int], name: str) -> SubordinateRange | None:
    """The lowest range of 65536 ids that no other range and no account has; None where all are taken.

    It ends below the ids of systemd-nspawn as long as there is room.
    """
    blocks = sorted([*((one.start, one.end) for one in taken), *((number, number) for number in ids)])
    return _gap(blocks, FIRST, NSPAWN - 1, name) or _gap(blocks, NSPAWN, LAST, name)


def _gap(blocks: list[tuple[int, int]], first: int, last: int, name: str) -> SubordinateRange | None:
    at = first
    for start, end in blocks:
        if end < at:
            continue
        if start - at >= COUNT:
            break
        at = end + 1
    return SubordinateRange(name, at, COUNT) if at + COUNT - 1 <= last else None


def added(text: str, subordinate_range: SubordinateRange) -> str:
    """The file with a line more, all else as it was."""
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{subordinate_range.name}:{subordinate_range.start}:{subordinate_range.count}\n"
