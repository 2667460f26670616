"""One screen on a running container: what it sees, may use and may do, and how that differs from what is declared."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.inspection import Inspection
from sealock.reports.inspected.head import render_differences, render_head, render_unseen
from sealock.reports.inspected.page import InspectionPage
from sealock.reports.inspected.permissions import render_permissions
from sealock.reports.inspected.resources import render_resources
from sealock.reports.inspected.view import render_view
from sealock.reports.jsontext import encode

__all__ = ["as_json", "render"]


def as_json(plain: object) -> str:
    """Render what `sealock.runtime.inspect.as_json` gives as text."""
    return encode(plain) + "\n"


def render(inspection: Inspection, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of that width."""
    page = InspectionPage(max(width, 40), colour=colour, unicode=unicode)
    parts: tuple[Iterator[str], ...] = (
        render_head(page, inspection),
        render_view(page, inspection),
        render_resources(page, inspection),
        render_permissions(page, inspection),
        render_differences(page, inspection),
        render_unseen(page, inspection),
    )
    rows = [row.rstrip() for part in parts for row in part]
    while rows and not rows[-1]:
        rows.pop()
    return "\n".join(rows) + "\n"
