"""The layout of a page on a container: a label on the left, text on the right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.reports.ansi import Ink
from sealock.reports.page import Page
from sealock.text import line, width, wrap

LABEL: Final = 14


class InspectionPage(Page):
    """A page of a certain width. It makes text from outside safe for a terminal."""

    def __init__(self, room: int, *, colour: bool, unicode: bool) -> None:
        super().__init__(room, colour=colour, unicode=unicode)
        self.full, self.empty, self.none = ("█", "░", "·") if unicode else ("#", ".", "-")
        self.length = 20 if room >= 60 else 6
        """Columns of a usage bar."""
        self.rules: dict[str, tuple[str, ...]] = {}
        """The ids of the rules that report something of a line, by its label."""
        self.indent = LABEL + 2
        self.from_sign = "←" if unicode else "<-"

    def heading(self, name: str, about: str) -> Iterator[str]:
        """The name of a section, and what it is about."""
        yield ""
        room = self.room - len(name) - 2
        yield self.paint("bold", name) + (f"  {self.paint('faint', about)}" if len(about) <= room else "")

    def row(self, label: str, text: str, ink: Ink | None = None, *, most: int = 400) -> Iterator[str]:
        """A label with its text, wrapped."""
        yield from self.hanging(line(text + self.ids(label), most), self.indent, ink, label=f"  {label}")

    def ids(self, label: str) -> str:
        """The ids of the rules on a line, in brackets, "" for none."""
        return f" [{', '.join(self.rules[label])}]" if label in self.rules else ""

    def pairs(self, label: str, rows: list[tuple[str, str, Ink | None]], least: int = 0) -> Iterator[str]:
        """Pairs in two columns under a label, the second wrapped."""
        room = self.room - LABEL - 2
        safe = [(line(first, 200), line(second), ink) for first, second, ink in rows]
        column = min(max([least, *(width(first) for first, _, _ in safe)]), room // 2)
        lead = "  " + self.paint("faint", label.ljust(LABEL))
        for first, second, ink in safe:
            name = first + " " * max(column - width(first), 0)
            wide = width(first) > column
            if wide:
                # A cell wider than its column gets its own line.
                for part in wrap(first, room):
                    yield lead + (self.paint(ink, part) if ink else part)
                    lead = " " * (LABEL + 2)
                name = " " * column
            for part in wrap(second, room - column - 2):
                yield f"{lead}{self.paint(ink, name) if ink else name}  {part}"
                lead, name = " " * (LABEL + 2), " " * column
        if label in self.rules:
            yield lead + self.ids(label).strip()

    def bar(self, used: float, limit: float) -> str:
        """How full something is."""
        length = self.length
        share = min(max(used / limit, 0.0), 1.0) if limit else 0.0
        filled = min(max(round(share * length), int(share > 0)), length)
        ink: Ink = "red" if share >= 0.9 else "magenta" if share >= 0.75 else "green"
        return self.paint(ink, self.full * filled) + self.paint("faint", self.empty * (length - filled))

    def no_bar(self) -> str:
        """The placeholder for a bar where there is no limit."""
        return self.paint("faint", self.none * self.length)
