"""The stamp behind the last page of a database, and opening what bears a right one."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import struct
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, assert_never
from urllib.parse import quote

from sealock.errors import DatabaseError
from sealock.vulnerabilities.records import APPLICATION, SCHEMA, TABLES, damaged
from sealock.vulnerabilities.store import AdvisoryStore

_MAGIC: Final = b"sealock stamp 1\n"
_STAMP: Final = struct.Struct(">16sQI32s")
"""Magic, bytes before the stamp, their CRC-32, their SHA-256."""
_CHUNK: Final = 1 << 20
_HEADER: Final = 100
"""Bytes of SQLite's header. https://www.sqlite.org/fileformat2.html#the_database_header."""
MOST: Final = 8 << 30
"""Bytes of the largest database that is opened."""


class NoDatabaseError(DatabaseError):
    """There is none yet."""


class OlderError(DatabaseError):
    """It is from an older sealock: what it holds cannot be used, and may be replaced."""


class ForeignError(DatabaseError):
    """It is another program's, or a newer sealock's, and is not to be replaced."""


def seal(path: str) -> None:
    """Put the stamp behind a finished database. SQLite does not look beyond the pages that its header counts."""
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        crc, digest = _sums(_parts(file.fileno(), size), strong=True)
        file.seek(size)
        file.write(_STAMP.pack(_MAGIC, size, crc, digest))


def unseal(path: str) -> None:
    """Take the stamp off, before something is changed."""
    os.truncate(path, os.stat(path).st_size - _STAMP.size)


def opened(path: str, *, thorough: bool = False) -> AdvisoryStore:
    """Open a database; DatabaseError where it is none, damaged, or of another version, with what to do.

    The quick sum over all its bytes is checked every time, the strong one too where `thorough`.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        msg = "there is no advisory database yet; `sealock db update` builds one"
        raise NoDatabaseError(msg) from None
    except OSError as error:
        msg = f"the advisory database {path} cannot be opened: {error.strerror or error}"
        raise DatabaseError(msg) from None
    try:
        _check(handle, path, thorough=thorough)
    except OSError as error:
        msg = f"the advisory database {path} cannot be read: {error.strerror or error}"
        raise DatabaseError(msg) from None
    finally:
        os.close(handle)
    try:
        connection = sqlite3.connect(
            f"file:{quote(path)}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA trusted_schema=OFF")
    except sqlite3.Error:
        raise damaged() from None
    return AdvisoryStore(connection)


def fault(path: str) -> str:
    """Say in a few words why a file is no database that this sealock reads, "" where it is one.

    For a file that came from elsewhere: every byte is summed, its tables must be ours to the letter, its pages whole.
    """
    with open(path, "rb") as file:
        wrong = _wrong(file.fileno(), thorough=True)
    if wrong:
        return _WORDS[wrong]
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        made = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        if sorted(made) != sorted(part for part in TABLES.replace("\n", "").split(";") if part):
            return "its tables are not those of an advisory database"
        checked = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        AdvisoryStore(connection).feeds()
    except (sqlite3.Error, DatabaseError):
        return _WORDS["damaged"]
    finally:
        connection.close()
    return "" if checked == "ok" else _WORDS["damaged"]


_Wrong: TypeAlias = Literal["", "none", "foreign", "newer", "older", "damaged"]
_WORDS: Final[dict[_Wrong, str]] = {
    "none": "it is no advisory database, or only part of one",
    "foreign": "it is a database of another program",
    "newer": "it is from a newer sealock",
    "older": "it is from an older sealock",
    "damaged": "it is damaged: its bytes are not those that were sealed",
}


def _check(handle: int, path: str, *, thorough: bool) -> None:
    """Refuse a database of this machine that is wrong, with what to do."""
    wrong = _wrong(handle, thorough=thorough)
    match wrong:
        case "":
            return
        case "none":
            fix = "`sealock db clear` and `sealock db update` mend that"
            msg = f"{path} is no advisory database, or only part of one; {fix}"
            raise DatabaseError(msg)
        case "foreign":
            msg = f"{path} is a database of another program; move it away, or set SEALOCK_DB_DIR to another folder"
            raise ForeignError(msg)
        case "newer":
            msg = (
                f"the advisory database is from a newer sealock (shape {_shape(handle)}, not {SCHEMA}); use that one,"
                " clear it with `sealock db clear`, or set SEALOCK_DB_DIR to another folder"
            )
            raise ForeignError(msg)
        case "older":
            shape = _shape(handle)
            msg = f"the advisory database is from an older sealock (shape {shape}): `sealock db update` builds it anew"
            raise OlderError(msg)
        case "damaged":
            raise damaged()
        case _:
            assert_never(wrong)


def _shape(handle: int) -> int:
    return int.from_bytes(os.pread(handle, 4, 60), "big")


def _wrong(handle: int, *, thorough: bool) -> _Wrong:
    size = os.fstat(handle).st_size
    header = os.pread(handle, _HEADER, 0)
    if len(header) < _HEADER or not header.startswith(b"SQLite format 3\0"):
        return "none"
    version, application = struct.unpack_from(">I", header, 60)[0], struct.unpack_from(">I", header, 68)[0]
    if application != APPLICATION:
        return "foreign"
    if version != SCHEMA:
        return "newer" if version > SCHEMA else "older"
    stamp = os.pread(handle, _STAMP.size, max(0, size - _STAMP.size))
    magic, length, crc, digest = _STAMP.unpack(stamp)
    if magic != _MAGIC or length != size - _STAMP.size or size > MOST:
        return "damaged"
    if _sums(_parts(handle, length), strong=thorough) != (crc, digest if thorough else b""):
        return "damaged"
    return ""


def _parts(handle: int, size: int) -> Iterator[bytes]:
    at = 0
    while at < size and (part := os.pread(handle, min(_CHUNK, size - at), at)):
        yield part
        at += len(part)


def _sums(parts: Iterator[bytes], *, strong: bool) -> tuple[int, bytes]:
    from zlib_ng.zlib_ng import crc32  # noqa: PLC0415  2 ms; nine times as fast as Python's own

    crc, digest = 0, hashlib.sha256()
    for part in parts:
        crc = crc32(part, crc)
        if strong:
            digest.update(part)
    return crc, digest.digest() if strong else b""
