"""Draws an excerpt next to its line number, with carets below: tabs expanded, long lines cut, nothing hidden."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from sealock.reports.ansi import Ink, Paint, Signs
from sealock.reports.excerpt import Excerpt
from sealock.text import columns, visible, width

_TAB = 4
_CUT = "…"


class _Cell(Struct, frozen=True, gc=False):
    """One character of the source as the terminal shows it."""

    text: str
    columns: int
    fault: bool


class Gutter:
    """Knows how wide the terminal is and what its signs look like."""

    def __init__(self, room: int, paint: Paint, signs: Signs) -> None:
        self.room = room
        self.paint = paint
        self.signs = signs

    def lines(self, cut: Excerpt, ink: Ink) -> Iterator[str]:
        """The line and its carets."""
        number = str(cut.number)
        indent = " " * (len(number) + 2)
        cells = _cells(cut)
        start, end, left, right = _window(cells, cut, self.room - len(indent) - 2)
        at = len(cut.before)
        before = "".join(cell.text for cell in cells[start:at])
        fault = "".join(cell.text for cell in cells[at:end] if cell.fault)
        after = "".join(cell.text for cell in cells[at:end] if not cell.fault)
        bar = self.paint("faint", self.signs.bar)
        text = f"{_CUT * left}{before}{self.paint(ink, fault)}{after}{_CUT * right}"
        yield f"{self.paint('faint', f' {number} ')}{bar} {text}"
        carets = "^" * max(width(fault.rstrip()), 1)
        below = " " * (width(before) + left) + self.paint(ink, carets)
        more = f"to line {cut.last_line}" if cut.last_line > cut.number else ""
        fits = len(indent) + 2 + left + width(before) + len(carets) + 1 + len(more) <= self.room
        yield f"{indent}{bar} {below}" + (f" {self.paint('faint', more)}" if fits else "")
        if more and not fits:
            yield f"{indent}{bar} {self.paint('faint', more)}"


def _cells(cut: Excerpt) -> list[_Cell]:
    cells: list[_Cell] = []
    used = 0
    for part, fault in ((cut.before, False), (cut.fault, True), (cut.after, False)):
        for char in part:
            text = " " * (_TAB - used % _TAB) if char == "\t" else visible(char)
            wide = columns(char) if len(text) == 1 else len(text)
            cells.append(_Cell(text, wide, fault))
            used += wide
    return cells


def _window(cells: list[_Cell], cut: Excerpt, room: int) -> tuple[int, int, bool, bool]:
    """The first and last cell, so that the fault is visible; whether the line is cut at the left and at the right."""
    total = sum(cell.columns for cell in cells)
    if total <= room and not cut.cut_left and not cut.cut_right:
        return 0, len(cells), False, False
    at = len(cut.before)
    lead = sum(cell.columns for cell in cells[:at])
    fault = sum(cell.columns for cell in cells[at:] if cell.fault)
    start, left = 0, cut.cut_left
    if left or lead + min(fault, room // 2) > room - 2:
        start, used = at, 0
        while start > 0 and used + cells[start - 1].columns <= max(room // 4, room - 2 - fault):
            start -= 1
            used += cells[start].columns
        left = left or start > 0
    free = room - left - 1
    end = start
    while end < len(cells) and cells[end].columns <= free:
        free -= cells[end].columns
        end += 1
    return start, end, left, cut.cut_right or end < len(cells)
