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
        """The edit of the outer text, of this kind, that makes an edit of this one: of whole lines.

        FormatError where these lines are written in another way there, as with variables.
        """
        first, column = super().position(edit.place.start)
        last, end = super().position(edit.place.end)
        lines = (self.line(first)[: column - 1] + edit.text + self.line(last)[end - 1 :]).split("\n")
        if end == 1 and (edit.text.endswith("\n") or (column == 1 and not edit.text)):
            last, lines = last - 1, lines[:-1]  # the line after the edit stays as it is
        outer, moved = self._outer, self._first - 1
        for number in range(first, last + 1):
            if not self._first or self._place.file or not self._is_plain(number, kind):
                message = "its Dockerfile is written with variables, with escapes or in another file"
                raise FormatError(message)
        indent = outer.line(self._first)[: self._shift]
        past = [*outer.starts[first + moved - 1 : first + moved], len(outer.text)][0]
        following = [*outer.starts[last + moved : last + moved + 1], len(outer.text)][0]
        end_of_line = (
            "\r\n"
            if outer.text.startswith("\r", outer.starts[self._first - 1] + len(outer.line(self._first)))
            else "\n"
        )
        written = "".join((indent + _escaped(line, kind) if line else "") + end_of_line for line in lines)
        return Edit(Place(past, max(past, following)), written)

    def _is_plain(self, number: int, kind: DocumentKind) -> bool:
        """Whether a line is written in the outer text as it is, but for its indent."""
        written = self._outer.line(self._first + number - 1)
        return written[self._shift :] == _escaped(self.line(number), kind) or not written.strip()

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
        if "$" in written or not line.strip():
            continue
        if shift < 0 or written[shift:] != line or written[:shift].strip() or indent not in {-1, shift}:
            return -1
        indent = shift
    return indent
