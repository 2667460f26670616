"""Turns the events of a range, in any order, into spans of versions. https://ossf.github.io/osv-schema/#evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sealock.model.advisory import Span
from sealock.vulnerabilities.feeds._osvshape import Event
from sealock.vulnerabilities.versions import VersionScheme, key

EVENTS: Final = 10_000
_LATE: Final = b"\xff" * 8
"""The key of a version that cannot be parsed: it sorts last, in the given order."""


def spans(scheme: VersionScheme | None, events: Sequence[Event]) -> Iterator[Span]:
    """Yield the affected spans of a range of ordered versions."""
    if len(events) == 2:
        # Most ranges go from the first version to another: there is nothing to sort.
        first, second = events
        if first.introduced == "0" and second.introduced is None:
            yield _ended("", second)
            return
    begun: str | None = None
    again: str | None = None
    for event in _ordered(scheme, events[:EVENTS]):
        if event.introduced is not None:
            if begun is None:
                begun = _from(event.introduced)
            else:
                again = event.introduced
        elif begun is not None:
            yield _ended(begun, event)
            # A span that ends where the next begins continues, in whichever order the events come.
            begun = again if again is not None and again in {event.fixed, event.limit} else None
            again = None
    if begun is not None:
        yield Span(begun)


def _from(version: str) -> str:
    return "" if version == "0" else version


def _ended(begun: str, event: Event) -> Span:
    if event.fixed is not None:
        return Span(begun, fixed=event.fixed)
    if event.last_affected is not None:
        return Span(begun, last=event.last_affected)
    return Span(begun) if event.limit in {None, "*"} else Span(begun, limit=event.limit or "")


def _ordered(scheme: VersionScheme | None, events: Sequence[Event]) -> Sequence[Event]:
    """Sort events by version, stable within a version, with `last_affected` last.

    A range that ends where it begins, as RustSec writes for a fix before the first release, is empty.
    """
    if len(events) < 2 or scheme is None:
        return events

    def place(event: Event) -> tuple[int, bytes, int]:
        if event.introduced is not None:
            version, rank = event.introduced, 0
        elif event.last_affected is not None:
            version, rank = event.last_affected, 1
        else:
            version, rank = event.fixed or event.limit or "", 0
        if version == "0":
            return (0, b"", rank)
        if version == "*":
            return (2, b"", rank)
        return (1, key(scheme, version) or _LATE, rank)

    return sorted(events, key=place)
