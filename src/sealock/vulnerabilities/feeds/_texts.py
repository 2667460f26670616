"""What is kept of a record's texts, lists and dates: as much as a report can use."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from sealock.vulnerabilities.feeds.feed import fit

SUMMARY: Final = 300
DETAILS: Final = 330
"""Characters that are kept, as a report shows of them where there is no summary; references lead to the whole text."""
LINKS: Final = 12
LINK: Final = 400
NAMES: Final = 500
"""How many aliases, or flaws passed on, a record may have: a kernel's update closes some hundreds."""
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?")


def summary(text: str | None) -> str:
    """One line."""
    line = " ".join((text or "")[: 4 * SUMMARY].split())
    return line if len(line) <= SUMMARY else f"{line[: SUMMARY - 1]}…"


def details(text: str | None) -> str:
    """The text, cut where it is very long."""
    text = (text or "").strip()
    return text if len(text) <= DETAILS else f"{text[: DETAILS - 1]}…"


def names(ids: Iterable[str], own: str) -> tuple[str, ...]:
    """Ids in their order, each once, without the record's own and without what cannot be one."""
    return tuple(id_ for id_ in dict.fromkeys(ids) if id_ != own and fit(id_))[:NAMES]


def links(urls: Iterable[str]) -> tuple[str, ...]:
    """The first web addresses, each once."""
    fine = (url for url in urls if url.startswith(("https://", "http://")) and len(url) <= LINK and url.isprintable())
    return tuple(dict.fromkeys(fine))[:LINKS]


def dated(text: str | None) -> str:
    """A date of RFC 3339 to the second, "" for another text and for the first year, which stands for "unknown"."""
    if not text or not _DATE.fullmatch(text) or text.startswith("0001-"):
        return ""
    return f"{text[:19]}Z" if text.endswith("Z") else text
