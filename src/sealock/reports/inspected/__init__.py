"""One screen on a running container: what it sees, what it may use, what it may do, and what of it was not declared."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.look import Look
from sealock.reports.inspected.head import differences, head, unseen
from sealock.reports.inspected.page import Page
from sealock.reports.inspected.permissions import doing
from sealock.reports.inspected.resources import using
from sealock.reports.inspected.view import seeing
from sealock.reports.jsontext import encode

__all__ = ["as_json", "render"]


def as_json(plain: object) -> str:
    """The look, made plain, as a text."""
    return encode(plain) + "\n"


def render(look: Look, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """Render for a terminal of that width."""
    page = Page(max(width, 40), colour=colour, unicode=unicode)
    parts: tuple[Iterator[str], ...] = (
        head(page, look),
        seeing(page, look),
        using(page, look),
        doing(page, look),
        differences(page, look),
        unseen(page, look),
    )
    rows = [row.rstrip() for part in parts for row in part]
    while rows and not rows[-1]:
        rows.pop()
    return "\n".join(rows) + "\n"
