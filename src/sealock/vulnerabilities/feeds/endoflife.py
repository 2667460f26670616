"""The end of support of distributions and programs, one document each. https://endoflife.date/docs/api."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Final

import msgspec
from msgspec import Struct

from sealock.patterns import compile_lazily
from sealock.rules.endofsupport import ALREADY
from sealock.vulnerabilities.feeds._document import UNREADABLE, document
from sealock.vulnerabilities.feeds.feed import BrokenRecord, Ended, FeedItem, fit

_DAY: Final = compile_lazily(r"\d{4}-\d\d-\d\d")


class _Cycle(Struct, gc=False):
    cycle: str | int
    eol: str | bool = False
    extended: str | bool = msgspec.field(name="extendedSupport", default=False)


_FREE_EXTENDED: Final = frozenset({"debian"})
"""Distributions whose extended support (LTS) everybody gets; that of others is paid."""

_decode: Final = msgspec.json.Decoder(_Cycle).decode


def read(file: IO[bytes], product: str) -> Iterator[FeedItem]:
    """Yield the last day of each release that has one. `product` is the ID of os-release, or an official image."""
    for place, raw in enumerate(document(file, list[msgspec.Raw])):
        try:
            cycle = _decode(raw)
        except UNREADABLE as error:
            yield BrokenRecord(f"cycle {place + 1}", str(error))
            continue
        free = cycle.extended if product in _FREE_EXTENDED and isinstance(cycle.extended, str) else ""
        day = free or (ALREADY if cycle.eol is True else cycle.eol or "")
        if not fit(str(cycle.cycle)) or (day and not _DAY.fullmatch(day)):
            yield BrokenRecord(f"cycle {place + 1}", "it is not a version with a date")
        elif day:
            yield Ended(product, str(cycle.cycle), day)
