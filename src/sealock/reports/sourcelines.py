"""The lines around a fault, for reports that have room for more than one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from sealock.model.location import Location, Source
from sealock.reports.excerpt import Excerpt, excerpt

_AROUND = 2
_AT_MOST = 12
"""Lines of a fault; a longer fault is cut."""
_BRIEF = 3
_REACH = 160
_END = 1 << 40


class SourceLine(Struct, frozen=True, gc=False):
    """A line with its number; the fault is empty on the lines around it. `at_fault` marks the lines of the fault."""

    number: int
    before: str
    fault: str
    after: str
    at_fault: bool
    point: bool = False
    """Whether an empty fault is at a point of this line."""


def listing(sources: Mapping[str, Source], location: Location, *, brief: bool = False) -> Iterator[SourceLine]:
    """The fault's lines and a few around them, or with `brief` its first lines only; nothing without a text."""
    source = sources.get(location.file)
    if source is None or excerpt(sources, location) is None:
        return
    last = max(location.end_line, location.line)
    if last > location.line and location.end_column == 1:
        last -= 1  # it ends with the line's end
    around, most = (0, _BRIEF) if brief else (_AROUND, _AT_MOST)
    cut = min(last, location.line + most - 1)
    final = len(source.starts) - (1 if source.text.endswith("\n") else 0)
    point = location.line == last and location.column == location.end_column
    for number in range(max(location.line - around, 1), min(cut + around, final) + 1):
        inside = location.line <= number <= last
        start = location.column if number == location.line else 1
        end = location.end_column if number == location.end_line else _END
        here = Location(location.file, number, start, number, end if inside else 1)
        yield _row(number, excerpt(sources, here, _REACH), inside=inside, point=point)


def _row(number: int, cut: Excerpt | None, *, inside: bool, point: bool) -> SourceLine:
    if cut is None:
        return SourceLine(number, "", "", "", inside)
    before, fault = cut.before, cut.fault
    if inside and not before:
        # The indentation of a line is not at fault.
        stripped = fault.lstrip(" \t")
        before, fault = fault[: len(fault) - len(stripped)], stripped
    left, right = "…" if cut.cut_left else "", "…" if cut.cut_right else ""
    return SourceLine(number, left + before, fault, cut.after + right, inside, inside and point and not fault)
