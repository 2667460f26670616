"""Converts offsets of a text into positions of the Language Server Protocol, and two texts into edits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Final

from lsprotocol.types import Position, PositionEncodingKind, Range, TextEdit

from sealock.model.location import Location, Source
from sealock.patterns import compile_lazily

_LINE_END: Final = compile_lazily(r"\r\n|\n|\r")
_UNITS: Final[dict[str, tuple[str, int]]] = {
    PositionEncodingKind.Utf8: ("utf-8", 1),
    PositionEncodingKind.Utf16: ("utf-16-le", 2),
    PositionEncodingKind.Utf32: ("utf-32-le", 4),
}
"""How many bytes of which encoding a unit of a position has."""


class Positions:
    """The positions of one text, in the units that the client counts.

    A line ends at a line feed, a carriage return or both, and not, as in the rest of sealock, at a line feed only.
    """

    def __init__(self, source: Source, encoding: str = PositionEncodingKind.Utf16) -> None:
        self.source = source
        self._encoding, self._size = _UNITS[encoding]
        ends = list(_LINE_END.finditer(source.text))
        self._starts = [0, *(match.end() for match in ends)]
        self._ends = [*(match.start() for match in ends), len(source.text)]
        self._ascii = source.text.isascii()

    def position(self, offset: int) -> Position:
        """The position of an offset; one within a line's end is the end of the line."""
        line = bisect_right(self._starts, offset) - 1
        start, stop = self._starts[line], min(offset, self._ends[line])
        if self._ascii:
            return Position(line, stop - start)
        return Position(line, len(self.source.text[start:stop].encode(self._encoding)) // self._size)

    def range(self, start: int, end: int) -> Range:
        """The range between two offsets."""
        return Range(self.position(start), self.position(max(start, end)))

    def located(self, location: Location) -> Range:
        """The range of a location: its whole line if it has no columns, the first line if it has none."""
        if not 1 <= location.line <= len(self.source.starts):
            return self.range(0, self._ends[0])
        start = self.source.starts[location.line - 1]
        if location.column < 1:
            return self.range(start, start + len(self.source.line(location.line)))
        last = min(max(location.end_line, location.line), len(self.source.starts))
        end = self.source.starts[last - 1] + max(location.end_column, 1) - 1
        return self.range(start + location.column - 1, end)

    def edits(self, new: str) -> list[TextEdit]:
        """The edits of whole lines that turn the text into another."""
        return [TextEdit(self.range(start, end), text) for start, end, text in _changes(self.source.text, new)]


def _changes(old: str, new: str) -> Iterator[tuple[int, int, str]]:
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    head = next((number for number, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    if head is None:
        head = min(len(before), len(after))
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    middle, replacement = before[head : len(before) - tail], after[head : len(after) - tail]
    offsets = [sum(map(len, before[:head]))]
    for line in middle:
        offsets.append(offsets[-1] + len(line))
    for kind, start, end, first, last in SequenceMatcher(None, middle, replacement).get_opcodes():
        if kind != "equal":
            yield offsets[start], offsets[end], "".join(replacement[first:last])


def overlap(first: Range, second: Range) -> bool:
    """Whether two ranges have a position in common, their ends included."""
    return not (_after(first.start, second.end) or _after(second.start, first.end))


def _after(position: Position, other: Position) -> bool:
    return (position.line, position.character) > (other.line, other.character)
