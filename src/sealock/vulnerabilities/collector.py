"""Collects the data of one feed for the database: claims by package, records by id, scores."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct

from sealock.model.advisory import Advisory, Affects, Epss, Exploited, Span
from sealock.vulnerabilities.claim import NO_VERSIONS, Claim, KeySpan
from sealock.vulnerabilities.feeds.feed import (
    BrokenRecord,
    Dated,
    Ended,
    FeedItem,
    KnownExploited,
    Likelihood,
    Withdrawn,
)
from sealock.vulnerabilities.records import AdvisoryRecord, Rated, Scores, block_of, encode
from sealock.vulnerabilities.versions import VersionScheme, key, scheme_of

EXAMPLES: Final = 20
UNREADABLE: Final = 50
"""Most unparsable versions that are kept of one claim."""


class CollectedFeed(Struct):
    """One feed's data. Claims and records are encoded to save memory and to pass between processes."""

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
    """Collects the items of a feed. Dates later than `latest` (RFC 3339) are ignored."""

    def __init__(self, feed: str, latest: str = "9999") -> None:
        self.feed, self.latest = feed, latest
        self.feed_data = CollectedFeed()
        self._keys: dict[tuple[VersionScheme, str], bytes | None] = {}
        self._stated = self._modified = self._published = ""
        self._undated = False
        """Whether a record has no date at all: then a few dates of others do not show how old the feed is."""

    def take(self, items: Iterable[FeedItem]) -> None:
        """Take all items of a file of the feed."""
        data = self.feed_data
        for item in items:
            match item:
                case Advisory():
                    self._advisory(item)
                case Likelihood(cve, epss):
                    self._score(cve, epss)
                case KnownExploited(cve, entry):
                    data.exploited[cve] = entry
                case Ended(distribution, version, day):
                    data.ended.setdefault(distribution, {})[version] = day
                case Dated(date):
                    self._stated = date if date <= self.latest else ""
                case Withdrawn():
                    data.withdrawn += 1
                    continue
                case BrokenRecord(record, why):
                    data.broken += 1
                    if len(data.examples) < EXAMPLES:
                        data.examples.append(f"{record}: {why}"[:300])
                    continue
            data.count += not isinstance(item, Dated)
        data.date = self._stated or self._modified or ("" if self._undated else self._published)

    def _advisory(self, advisory: Advisory) -> None:
        data = self.feed_data
        self._modified = max(self._modified, advisory.modified if advisory.modified <= self.latest else "")
        self._published = max(self._published, advisory.published if advisory.published <= self.latest else "")
        self._undated = self._undated or not (advisory.modified or advisory.published)
        claims = [
            (affects, claim) for affects in advisory.affects if (claim := self._claim(advisory, affects)) is not None
        ]
        if not claims:
            return  # it is about packages that are never looked up
        for affects, claim in claims:
            data.claims.setdefault((affects.ecosystem, affects.name), []).append(encode(claim))
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
            # An earlier record of the same id (Debian's tracker has one per package) has the same content.
            data.records[advisory.id] = encode(record)

    def _claim(self, advisory: Advisory, affects: Affects) -> Claim | None:
        scheme = scheme_of(affects.ecosystem)
        unreadable: dict[str, None] = {}

        def parse(version: str) -> bytes | None:
            parsed = self._key(scheme, version)
            if parsed is None:
                unreadable[version] = None
            return parsed

        if affects.state == "affected" and not affects.spans and not affects.versions:
            unreadable.update(dict.fromkeys(NO_VERSIONS))
        spans = tuple(key_span for span in affects.spans if (key_span := _key_span(span, parse)) is not None)
        versions = self._uncovered(scheme, affects.versions, spans, unreadable)
        if affects.state == "affected" and not (spans or versions or unreadable):
            return None
        self.feed_data.unreadable += len(unreadable)
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

    def _uncovered(
        self,
        scheme: VersionScheme | None,
        versions: Sequence[str],
        spans: Sequence[KeySpan],
        unreadable: dict[str, None],
    ) -> tuple[bytes, ...]:
        """The sorted keys of the versions that no span covers."""
        if not versions or any(not span.introduced and not span.end for span in spans):
            return ()
        covered = _covering(spans)
        keys = set()
        for version in versions:
            parsed = self._key(scheme, version)
            if parsed is None:
                unreadable[version] = None
            elif not covered(parsed):
                keys.add(parsed)
        return tuple(sorted(keys))

    def _key(self, scheme: VersionScheme | None, version: str) -> bytes | None:
        if scheme is None:
            return None
        try:
            return self._keys[scheme, version]
        except KeyError:
            parsed = self._keys[scheme, version] = key(scheme, version)
            return parsed

    def _score(self, cve: str, epss: Epss) -> None:
        _, year, digits = cve.split("-")
        block, number = block_of(int(year), int(digits))
        scores = self.feed_data.epss.get(block)
        if scores is None:
            scores = self.feed_data.epss[block] = Scores(array("H"), array("I"), array("I"))
        scores.numbers.append(number)
        scores.scores.append(round(epss.score * 100_000))
        scores.percentiles.append(round(epss.percentile * 100_000))


def _covering(spans: Sequence[KeySpan]) -> Callable[[bytes], bool]:
    """Give a predicate: whether a version is in any of the spans, in logarithmic time."""
    ordered = sorted(spans, key=lambda span: span.introduced)
    starts = [span.introduced for span in ordered]
    # The furthest end of the spans up to each start: no end, then the highest end, then inclusive.
    reaches = list(accumulate(((not span.end, span.end, span.inclusive) for span in ordered), max))

    def covered(version: bytes) -> bool:
        place = bisect_right(starts, version)
        if not place:
            return False
        endless, end, inclusive = reaches[place - 1]
        return endless or version < end or (inclusive and version == end)

    return covered


def _key_span(span: Span, parse: Callable[[str], bytes | None]) -> KeySpan | None:
    """The span with keys; None where a version cannot be parsed or the span is empty."""
    introduced = parse(span.introduced) if span.introduced else b""
    last = span.fixed or span.last or span.limit
    end = parse(last) if last else b""
    if introduced is None or end is None:
        return None
    if end and (end < introduced or (end == introduced and not span.last)):
        return None
    return KeySpan(introduced, end, bool(span.last and not span.fixed), span.fixed)
