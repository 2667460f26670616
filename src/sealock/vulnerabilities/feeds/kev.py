"""CISA's catalogue of known exploited vulnerabilities. https://www.cisa.gov/known-exploited-vulnerabilities-catalog."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

import msgspec
from msgspec import Struct

from sealock.model.advisory import Exploited
from sealock.patterns import compile_lazily
from sealock.vulnerabilities.feeds._document import UNREADABLE, document
from sealock.vulnerabilities.feeds._texts import SUMMARY, dated
from sealock.vulnerabilities.feeds.feed import BrokenRecord, Dated, FeedItem, KnownExploited

_CVE: Final = compile_lazily(r"CVE-\d{4}-\d{4,9}")
_DAY: Final = compile_lazily(r"\d{4}-\d\d-\d\d")


class _Entry(Struct, gc=False, rename="camel"):
    cve_id: str = msgspec.field(name="cveID")
    date_added: str
    due_date: str = ""
    known_ransomware_campaign_use: str = ""
    required_action: str = ""


class _Catalogue(Struct):
    vulnerabilities: list[msgspec.Raw]
    date_released: str = msgspec.field(name="dateReleased", default="")


_decode: Final = msgspec.json.Decoder(_Entry).decode


def read(file: IO[bytes]) -> Iterator[FeedItem]:
    """Yield each entry, and the date of the catalogue."""
    catalogue = document(file, _Catalogue)
    yield Dated(dated(catalogue.date_released))
    for place, raw in enumerate(catalogue.vulnerabilities):
        try:
            entry = _decode(raw)
        except UNREADABLE as error:
            yield BrokenRecord(f"entry {place + 1}", str(error))
            continue
        if not _CVE.fullmatch(entry.cve_id) or not _DAY.fullmatch(entry.date_added):
            yield BrokenRecord(
                f"entry {place + 1}", f"{entry.cve_id[:40]!r} of {entry.date_added[:40]!r} is not a CVE with a date"
            )
            continue
        due = entry.due_date if _DAY.fullmatch(entry.due_date) else ""
        ransomware = entry.known_ransomware_campaign_use.lower() == "known"
        action = " ".join(entry.required_action.split())[:SUMMARY]
        yield KnownExploited(entry.cve_id, Exploited(entry.date_added, due, ransomware, action))
