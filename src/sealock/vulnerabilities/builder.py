"""Writes the database: what feeds told, brought together, into the tables of one new file."""

from __future__ import annotations

import sqlite3
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from sealock.model.advisory import Exploited
from sealock.vulnerabilities.aliases import groups, passed_on
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
    decode_claim,
    decode_record,
    encode,
)
from sealock.vulnerabilities.scores import Scores

SAMPLES: Final = 6000
DICTIONARY: Final = 32 << 10
"""Bytes that deflate looks back."""


class DatabaseContent(Struct):
    """All that goes into a database: each feed's state and data."""

    states: dict[str, FeedState]
    gathered: dict[str, CollectedFeed]


def build(path: str, content: DatabaseContent) -> None:
    """Write a new database to a path where there is none."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        # Nobody reads the file before it is whole; what is cut short is thrown away.
        connection.executescript(
            "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16384;"
            f"PRAGMA application_id={APPLICATION}; PRAGMA user_version={SCHEMA}; BEGIN; {TABLES}"
        )
        _write(connection, content)
        connection.execute("COMMIT")
    finally:
        connection.close()


def _write(connection: sqlite3.Connection, content: DatabaseContent) -> None:
    everything = [content.gathered[name] for name in _ordered(content)]
    records: dict[str, list[bytes]] = {}
    links: list[tuple[str, tuple[str, ...]]] = []
    upstream: dict[str, tuple[str, ...]] = {}
    for gathered in everything:
        for name, data in gathered.records.items():
            records.setdefault(name, []).append(data)
            record = decode_record(data)
            if record.aliases:
                links.append((name, record.aliases))
            if record.upstream:
                upstream[name] = tuple(dict.fromkeys((*upstream.get(name, ()), *record.upstream)))
    others, onward = groups(links), passed_on(upstream)
    meta = {"claims": _claims(connection, content, others, onward), **_details(connection, records)}
    scores: dict[int, Scores] = {}
    exploited: dict[str, Exploited] = {}
    ended: dict[str, dict[str, str]] = {}
    for gathered in everything:
        scores.update(gathered.epss)
        exploited.update(gathered.exploited)
        for distribution, days in gathered.ended.items():
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
    """Feeds in the catalogue's order, so that the same data makes the same database."""
    known = [name for name in FEEDS if name in content.gathered]
    return [*known, *sorted(set(content.gathered) - set(known))]


def _columns(scores: Scores) -> bytes:
    """Columns sorted by number; of a number that comes twice, the later row."""
    rows = {number: place for place, number in enumerate(scores.numbers)}
    ordered = sorted(rows)
    return encode(
        (
            array("H", ordered).tobytes(),
            array("I", [scores.scores[rows[number]] for number in ordered]).tobytes(),
            array("I", [scores.percentiles[rows[number]] for number in ordered]).tobytes(),
        )
    )


def _claims(
    connection: sqlite3.Connection,
    content: DatabaseContent,
    others: Mapping[str, tuple[str, ...]],
    onward: Mapping[str, tuple[str, ...]],
) -> bytes:
    """Write claims, with all names of each flaw; give the dictionary that they were packed with."""
    merged: dict[tuple[str, str], list[bytes]] = {}
    for gathered in (content.gathered[name] for name in _ordered(content)):
        for place, claims in gathered.claims.items():
            merged.setdefault(place, []).extend(claims)
    ecosystems = {place[0] for place in merged}
    # A language that has been looked at is known, even without a single record.
    divided = {name.partition(":")[0] for name in ecosystems}
    fed = {FEEDS[name].ecosystem for name in content.states if name in FEEDS and FEEDS[name].family == "osv"}
    ecosystems |= fed - divided
    numbers = {name: number for number, name in enumerate(sorted(ecosystems), 1)}
    connection.executemany("INSERT INTO ecosystem VALUES (?, ?)", ((number, name) for name, number in numbers.items()))

    def rows(places: Iterable[tuple[str, str]]) -> Iterator[tuple[int, str, bytes]]:
        for place in places:
            claims = (_completed(decode_claim(data), others, onward) for data in dict.fromkeys(merged[place]))
            yield numbers[place[0]], place[1], encode(tuple(claims))

    places = sorted(merged)
    step = max(1, len(places) // SAMPLES)
    dictionary = _common([data[:4096] for _, _, data in rows(places[::step])])
    pack = Packing(dictionary).pack
    connection.executemany(
        "INSERT INTO claim VALUES (?, ?, ?)", ((number, name, pack(data)) for number, name, data in rows(places))
    )
    return dictionary


def _completed(claim: Claim, others: Mapping[str, tuple[str, ...]], onward: Mapping[str, tuple[str, ...]]) -> Claim:
    """The claim with every name of its flaw, and with all that it passes on."""
    names = others.get(claim.advisory)
    flaws = onward.get(claim.advisory)
    if names is None and flaws is None:
        return claim
    return msgspec.structs.replace(
        claim,
        aliases=claim.aliases if names is None else tuple(dict.fromkeys((*claim.aliases, *names))),
        upstream=claim.upstream if flaws is None else flaws,
    )


def _common(samples: list[bytes]) -> bytes:
    """What samples have in common, as a dictionary to pack with; b"" where they are too few to tell."""
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415  only in building
    else:
        from backports import zstd  # noqa: PLC0415  only in building
    if len(samples) < 500:
        return b""
    try:
        return zstd.train_dict(samples, DICTIONARY).dict_content
    except zstd.ZstdError:
        return b""


def _details(connection: sqlite3.Connection, records: Mapping[str, list[bytes]]) -> dict[str, bytes]:
    """Write records by blocks of some that follow one another; give what finds and expands them."""
    ids = sorted(records)
    step = max(1, len(ids) // SAMPLES)
    dictionary = _common([b"".join(records[id_]) for id_ in ids[::step]])
    pack = Packing(dictionary).pack

    def blocks() -> Iterator[tuple[int, bytes]]:
        for number, begin in enumerate(range(0, len(ids), BLOCK), 1):
            held = {id_: tuple(map(msgspec.Raw, records[id_])) for id_ in ids[begin : begin + BLOCK]}
            yield number, pack(encode(held))

    connection.executemany("INSERT INTO detail VALUES (?, ?)", blocks())
    return {"details": dictionary, "firsts": Packing().pack(encode(ids[::BLOCK]))}
