"""The stored shapes of the database, and their compression."""

from __future__ import annotations

from array import array
from typing import Final, cast

import msgspec
from msgspec import Struct
from zlib_ng import zlib_ng

from sealock.errors import DatabaseError
from sealock.model.severity import Severity
from sealock.vulnerabilities.claim import Claim

SCHEMA: Final = 3
"""The version of the database's shape; other versions are not read."""
APPLICATION: Final = 0x5EA10C4B
"""SQLite's application id of the file."""
TABLES: Final = """\
CREATE TABLE meta (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE feed (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE ecosystem (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE claim (ecosystem INTEGER, name TEXT, data BLOB NOT NULL, PRIMARY KEY (ecosystem, name)) WITHOUT ROWID;
CREATE TABLE detail (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
CREATE TABLE epss (block INTEGER PRIMARY KEY, data BLOB NOT NULL);
"""
BLOCK: Final = 2
"""Records per block of details: more make the file a little smaller and expanding slower."""
CVES_PER_BLOCK: Final = 250
"""CVE numbers per block of EPSS scores."""
PLAIN: Final = 64 << 20
"""Most bytes that one compressed value may expand to."""


class Rated(Struct, frozen=True, array_like=True, gc=False):
    """A Rating, as it is stored."""

    source: str
    severity: Severity | None = None
    vector: str = ""
    score: float | None = None


class AdvisoryRecord(Struct, frozen=True, array_like=True, gc=False):
    """What one feed says of one flaw, for all packages; aliases and upstream as the feed has them."""

    feed: str
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    summary: str = ""
    details: str = ""
    ratings: tuple[Rated, ...] = ()
    references: tuple[str, ...] = ()
    published: str = ""
    modified: str = ""


class FileState(Struct, frozen=True, array_like=True):
    """The state of a fetched file, to detect changes."""

    url: str
    etag: str = ""
    last_modified: str = ""
    size: int = 0
    digest: str = ""
    """SHA-256 in hexadecimal."""


class FeedState(Struct, frozen=True, array_like=True):
    """One feed in the database. Times are seconds since 1970."""

    name: str
    title: str
    fetched: int
    """When its data was last fetched."""
    checked: int
    """When it was last known to be current."""
    date: str = ""
    """The date of the feed, or of its newest record, RFC 3339."""
    files: tuple[FileState, ...] = ()
    records: int = 0
    withdrawn: int = 0
    broken: int = 0
    unreadable: int = 0
    """Versions that could not be parsed."""
    examples: tuple[str, ...] = ()
    """Some broken records, and why."""


class Scores(Struct):
    """The EPSS scores of one block, in columns: the number within the block; both figures in units of 1/100,000."""

    numbers: array[int]
    scores: array[int]
    percentiles: array[int]


def block_of(year: int, number: int) -> tuple[int, int]:
    """The block of a CVE's score, and the CVE's number within it."""
    return year * 1_000_000 + number // CVES_PER_BLOCK, number % CVES_PER_BLOCK


encode: Final = msgspec.msgpack.Encoder().encode
decode_claim: Final = msgspec.msgpack.Decoder(Claim).decode
decode_claims: Final = msgspec.msgpack.Decoder(tuple[Claim, ...]).decode
decode_record: Final = msgspec.msgpack.Decoder(AdvisoryRecord).decode
decode_records: Final = msgspec.msgpack.Decoder(tuple[AdvisoryRecord, ...]).decode
decode_block: Final = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
decode_feed: Final = msgspec.msgpack.Decoder(FeedState).decode


class Packing:
    """Compresses and expands values with a shared dictionary of at most 32 KiB; b"" for none.

    Deflate, since values are small: zlib-ng expands 1 KB in 3 µs, zstd in 10. The file's stamp detects damage.
    """

    LEVEL: Final = 6
    """At 9 nothing gets smaller, and building takes 1.5 times as long."""

    def __init__(self, dictionary: bytes = b"") -> None:
        self._dictionary = dictionary
        self._error = cast("type[Exception]", zlib_ng.error)

    def pack(self, data: bytes) -> bytes:
        """Compress."""
        packer = zlib_ng.compressobj(self.LEVEL, zlib_ng.DEFLATED, -15, 9, 0, self._dictionary)
        return packer.compress(data) + packer.flush()

    def unpack(self, data: bytes) -> bytes:
        """Expand; DatabaseError where the data is damaged or too large."""
        expander = zlib_ng.decompressobj(-15, self._dictionary)
        try:
            plain = expander.decompress(data, PLAIN)
        except self._error:
            raise damaged() from None
        if not expander.eof or expander.unused_data:
            raise damaged()
        return plain


def damaged() -> DatabaseError:
    """The error for a damaged database."""
    return DatabaseError("the advisory database is damaged; `sealock db update` rebuilds it")
