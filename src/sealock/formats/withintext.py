"""A text that is a value of another one, like a Dockerfile in a compose file: its places are those in the other."""

from __future__ import annotations

from typing import Final

from sealock.errors import FormatError
from sealock.model.change import Edit
from sealock.model.document import DocumentKind
from sealock.model.location import Location, Place, Source

_TRIED: Final = 4
"""Lines of the value at which its text may start: those of its key, its indicators and a comment come before."""
_CORRECTIONS: Final = 4
"""How often a column is moved for the dollars before it: moving it may pass others."""
_ESCAPES: Final[dict[DocumentKind, tuple[tuple[str, str], ...]]] = {
    "compose": (("$", "$$"),),
    "bake": (("${", "$${"), ("%{", "%%{")),
}
"""What would begin a variable in a text of this kind, and how it is written there."""


class WithinSource(Source):
    """A text that stands at `place` of another. One that is written there in other lines has this place for all."""

    __slots__ = ("_first", "_outer", "_place", "_shift")

    def __init__(self, text: str, outer: Source, place: Place) -> None:
        super().__init__(outer.name, text)
        self._outer, self._place = outer, place
        self._first, self._shift = _start(text.rstrip("\n").split("\n"), outer, place)

    def written_at(self, place: Place) -> Place | None:
        """The place in the outer text at which the same words stand; None where they are written in another way."""
        line, column = self.position(place.start)
        start = self._outer.starts[line - 1] + column - 1
        there = Place(start, start + place.end - place.start)
        return there if self._first and self._outer.excerpt(there) == self.excerpt(place) else None

    def outer_edit(self, edit: Edit, kind: DocumentKind) -> Edit:
        """The edit of the outer text, of this kind, that makes an edit of this one.

        FormatError where the lines that it touches are written in another way there, as with variables.
        """
        (first, column), (last, end) = super().position(edit.place.start), super().position(edit.place.end)
        text = edit.text
        if text.endswith("\n") and end == 1 and (column > 1 or last > first):
            # Up to the end of the line above: where it is the last one, no line of this text follows.
            text, last = text[:-1], last - 1
            end = len(self.line(last)) + 1
        whole = column == end == 1 and (not text or text.endswith("\n"))
        touched = range(first, last + (not whole))
        if not self._first or self._place.file or not all(self._is_plain(number, kind) for number in touched):
            message = "its Dockerfile is written with variables, with escapes or in another file"
            raise FormatError(message)
        indent, end_of_line = self._outer.line(self._first)[: self._shift], self._end_of_line()
        if whole:
            at, past = self._line_start(first), self._line_start(last)
            written = "".join(
                (indent + _escaped(line, kind) if line else "") + end_of_line for line in text.split("\n")[:-1]
            )
            return Edit(Place(at, past), written)
        at, past = self._written_offset(first, column, kind), self._written_offset(last, end, kind)
        start, *others = text.split("\n")
        rest = (
            end_of_line + (indent if line or number == len(others) else "") + _escaped(line, kind)
            for number, line in enumerate(others, 1)
        )
        return Edit(Place(at, past), _escaped(start, kind) + "".join(rest))

    def _is_plain(self, number: int, kind: DocumentKind) -> bool:
        """Whether a line is written in the outer text as it is, but for its indent."""
        written = self._outer.line(self._first + number - 1)
        return written[self._shift :] == _escaped(self.line(number), kind)

    def _line_start(self, number: int) -> int:
        starts = self._outer.starts
        at = self._first + number - 2
        return starts[at] if at < len(starts) else len(self._outer.text)

    def _written_offset(self, number: int, column: int, kind: DocumentKind) -> int:
        within = self._shift + len(_escaped(self.line(number)[: column - 1], kind))
        return self._line_start(number) + min(within, len(self._outer.line(self._first + number - 1)))

    def _end_of_line(self) -> str:
        end = self._outer.starts[self._first - 1] + len(self._outer.line(self._first))
        return "\r\n" if self._outer.text.startswith("\r", end) else "\n"

    def location(self, place: Place) -> Location:
        """The location of a place in the outer text."""
        if self._first and place.start >= 0:
            return super().location(place)
        return self._outer.location(self._place)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, in the outer text."""
        line, column = super().position(offset)
        if not self._first:
            return self._outer.position(max(self._place.start, 0))
        written = self._outer.line(self._first + line - 1)
        at = self._shift + column - 1
        for _ in range(_CORRECTIONS):  # each $$ before it stands for one dollar
            doubled = written.count("$$", self._shift, at)
            at = self._shift + column - 1 + doubled
        return self._first + line - 1, min(at, len(written)) + 1


def _escaped(line: str, kind: DocumentKind) -> str:
    for sign, written in _ESCAPES.get(kind, ()):
        line = line.replace(sign, written)
    return line


def _start(lines: list[str], outer: Source, place: Place) -> tuple[int, int]:
    """The line of the outer text at which these lines stand one below the other, and their indent; (0, 0) for none."""
    if place.start < 0:
        return 0, 0
    first, last = outer.position(place.start)[0], outer.position(max(place.start, place.end))[0]
    for at in range(first, min(first + _TRIED, last + 1)):
        indent = _indent(lines, outer, at)
        if indent >= 0:
            return at, indent
    return 0, 0


def _indent(lines: list[str], outer: Source, at: int) -> int:
    """By how much the lines that start at a line of the outer text are indented there; -1 where others stand there.

    A line with variables is taken to be the one that is written there.
    """
    indent = -1
    for number, line in enumerate(lines, at):
        written = outer.line(number)
        shift = len(written) - len(line)
        if "$" in written or "%{" in written or not line.strip():
            continue
        if shift < 0 or written[shift:] != line or written[:shift].strip() or indent not in {-1, shift}:
            return -1
        indent = shift
    return indent
