"""Renders the differences between two images for a terminal: a table for each group, what matters most first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.imagediff import ImageDiff
from sealock.reports.ansi import INKS
from sealock.reports.imagediff.words import DiffGroup, describe, failures, groups, remarks, summary
from sealock.reports.page import Page
from sealock.text import fit, line
from sealock.text import width as width_of

_ROWS: Final = 40
"""Rows of a group that are shown; --format json has all."""
_LABEL: Final = 6
_ID: Final = 22
"""Columns of the ids at most: that of a GitHub advisory has 19."""


def render(diff: ImageDiff, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of this width."""
    page = Page(max(width, 40), colour=colour, unicode=unicode)
    return "\n".join(row.rstrip() for row in _lines(page, diff)) + "\n"


def _lines(page: Page, diff: ImageDiff) -> Iterator[str]:
    yield page.headline(line(f"{diff.old.target} {page.signs.arrow} {diff.new.target}"))
    for label, image in (("Old", diff.old), ("New", diff.new)):
        yield from page.hanging(describe(image), _LABEL, label=label)
    yield ""
    for group in groups(diff):
        yield from _group(page, group)
        yield ""
    failing = list(failures(diff))
    if failing:
        yield page.paint("alarm", "Not read or compared")
        for text in failing:
            yield from page.hanging(text, 2)
        yield ""
    for text in remarks(diff):
        yield from page.hanging(text, _LABEL, "faint", label="Note")
    sign = page.signs.good if diff.status == 0 else page.signs.arrow
    yield from page.hanging(summary(diff), 2, "bold", badge=f"{sign} ")


def _group(page: Page, group: DiffGroup) -> Iterator[str]:
    yield page.paint("heading", f"{group.title}: {len(group.rows)}")
    rows = group.rows[:_ROWS]
    yield from (
        _findings(page, group)
        if group.severities
        else page.table([group.head, *rows], inks=["faint", *(None for _ in rows)])
    )
    if len(group.rows) > _ROWS:
        yield page.paint("faint", f"  and {len(group.rows) - _ROWS} more (--format json has all)")


def _findings(page: Page, group: DiffGroup) -> Iterator[str]:
    """Findings behind their severity and id; sentences are wrapped and not cut."""
    rows = group.rows[:_ROWS]
    room = min(max(width_of(name) for _, name, _ in rows), _ID, page.room - 26)
    for severity, (word, name, about) in zip(group.severities[:_ROWS], rows, strict=True):
        name = fit(name, room)  # noqa: PLW2901  the id of an advisory has no bound
        badge = f"  {page.paint(INKS[severity], f'{word:<8}')}  {name}{' ' * (room - width_of(name))}  "
        yield from page.hanging(about, 14 + room, badge=badge)
