"""/etc/subuid and /etc/subgid: read, judged, and a range found that overlaps none (subuid(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

COUNT: Final = 65536
"""Ids that a container needs: every id that an image's files may have."""
FIRST: Final = 100_000
"""Where shadow-utils begins to give ranges."""
LAST: Final = (1 << 32) - 2
"""The largest id; the one above means "none"."""
_LINES: Final = 100_000


class Range(Struct, frozen=True, gc=False):
    """A line: to whom the ids from `start` on are given, and how many."""

    name: str
    start: int
    count: int

    @property
    def end(self) -> int:
        """The last id."""
        return self.start + self.count - 1

    def overlaps(self, other: Range) -> bool:
        """Whether any id is in both."""
        return self.start <= other.end and other.start <= self.end


class Ranges(Struct, frozen=True):
    """A file's ranges, and its broken lines by number."""

    ranges: tuple[Range, ...]
    broken: tuple[tuple[int, str], ...] = ()

    def of(self, name: str, number: int | None = None) -> tuple[Range, ...]:
        """Those of a user, who may be named by number too."""
        return tuple(one for one in self.ranges if one.name == name or (number is not None and one.name == str(number)))

    def overlapping(self, name: str, number: int | None = None) -> Iterator[tuple[Range, Range]]:
        """Ranges of a user beside others' that share ids with them."""
        own = self.of(name, number)
        for mine in own:
            for other in self.ranges:
                if other not in own and mine.overlaps(other):
                    yield mine, other


def read(text: str) -> Ranges:
    """Read the file; lines that shadow-utils would pass over are told."""
    found: list[Range] = []
    broken: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n")[:_LINES], 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, *numbers = line.strip().split(":")
        if name and len(numbers) == 2 and all(one.isascii() and one.isdigit() and len(one) <= 10 for one in numbers):
            start, count = int(numbers[0]), int(numbers[1])
            if count and start + count - 1 <= LAST:
                found.append(Range(name, start, count))
                continue
        broken.append((number, line[:80]))
    return Ranges(tuple(found), tuple(broken))


def free_range(taken: Iterable[Range], ids: Iterable[int], name: str) -> Range | None:
    """The lowest range of 65536 ids that no other range and no account has; None where all are taken."""
    blocks = sorted([*((one.start, one.end) for one in taken), *((number, number) for number in ids)])
    at = FIRST
    for start, end in blocks:
        if end < at:
            continue
        if start - at >= COUNT:
            break
        at = max(at, end + 1)
    return Range(name, at, COUNT) if at + COUNT - 1 <= LAST else None


def added(text: str, one: Range) -> str:
    """The file with a line more, all else as it was."""
    end = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{end}{one.name}:{one.start}:{one.count}\n"
