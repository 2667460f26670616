"""What one feed tells, gathered: claims by package, records by id, scores. The form between reading and storing."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct

from sealock.model.advisory import Advisory, Affects, Epss, Exploited, Span
from sealock.vulnerabilities.claim import Claim, KeySpan
from sealock.vulnerabilities.feeds.feed import (
    BrokenRecord,
    Dated,
    Ended,
    FeedItem,
    KnownExploited,
    Likelihood,
    Withdrawn,
)
from sealock.vulnerabilities.records import AdvisoryRecord, Rated, encode
from sealock.vulnerabilities.scores import Scores, block_of
from sealock.vulnerabilities.versions import VersionScheme, key, scheme_of

EXAMPLES: Final = 20
UNREADABLE: Final = 50
"""Versions of one claim that are kept though they cannot be read."""


class CollectedFeed(Struct):
    """One feed's data. Claims and records are encoded, so that they take little room and pass between processes."""

    claims: dict[tuple[str, str], list[bytes]] = {}
    records: dict[str, bytes] = {}
    exploited: dict[str, Exploited] = {}
    epss: dict[int, Scores] = {}
    ended: dict[str, dict[str, str]] = {}
    date: str = ""
    count: int = 0
    withdrawn: int = 0
    broken: int = 0
    unreadable: int = 0
    examples: list[str] = []


class FeedCollector:
    """Takes the items of a feed, one after the other. Dates later than `latest` (RFC 3339) are not believed."""

    def __init__(self, feed: str, latest: str = "9999") -> None:
        self.feed, self.latest = feed, latest
        self.found = CollectedFeed()
        self._keys: dict[tuple[VersionScheme, str], bytes | None] = {}
        self._stated = ""

    def take(self, items: Iterable[FeedItem]) -> None:
        """Take all that a file of the feed yields."""
        found = self.found
        for item in items:
            match item:
                case Advisory():
                    self._advisory(item)
                case Likelihood(cve, epss):
                    self._score(cve, epss)
                case KnownExploited(cve, entry):
                    found.exploited[cve] = entry
                case Ended(distribution, version, day):
                    found.ended.setdefault(distribution, {})[version] = day
                case Dated(date):
                    self._stated = date if date <= self.latest else ""
                case Withdrawn():
                    found.withdrawn += 1
                    continue
                case BrokenRecord(record, why):
                    found.broken += 1
                    if len(found.examples) < EXAMPLES:
                        found.examples.append(f"{record}: {why}"[:300])
                    continue
            found.count += not isinstance(item, Dated)
        found.date = self._stated or found.date

    def _advisory(self, advisory: Advisory) -> None:
        found = self.found
        date = advisory.modified or advisory.published
        if found.date < date <= self.latest:
            found.date = date
        claims = [
            (affects, claim) for affects in advisory.affects if (claim := self._claim(advisory, affects)) is not None
        ]
        if not claims:
            return  # it speaks of what nobody looks up here
        for affects, claim in claims:
            found.claims.setdefault((affects.ecosystem, affects.name), []).append(encode(claim))
        record = AdvisoryRecord(
            self.feed,
            advisory.aliases,
            advisory.upstream,
            advisory.summary,
            "" if advisory.summary else advisory.details,
            tuple(Rated(rating.source, rating.severity, rating.vector, rating.score) for rating in advisory.ratings),
            advisory.references,
            advisory.published,
            advisory.modified,
        )
        if record != AdvisoryRecord(self.feed):
            # One that has come before (Debian's tracker speaks of a flaw once for each package) says the same.
            found.records[advisory.id] = encode(record)

    def _claim(self, advisory: Advisory, affects: Affects) -> Claim | None:
        scheme = scheme_of(affects.ecosystem)
        unreadable: dict[str, None] = {}

        def keyed(version: str) -> bytes | None:
            found = self._key(scheme, version)
            if found is None:
                unreadable[version] = None
            return found

        spans = tuple(span for one in affects.spans if (span := _span(one, keyed)) is not None)
        versions = self._single(scheme, affects.versions, spans, unreadable)
        if affects.state == "affected" and not (spans or versions or unreadable):
            return None
        self.found.unreadable += len(unreadable)
        return Claim(
            advisory.id,
            spans,
            versions,
            affects.state,
            affects.severity,
            advisory.aliases,
            advisory.upstream,
            affects.module,
            tuple(version[:200] for version in list(unreadable)[:UNREADABLE]),
            self.feed,
        )

    def _single(
        self,
        scheme: VersionScheme | None,
        versions: Sequence[str],
        spans: Sequence[KeySpan],
        unreadable: dict[str, None],
    ) -> tuple[bytes, ...]:
        """Keys of the versions that no span covers, sorted."""
        if not versions or any(not span.introduced and not span.end for span in spans):
            return ()
        covered = _covering(spans)
        lone = set()
        for version in versions:
            found = self._key(scheme, version)
            if found is None:
                unreadable[version] = None
            elif not covered(found):
                lone.add(found)
        return tuple(sorted(lone))

    def _key(self, scheme: VersionScheme | None, version: str) -> bytes | None:
        if scheme is None:
            return None
        try:
            return self._keys[scheme, version]
        except KeyError:
            found = self._keys[scheme, version] = key(scheme, version)
            return found

    def _score(self, cve: str, epss: Epss) -> None:
        _, year, digits = cve.split("-")
        block, number = block_of(int(year), int(digits))
        scores = self.found.epss.get(block)
        if scores is None:
            scores = self.found.epss[block] = Scores(array("H"), array("I"), array("I"))
        scores.numbers.append(number)
        scores.scores.append(round(epss.score * 100_000))
        scores.percentiles.append(round(epss.percentile * 100_000))


def _covering(spans: Sequence[KeySpan]) -> Callable[[bytes], bool]:
    """Give what tells whether a version is within one of the spans, however many there are."""
    ordered = sorted(spans, key=lambda span: span.introduced)
    starts = [span.introduced for span in ordered]
    # How far the spans reach that begin no later: without end, to an end, to it inclusive.
    reaches = list(accumulate(((not span.end, span.end, span.inclusive) for span in ordered), max))

    def covered(version: bytes) -> bool:
        place = bisect_right(starts, version)
        if not place:
            return False
        endless, end, inclusive = reaches[place - 1]
        return endless or version < end or (inclusive and version == end)

    return covered


def _span(span: Span, keyed: Callable[[str], bytes | None]) -> KeySpan | None:
    """A span with keys; None where one of its versions cannot be read, or where it is empty."""
    introduced = keyed(span.introduced) if span.introduced else b""
    last = span.fixed or span.last or span.limit
    end = keyed(last) if last else b""
    if introduced is None or end is None:
        return None
    if end and (end < introduced or (end == introduced and not span.last)):
        return None
    return KeySpan(introduced, end, bool(span.last and not span.fixed), span.fixed)
