"""Places in texts: offsets while sealock works, lines and columns in reports."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TypeAlias

from msgspec import Struct

At: TypeAlias = tuple[str | int, ...]
"""A path to a field of a noun: ("privileged",), ("ports", 0), ("stages", 1, "instructions", 4); () is the noun."""


class Place(Struct, frozen=True, gc=False):
    """A stretch of a source: offsets of its text in code points, end exclusive; -1 where there is no text.

    `pointer` is a JSON pointer (RFC 6901) where the source is a tree; `file` names the source where a document was
    read from several, and is "" for the document's own.
    """

    start: int = -1
    end: int = -1
    pointer: str = ""
    file: str = ""


class Location(Struct, frozen=True, gc=False):
    """A place as reports show it: lines and columns from 1, the end column exclusive; 0 is "no line"."""

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0
    pointer: str = ""


class Source:
    """A text and its name, which turns places into locations. Lines end at line feeds, as in editors.

    `included` are the texts that it includes, which set variables of it.
    """

    __slots__ = ("_starts", "included", "name", "text")

    def __init__(self, name: str, text: str, included: tuple[Source, ...] = ()) -> None:
        self.name = name
        self.text = text
        self.included = included
        self._starts: list[int] | None = None

    @property
    def starts(self) -> list[int]:
        """The offset at which each line starts."""
        if self._starts is None:
            self._starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        return self._starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column (from 1) of an offset."""
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line (from 1), without its end; "" where there is no such line."""
        if not 1 <= number <= len(self.starts):
            return ""
        start = self.starts[number - 1]
        end = self.starts[number] - 1 if number < len(self.starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def location(self, place: Place) -> Location:
        """The location of a place in this source."""
        if place.start < 0:
            return Location(self.name, pointer=place.pointer)
        line, column = self.position(place.start)
        end_line, end_column = self.position(max(place.start, place.end))
        return Location(self.name, line, column, end_line, end_column, place.pointer)

    def excerpt(self, place: Place) -> str:
        """The text at a place, "" where there is none."""
        return self.text[place.start : place.end] if place.start >= 0 else ""
