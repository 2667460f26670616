"""Trims a record's texts, lists and dates to what reports use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.feeds.feed import fit

SUMMARY: Final = 300
DETAILS: Final = 330
"""Most characters; reports show them where there is no summary, and references lead to the full text."""
LINKS: Final = 12
LINK: Final = 400
NAMES: Final = 500
"""Most aliases or upstream links of a record: a kernel update closes some hundreds."""
_REJECTED: Final = ("Rejected reason:", "** REJECT **")
"""NVD's words since 2023, and before."""
_DATE: Final = compile_lazily(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d))?")


def summary(text: str | None) -> str:
    """One line."""
    line = " ".join((text or "")[: 4 * SUMMARY].split())
    return line if len(line) <= SUMMARY else f"{line[: SUMMARY - 1]}…"


def details(text: str | None) -> str:
    """The text, cut where it is very long."""
    text = (text or "").strip()
    return text if len(text) <= DETAILS else f"{text[: DETAILS - 1]}…"


def is_rejected(own: str, text: str | None) -> bool:
    """Whether the CVE programme has rejected the id of a record, by the words that NVD's text of it begins with.

    Feeds that take their texts from NVD keep what they said of packages before. https://nvd.nist.gov/vuln/vulnerability-status
    """
    return own.startswith("CVE-") and (text or "").lstrip().startswith(_REJECTED)


def names(ids: Iterable[str], own: str) -> tuple[str, ...]:
    """The unique valid ids in their order, without the record's own."""
    return tuple(name for name in dict.fromkeys(ids) if name != own and fit(name))[:NAMES]


def links(urls: Iterable[str]) -> tuple[str, ...]:
    """The first unique web addresses."""
    valid = (url for url in urls if url.startswith(("https://", "http://")) and len(url) <= LINK and url.isprintable())
    return tuple(dict.fromkeys(valid))[:LINKS]


def dated(text: str | None) -> str:
    """A date of RFC 3339 to the second, "" for other text and for the year 1, which means "unknown"."""
    if not text or not _DATE.fullmatch(text) or text.startswith("0001-"):
        return ""
    return f"{text[:19]}Z" if text.endswith("Z") else text
