"""The end of support of distributions, one document each. https://endoflife.date/docs/api."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, Final

import msgspec
from msgspec import Struct

from sealock.vulnerabilities.feeds._document import UNREADABLE, document
from sealock.vulnerabilities.feeds.feed import BrokenRecord, Ended, FeedItem, fit

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
ALREADY: Final = "0001-01-01"
"""The day of a release that has ended on an unknown day."""


class _Cycle(Struct, gc=False):
    cycle: str | int
    eol: str | bool = False


_decode: Final = msgspec.json.Decoder(_Cycle).decode


def read(file: IO[bytes], distribution: str) -> Iterator[FeedItem]:
    """Yield the last day of each release that has one. `distribution` is the ID of its os-release."""
    for place, raw in enumerate(document(file, list[msgspec.Raw])):
        try:
            cycle = _decode(raw)
        except UNREADABLE as error:
            yield BrokenRecord(f"cycle {place + 1}", str(error))
            continue
        day = ALREADY if cycle.eol is True else cycle.eol or ""
        if not fit(str(cycle.cycle)) or (day and not _DAY.fullmatch(day)):
            yield BrokenRecord(f"cycle {place + 1}", "it is not a version with a date")
        elif day:
            yield Ended(distribution, str(cycle.cycle), day)
