"""The shapes in which the database keeps things, and how they are made small."""

from __future__ import annotations

from typing import Final, cast

import msgspec
from msgspec import Struct

from sealock.errors import DatabaseError
from sealock.model.severity import Severity
from sealock.vulnerabilities.claim import Claim

SCHEMA: Final = 2
"""The version of the database's shape; another one is not read."""
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
"""Records in one block of details: with more the file gets a little smaller, and expanding them takes longer."""
PLAIN: Final = 64 << 20
"""Bytes that one compressed value may give."""


class Rated(Struct, frozen=True, array_like=True, gc=False):
    """A Rating, as it is stored."""

    source: str
    severity: Severity | None = None
    vector: str = ""
    score: float | None = None


class AdvisoryRecord(Struct, frozen=True, array_like=True, gc=False):
    """What one feed tells of one flaw, whatever package it is in; aliases and upstream as the feed has them."""

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
    """How a file was when it was read, so that it is known when it changes."""

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
    """When its data was last read."""
    checked: int
    """When it was last known to be what the source has."""
    date: str = ""
    """The day that the feed gives itself, or its newest record, RFC 3339."""
    files: tuple[FileState, ...] = ()
    records: int = 0
    withdrawn: int = 0
    broken: int = 0
    unreadable: int = 0
    """Versions that could not be read."""
    examples: tuple[str, ...] = ()
    """Some of what was broken, and why."""


encode: Final = msgspec.msgpack.Encoder().encode
decode_claim: Final = msgspec.msgpack.Decoder(Claim).decode
decode_claims: Final = msgspec.msgpack.Decoder(tuple[Claim, ...]).decode
decode_record: Final = msgspec.msgpack.Decoder(AdvisoryRecord).decode
decode_records: Final = msgspec.msgpack.Decoder(tuple[AdvisoryRecord, ...]).decode
decode_block: Final = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
decode_feed: Final = msgspec.msgpack.Decoder(FeedState).decode


class Packing:
    """Compresses and expands values with what they have in common, a dictionary of at most 32 KiB; b"" for none.

    Deflate, since values are small: zlib-ng expands 1 KB in 3 µs, zstd in 10. The file's stamp guards against damage.
    """

    LEVEL: Final = 6
    """At 9 nothing gets smaller, and building takes half as long again."""

    def __init__(self, dictionary: bytes = b"") -> None:
        from zlib_ng import zlib_ng  # noqa: PLC0415  3 ms, where a database is at hand alone

        self._zlib, self._dictionary = zlib_ng, dictionary
        self._error = cast("type[Exception]", zlib_ng.error)

    def pack(self, data: bytes) -> bytes:
        """Compress."""
        packer = self._zlib.compressobj(self.LEVEL, self._zlib.DEFLATED, -15, 9, 0, self._dictionary)
        return packer.compress(data) + packer.flush()

    def unpack(self, data: bytes) -> bytes:
        """Expand; DatabaseError where that fails or gives too much."""
        expander = self._zlib.decompressobj(-15, self._dictionary)
        try:
            plain = expander.decompress(data, PLAIN)
        except self._error:
            raise damaged() from None
        if not expander.eof or expander.unused_data:
            raise damaged()
        return plain


def damaged() -> DatabaseError:
    """What to say of a database that does not hold what it should."""
    return DatabaseError("the advisory database is damaged; `sealock db update` builds it anew")
