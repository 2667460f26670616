"""What the reports for a terminal are laid out with: headlines, text behind a label, and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sealock.reports.ansi import Ink, Paint, Signs
from sealock.text import fit, width, wrap


class Page:
    """A terminal that is `room` columns wide. Untrusted text has passed `sealock.text.line` before it comes here."""

    def __init__(self, room: int, *, colour: bool = False, unicode: bool = True) -> None:
        self.room, self.unicode = room, unicode
        self.paint, self.signs = Paint(on=colour), Signs(unicode=unicode)

    def headline(self, name: str, about: str = "") -> str:
        """A line across the terminal with a name, and faint details about it."""
        about = f" {self.signs.dot} {about} " if about else " "
        name = fit(name, self.room - width(about) - 3)
        bar = self.signs.rule * max(self.room - width(name) - width(about) - 3, 0)
        return (
            f"{self.paint('faint', self.signs.rule * 2)} {self.paint('bold', name)}{self.paint('faint', about + bar)}"
        )

    def hanging(
        self, text: str, indent: int, ink: Ink | None = None, *, label: str = "", badge: str = ""
    ) -> Iterator[str]:
        """Wrapped text behind an indent. On its first line the indent holds a label, or a badge that fills it."""
        lead = badge or self.paint("faint", label) + " " * (indent - width(label))
        for part in wrap(text, self.room - indent):
            yield lead + (self.paint(ink, part) if ink else part)
            lead = " " * indent

    def table(
        self,
        rows: Sequence[Sequence[str]],
        *,
        indent: int = 2,
        right: Sequence[int] = (),
        inks: Sequence[Ink | None] = (),
    ) -> Iterator[str]:
        """Rows in columns that fit into the room, each in its ink; `right` has the right-aligned columns."""
        for index, cells in enumerate(columns(rows, self.room - indent, right)):
            text = "  ".join(cell for cell in cells if cell).rstrip()
            ink = inks[index] if inks else None
            yield " " * indent + (self.paint(ink, text) if ink else text)


def table(rows: Sequence[Sequence[str]], *, indent: int = 0) -> Iterator[str]:
    """Rows in columns as wide as their texts, for output that must not be cut."""
    for cells in columns(rows):
        yield " " * indent + "  ".join(cell for cell in cells if cell).rstrip()


def columns(rows: Sequence[Sequence[str]], room: int = 0, right: Sequence[int] = ()) -> Iterator[list[str]]:
    """The cells of each row, padded to the widths of their columns, and cut where these exceed a given room.

    The widest columns give way. A column without any text is empty, so that no gap is left for it.
    """
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    widths = _shares(widths, room) if room else widths
    for row in rows:
        cells = [fit(cell, size) if size else "" for cell, size in zip(row, widths, strict=True)]
        blanks = [" " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True)]
        yield [
            blank + cell if index in right else cell + blank
            for index, (cell, blank) in enumerate(zip(cells, blanks, strict=True))
        ]


def _shares(widths: list[int], room: int) -> list[int]:
    """The width that each column gets: its own, or an equal share of what the narrower columns leave."""
    left = room - 2 * (sum(map(bool, widths)) - 1)
    shares = [0] * len(widths)
    order = sorted((index for index, size in enumerate(widths) if size), key=lambda index: widths[index])
    for number, index in enumerate(order):
        shares[index] = max(min(widths[index], left // (len(order) - number)), 1)
        left -= shares[index]
    return shares
