"""Reads the database: claims by name, details by id, scores by CVE. It is the AdvisoryLookup of the matching."""

from __future__ import annotations

import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from sealock.errors import UNDECODABLE
from sealock.model.advisory import Advisory, Epss, Exploited, Rating
from sealock.vulnerabilities.claim import Claim
from sealock.vulnerabilities.records import (
    AdvisoryRecord,
    FeedState,
    Packing,
    Scores,
    block_of,
    damaged,
    decode_block,
    decode_claims,
    decode_feed,
    decode_records,
    encode,
)

if TYPE_CHECKING:
    from sealock.vulnerabilities.collector import CollectedFeed

T = TypeVar("T")
AT_ONCE: Final = 500
"""Names in one query: older versions of SQLite take 999."""
_bare: Final = AdvisoryRecord("")
_columns: Final = msgspec.msgpack.Decoder(tuple[bytes, bytes, bytes]).decode
_catalogue: Final = msgspec.msgpack.Decoder(dict[str, Exploited]).decode
_names: Final = msgspec.msgpack.Decoder(list[str]).decode
_ends: Final = msgspec.msgpack.Decoder(dict[str, dict[str, str]]).decode


class AdvisoryStore:
    """An open database. FeedError content raises DatabaseError at the latest when it is read."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ecosystems: dict[str, int] = {
            name: number for number, name in self._rows("SELECT id, name FROM ecosystem")
        }
        meta = dict(self._rows("SELECT name, data FROM meta"))
        try:
            self._claims, self._details = Packing(meta["claims"]), Packing(meta["details"])
            self._exploited_data, self._ended_data, self._firsts_data = meta["exploited"], meta["ended"], meta["firsts"]
        except KeyError:
            raise damaged() from None
        self._plain = Packing()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _rows(self, query: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(query, values)
        except sqlite3.Error:
            raise damaged() from None

    def about(self, ecosystem: str, names: Sequence[str], /) -> dict[str, tuple[Claim, ...]]:
        """Give the claims for each of the names; names without claims are left out."""
        number = self._ecosystems.get(ecosystem)
        if number is None:
            return {}
        claims: dict[str, tuple[Claim, ...]] = {}
        unpack = self._claims.unpack
        for batch in _batches(names):
            marks = ",".join("?" * len(batch))
            query = f"SELECT name, data FROM claim WHERE ecosystem = ? AND name IN ({marks})"  # noqa: S608  only marks
            for name, data in self._rows(query, (number, *batch)):
                try:
                    claims[name] = decode_claims(unpack(data))
                except UNDECODABLE:
                    raise damaged() from None
        return claims

    def covers(self, ecosystem: str, /) -> bool:
        """Whether the database has data on this ecosystem (and release, where it has one)."""
        return ecosystem in self._ecosystems

    def ecosystems(self) -> tuple[str, ...]:
        """Give every covered ecosystem, with its release."""
        return tuple(sorted(self._ecosystems))

    def details(self, ids: Sequence[str], /) -> dict[str, Advisory]:
        """Give records by their ids, without what they affect; the records of several feeds on one id are merged."""
        advisories: dict[str, Advisory] = {}
        by_block: dict[int, list[str]] = {}
        for name in set(ids):
            by_block.setdefault(bisect_right(self._firsts, name), []).append(name)
        for batch in _batches(sorted(by_block)):
            marks = ",".join("?" * len(batch))
            query = f"SELECT block, data FROM detail WHERE block IN ({marks})"  # noqa: S608  only marks
            for number, data in self._rows(query, batch):
                block = self._block(data)
                for name in by_block[number]:
                    if name in block:
                        advisories[name] = _merge(name, _records(block[name]))
        return advisories

    @cached_property
    def _firsts(self) -> list[str]:
        """The first id of each block of details; blocks are numbered from 1."""
        try:
            return _names(self._plain.unpack(self._firsts_data))
        except UNDECODABLE:
            raise damaged() from None

    def _block(self, data: bytes) -> dict[str, msgspec.Raw]:
        try:
            return decode_block(self._details.unpack(data))
        except UNDECODABLE:
            raise damaged() from None

    @cached_property
    def _exploited(self) -> dict[str, Exploited]:
        try:
            return _catalogue(self._plain.unpack(self._exploited_data))
        except UNDECODABLE:
            raise damaged() from None

    def exploited(self, cves: Sequence[str], /) -> dict[str, Exploited]:
        """Give the entries of the CVEs that are known to be exploited."""
        return {cve: self._exploited[cve] for cve in cves if cve in self._exploited}

    def epss(self, cves: Sequence[str], /) -> dict[str, Epss]:
        """Give the EPSS scores of the CVEs that have one."""
        by_block: dict[int, list[tuple[int, str]]] = {}
        for cve in cves:
            parts = cve.split("-")
            if len(parts) == 3 and parts[0] == "CVE" and parts[1].isdecimal() and parts[2].isdecimal():
                block, number = block_of(int(parts[1][:6]), int(parts[2][:12]))
                by_block.setdefault(block, []).append((number, cve))
        result: dict[str, Epss] = {}
        for batch in _batches(list(by_block)):
            marks = ",".join("?" * len(batch))
            for block, data in self._rows(f"SELECT block, data FROM epss WHERE block IN ({marks})", batch):  # noqa: S608
                numbers, scores, percentiles = self._figures(data)
                for number, cve in by_block[block]:
                    place = bisect_left(numbers, number)
                    if place < len(numbers) and numbers[place] == number:
                        result[cve] = Epss(scores[place] / 100_000, percentiles[place] / 100_000)
        return result

    def _figures(self, data: bytes) -> tuple[memoryview[int], memoryview[int], memoryview[int]]:
        """The columns of a block, without a copy."""
        try:
            numbers, scores, percentiles = _columns(self._plain.unpack(data))
            figures = memoryview(numbers).cast("H"), memoryview(scores).cast("I"), memoryview(percentiles).cast("I")
        except (TypeError, *UNDECODABLE):
            raise damaged() from None
        if not len(figures[0]) == len(figures[1]) == len(figures[2]):
            raise damaged()
        return figures

    def _scores(self, data: bytes) -> Scores:
        numbers, scores, percentiles = self._figures(data)
        return Scores(array("H", numbers), array("I", scores), array("I", percentiles))

    @cached_property
    def ended(self) -> dict[str, dict[str, str]]:
        """The last day of security fixes, by ID of os-release and version."""
        try:
            return _ends(self._plain.unpack(self._ended_data))
        except UNDECODABLE:
            raise damaged() from None

    def feeds(self) -> dict[str, FeedState]:
        """Give the state of each feed."""
        try:
            return {name: decode_feed(data) for name, data in self._rows("SELECT name, data FROM feed ORDER BY name")}
        except UNDECODABLE:
            raise damaged() from None

    def extract(self, feeds: Iterable[str]) -> dict[str, CollectedFeed]:
        """Give the data of feeds as it was collected, to write it again together with changed feeds."""
        from sealock.vulnerabilities.collector import CollectedFeed  # noqa: PLC0415  only updates need it

        collected = {
            name: CollectedFeed(claims={}, records={}, exploited={}, epss={}, ended={}, examples=[]) for name in feeds
        }
        own: dict[tuple[str, str], AdvisoryRecord] = {}
        for _, data in self._rows("SELECT block, data FROM detail"):
            for name, raw in self._block(data).items():
                for record in _records(raw):
                    if (feed := collected.get(record.feed)) is not None:
                        feed.records[name] = encode(record)
                        own[record.feed, name] = record
        names = {number: name for name, number in self._ecosystems.items()}
        for number, name, data in self._rows("SELECT ecosystem, name, data FROM claim"):
            try:
                claims = decode_claims(self._claims.unpack(data))
            except UNDECODABLE:
                raise damaged() from None
            for claim in claims:
                if (feed := collected.get(claim.feed)) is not None:
                    # Aliases that came from other feeds are removed: these feeds may have changed.
                    record = own.get((claim.feed, claim.advisory), _bare)
                    if claim.aliases != record.aliases or claim.upstream != record.upstream:
                        claim = replace(claim, aliases=record.aliases, upstream=record.upstream)  # noqa: PLW2901
                    feed.claims.setdefault((names[number], name), []).append(encode(claim))
        if "kev" in collected:
            collected["kev"].exploited = self._exploited
        if "endoflife" in collected:
            collected["endoflife"].ended = self.ended
        if "epss" in collected:
            for block, data in self._rows("SELECT block, data FROM epss"):
                collected["epss"].epss[block] = self._scores(data)
        return collected


def _records(raw: msgspec.Raw) -> tuple[AdvisoryRecord, ...]:
    try:
        return decode_records(raw)
    except UNDECODABLE:
        raise damaged() from None


def _merge(name: str, records: tuple[AdvisoryRecord, ...]) -> Advisory:
    """Merge the records of several feeds on one id: the first non-empty text, and all list items."""
    if len(records) == 1:  # nearly always, and an image has a thousand
        only = records[0]
        rated = tuple([Rating(of.source, of.severity, of.vector, of.score) for of in only.ratings])
        return Advisory(
            name, only.feed, (), only.aliases, only.upstream, only.summary, only.details, rated, only.references,
            only.published, only.modified,
        )  # fmt: skip

    def first(field: str) -> str:
        return next((text for record in records if (text := getattr(record, field))), "")

    ratings = dict.fromkeys(chain.from_iterable(record.ratings for record in records))
    return Advisory(
        id=name,
        feed=records[0].feed,
        affects=(),
        aliases=tuple(dict.fromkeys(chain.from_iterable(record.aliases for record in records))),
        upstream=tuple(dict.fromkeys(chain.from_iterable(record.upstream for record in records))),
        summary=first("summary"),
        details=first("details"),
        ratings=tuple(Rating(rating.source, rating.severity, rating.vector, rating.score) for rating in ratings),
        references=tuple(dict.fromkeys(chain.from_iterable(record.references for record in records))),
        published=first("published"),
        modified=first("modified"),
    )


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for begin in range(0, len(items), AT_ONCE):
        yield items[begin : begin + AT_ONCE]
