"""Merges the collected feeds and writes them into the tables of a new database file."""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from sealock.model.advisory import Exploited
from sealock.vulnerabilities.aliases import close_upstream, group_aliases
from sealock.vulnerabilities.claim import Claim
from sealock.vulnerabilities.collector import CollectedFeed
from sealock.vulnerabilities.feeds.catalog import FEEDS
from sealock.vulnerabilities.records import (
    APPLICATION,
    BLOCK,
    SCHEMA,
    TABLES,
    FeedState,
    Packing,
    Scores,
    decode_claim,
    decode_record,
    encode,
)

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SAMPLES: Final = 6000
DICTIONARY: Final = 32 << 10
"""The window of deflate, in bytes."""


class DatabaseContent(Struct):
    """The content of a database: the state and data of each feed."""

    states: dict[str, FeedState]
    feeds: dict[str, CollectedFeed]


def build(path: str, content: DatabaseContent) -> None:
    """Write a new database to a path that does not exist yet."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # The file is read only once it is complete, and a partial one is deleted: no journal is needed.
        connection.executescript(
            "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;"
            f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={SCHEMA}; BEGIN; {TABLES}"
        )
        _write(connection, content)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _write(connection: sqlite3.Connection, content: DatabaseContent) -> None:
    feeds = [content.feeds[name] for name in _ordered(content)]
    records: dict[str, list[bytes]] = {}
    links: list[tuple[str, tuple[str, ...]]] = []
    upstream: dict[str, tuple[str, ...]] = {}
    for feed in feeds:
        for name, data in feed.records.items():
            records.setdefault(name, []).append(data)
            record = decode_record(data)
            if record.aliases:
                links.append((name, record.aliases))
            if record.upstream:
                upstream[name] = tuple(dict.fromkeys((*upstream.get(name, ()), *record.upstream)))
    others, closed = group_aliases(links), close_upstream(upstream)
    meta = {"claims": _write_claims(connection, content, others, closed), **_write_details(connection, records)}
    scores: dict[int, Scores] = {}
    exploited: dict[str, Exploited] = {}
    ended: dict[str, dict[str, str]] = {}
    for feed in feeds:
        scores.update(feed.epss)
        exploited.update(feed.exploited)
        for distribution, days in feed.ended.items():
            ended.setdefault(distribution, {}).update(days)
    plain = Packing()
    connection.executemany(
        "INSERT INTO epss VALUES (?, ?)", ((block, plain.pack(_columns(scores[block]))) for block in sorted(scores))
    )
    meta["exploited"], meta["ended"] = plain.pack(encode(exploited)), plain.pack(encode(ended))
    connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
    connection.executemany(
        "INSERT INTO feed VALUES (?, ?)", ((name, encode(state)) for name, state in sorted(content.states.items()))
    )


def _ordered(content: DatabaseContent) -> list[str]:
    """The names of the feeds in the order of the catalogue: the same data makes the same database."""
    known = [name for name in FEEDS if name in content.feeds]
    return [*known, *sorted(set(content.feeds) - set(known))]


def _columns(scores: Scores) -> bytes:
    """Encode the columns, sorted by number; the later row of a duplicate number wins."""
    rows = {number: place for place, number in enumerate(scores.numbers)}
    ordered = sorted(rows)
    return encode(
        (
            array("H", ordered).tobytes(),
            array("I", [scores.scores[rows[number]] for number in ordered]).tobytes(),
            array("I", [scores.percentiles[rows[number]] for number in ordered]).tobytes(),
        )
    )


def _write_claims(
    connection: sqlite3.Connection,
    content: DatabaseContent,
    others: Mapping[str, tuple[str, ...]],
    closed: Mapping[str, tuple[str, ...]],
) -> bytes:
    """Write the claims with all names of each flaw; give their compression dictionary."""
    merged: dict[tuple[str, str], list[bytes]] = {}
    for feed in (content.feeds[name] for name in _ordered(content)):
        for place, claims in feed.claims.items():
            merged.setdefault(place, []).extend(claims)
    ecosystems = {place[0] for place in merged}
    # The ecosystem of a feed that was read is covered, even without a single record.
    divided = {name.partition(":")[0] for name in ecosystems}
    fed = {FEEDS[name].ecosystem for name in content.states if name in FEEDS and FEEDS[name].family == "osv"}
    ecosystems |= fed - divided
    numbers = {name: number for number, name in enumerate(sorted(ecosystems), 1)}
    connection.executemany("INSERT INTO ecosystem VALUES (?, ?)", ((number, name) for name, number in numbers.items()))

    def rows(places: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str, bytes]]:
        for place in places:
            claims = (_complete(decode_claim(data), others, closed) for data in dict.fromkeys(merged[place]))
            yield numbers[place[0]], place[1], encode(tuple(claims))

    places = sorted(merged)
    step = max(1, len(places) // SAMPLES)
    dictionary = _train_dictionary([data[:4096] for _, _, data in rows(places[::step])])
    pack = Packing(dictionary).pack
    connection.executemany(
        "INSERT INTO claim VALUES (?, ?, ?)", ((number, name, pack(data)) for number, name, data in rows(places))
    )
    return dictionary


def _complete(claim: Claim, others: Mapping[str, tuple[str, ...]], closed: Mapping[str, tuple[str, ...]]) -> Claim:
    """Add every name of its flaw, and the transitive upstream links."""
    names = others.get(claim.advisory)
    upstream = closed.get(claim.advisory)
    if names is None and upstream is None:
        return claim
    return msgspec.structs.replace(
        claim,
        aliases=claim.aliases if names is None else tuple(dict.fromkeys((*claim.aliases, *names))),
        upstream=claim.upstream if upstream is None else upstream,
    )


def _train_dictionary(samples: list[bytes]) -> bytes:
    """Train a compression dictionary; b"" where the samples are too few."""
    if len(samples) < 500:
        return b""
    try:
        return zstd.train_dict(samples, DICTIONARY).dict_content
    except zstd.ZstdError:
        return b""


def _write_details(connection: sqlite3.Connection, records: Mapping[str, list[bytes]]) -> dict[str, bytes]:
    """Write the records in blocks, sorted by id; give their compression dictionary and the first id of each block."""
    ids = sorted(records)
    step = max(1, len(ids) // SAMPLES)
    dictionary = _train_dictionary([b"".join(records[name]) for name in ids[::step]])
    pack = Packing(dictionary).pack

    def blocks() -> Iterator[tuple[int, bytes]]:
        for number, begin in enumerate(range(0, len(ids), BLOCK), 1):
            block = {name: tuple(map(msgspec.Raw, records[name])) for name in ids[begin : begin + BLOCK]}
            yield number, pack(encode(block))

    connection.executemany("INSERT INTO detail VALUES (?, ?)", blocks())
    return {"details": dictionary, "firsts": Packing().pack(encode(ids[::BLOCK]))}
