"""Renders the differences between two images as Markdown, for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.model.imagediff import ImageDiff
from sealock.reports.imagediff.words import DiffGroup, describe, failures, groups, remarks, summary
from sealock.reports.markdowntext import fit_comment, inline

_ROWS: Final = 100
"""Rows of a group that are listed."""
_FAILURES: Final = 20


def render(diff: ImageDiff) -> str:
    """Render as Markdown."""
    return fit_comment(_parts(diff))


def _parts(diff: ImageDiff) -> Iterator[str]:
    sign = {0: "✅", 1: "❌", 2: "⚠️"}[diff.status]
    yield f"### {sign} sealock diff: {inline(summary(diff))}\n\n"
    yield f"- old: {inline(describe(diff.old))}\n- new: {inline(describe(diff.new))}\n"
    failing = list(failures(diff))
    if failing:
        yield "\n**Not read or compared:**\n\n"
        yield from (f"- {inline(text)}\n" for text in failing[:_FAILURES])
        if len(failing) > _FAILURES:
            yield f"- and {len(failing) - _FAILURES} more\n"
    for group in groups(diff):
        yield from _table(group)
    yield from (f"\nNote: {inline(text)}\n" for text in remarks(diff))


def _table(group: DiffGroup) -> Iterator[str]:
    """A table; those without severities are folded."""
    title = f"{group.title}: {len(group.rows)}"
    yield f"\n#### {title}\n\n" if group.severities else f"\n<details><summary>{title}</summary>\n\n"
    yield _row(group.head) + "|" + "---|" * len(group.head) + "\n"
    yield from (_row(tuple(map(inline, cells))) for cells in group.rows[:_ROWS])
    if len(group.rows) > _ROWS:
        yield f"\nand {len(group.rows) - _ROWS} more\n"
    if not group.severities:
        yield "\n</details>\n"


def _row(cells: tuple[str, ...]) -> str:
    # A bar ends a cell even where backquotes stand around it.
    return "| " + " | ".join(cell.replace("\\|", "|").replace("|", "&#124;") for cell in cells) + " |\n"
