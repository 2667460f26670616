"""Charts as SVG, made here: no script, prints, and says in words what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup
from msgspec import Struct

_WIDTH: Final = 420
_HEIGHT: Final = 190
_LEFT, _BOTTOM, _TOP = 44, 26, 10


class Series(Struct, frozen=True):
    """One line of a chart; `look` is the class of its colour."""

    name: str
    look: str
    values: tuple[int, ...]


def draw_lines(labels: Sequence[str], series: Sequence[Series], about: str) -> Markup:
    """Lines over the labels' places, with a scale from 0 and the first and last label."""
    highest = max((value for line in series for value in line.values), default=0)
    top, step = _scale(highest)
    room = max(len(labels) - 1, 1)

    def x(index: int) -> float:
        return round(_LEFT + index * (_WIDTH - _LEFT - 12) / room, 1)

    def y(value: float) -> float:
        return round(_TOP + (1 - value / top) * (_HEIGHT - _TOP - _BOTTOM), 1)

    words = "; ".join(f"{line.name} from {line.values[0]} to {line.values[-1]}" for line in series if line.values)
    rows = [
        Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
            _WIDTH, _HEIGHT, f"{about}: {words}" if words else about
        )
    ]
    rows += [
        Markup(
            '<line class="rule" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>'
        ).format(_LEFT, _WIDTH - 12, y(mark), y(mark), _LEFT - 8, y(mark) + 4, f"{mark:,}")
        for mark in range(0, top + 1, step)
    ]
    for line in series:
        points = " ".join(f"{x(index)},{y(value)}" for index, value in enumerate(line.values))
        rows.append(Markup('<polyline class="line {}" points="{}"/>').format(line.look, points))
        if line.values:
            rows.append(
                Markup('<circle class="dot {}" cx="{}" cy="{}" r="3.5"/>').format(
                    line.look, x(len(line.values) - 1), y(line.values[-1])
                )
            )
    if labels:
        ends = ((x(0), "start", labels[0]), (x(len(labels) - 1), "end", labels[-1]))
        rows += [
            Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(place, _HEIGHT - 6, anchor, label)
            for place, anchor, label in ends[: min(len(labels), 2)]
        ]
    return Markup("").join([*rows, Markup("</svg>")])


def _scale(highest: int) -> tuple[int, int]:
    """The top of a scale with four steps or fewer, and the step: 1, 2 or 5 with zeros."""
    step = 1
    while step * 4 < highest:
        step = next(number for factor in (2, 5, 10) if (number := _power(step) * factor) > step)
    return max(step * -(-highest // step), step), step


def _power(number: int) -> int:
    return int(10 ** (len(str(number)) - 1))
