"""The stamp after the last page of a database, and opening databases with a valid stamp."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import struct
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, assert_never
from urllib.parse import quote

from zlib_ng.zlib_ng import crc32

from sealock.errors import DatabaseError, reason_of
from sealock.vulnerabilities.database.location import refuse_foreign
from sealock.vulnerabilities.records import APPLICATION, SCHEMA, TABLES, damaged
from sealock.vulnerabilities.store import AdvisoryStore

_MAGIC: Final = b"sealock stamp 1\n"
_STAMP: Final = struct.Struct(">16sQI32s")
"""Magic, length before the stamp in bytes, CRC-32, SHA-256."""
_CHUNK: Final = 1 << 20
_HEADER: Final = 100
"""Bytes of SQLite's header. https://www.sqlite.org/fileformat2.html#the_database_header."""
MOST: Final = 8 << 30
"""Most bytes of a database."""


class NoDatabaseError(DatabaseError):
    """There is no database yet."""


class OlderError(DatabaseError):
    """The database is from an older sealock: it cannot be used, and may be replaced."""


class ForeignError(DatabaseError):
    """The database is another program's or a newer sealock's, and must not be replaced."""


def seal(path: str) -> None:
    """Append the stamp to a finished database. SQLite ignores bytes after the pages that its header counts."""
    with open(path, "r+b") as file:
        size = os.fstat(file.fileno()).st_size
        crc, digest = _sums(_parts(file.fileno(), size), strong=True)
        file.seek(size)
        file.write(_STAMP.pack(_MAGIC, size, crc, digest))


def unseal(path: str) -> None:
    """Remove the stamp, before a change."""
    os.truncate(path, os.stat(path).st_size - _STAMP.size)


def stamped(path: str) -> str:
    """The SHA-256 of a database, in hexadecimal, as its stamp states it; "" where there is no database."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, size - _STAMP.size))
            magic, _, _, digest = _STAMP.unpack(file.read(_STAMP.size))
    except (OSError, struct.error):
        return ""
    return digest.hex() if magic == _MAGIC else ""


def opened(path: str, *, thorough: bool = False, quick: bool = False) -> AdvisoryStore:
    """Open a database; DatabaseError with what to do where it is missing, damaged, or of another version.

    The CRC-32 of all bytes is checked, the SHA-256 too where `thorough`; with `quick` neither is, for one entry whose
    own shape shows whether it is sound.
    """
    refuse_foreign(path)
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        msg = "there is no advisory database yet; `sealock db update` builds one"
        raise NoDatabaseError(msg) from None
    except OSError as error:
        msg = f"the advisory database {path} cannot be opened: {reason_of(error)}"
        raise DatabaseError(msg) from None
    try:
        _check(handle, path, thorough=thorough, quick=quick)
    except OSError as error:
        msg = f"the advisory database {path} cannot be read: {reason_of(error)}"
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
    """Say why a downloaded file is not a database that this sealock reads, "" where it is one.

    It checks the SHA-256, SQLite's pages, and that the tables are exactly ours.
    """
    with open(path, "rb") as file:
        defect = _find_defect(file.fileno(), thorough=True)
    if defect:
        return _REASONS[defect]
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)
    try:
        connection.execute("PRAGMA trusted_schema=OFF")
        tables = [row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        if sorted(tables) != sorted(part for part in TABLES.replace("\n", "").split(";") if part):
            return "its tables are not those of an advisory database"
        checked = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        AdvisoryStore(connection).feeds()
    except (sqlite3.Error, DatabaseError):
        return _REASONS["damaged"]
    finally:
        connection.close()
    return "" if checked == "ok" else _REASONS["damaged"]


_Defect: TypeAlias = Literal["", "none", "foreign", "newer", "older", "damaged"]
_REASONS: Final[dict[_Defect, str]] = {
    "none": "it is not an advisory database, or only part of one",
    "foreign": "it is a database of another program",
    "newer": "it is from a newer sealock",
    "older": "it is from an older sealock",
    "damaged": "it is damaged: its bytes do not match its stamp",
}


def _check(handle: int, path: str, *, thorough: bool, quick: bool) -> None:
    """Refuse a defective local database, with what to do."""
    defect = _find_defect(handle, thorough=thorough, quick=quick)
    match defect:
        case "":
            return
        case "none":
            fix = "`sealock db clear` and `sealock db update` rebuild it"
            msg = f"{path} is not an advisory database, or only part of one; {fix}"
            raise DatabaseError(msg)
        case "foreign":
            msg = f"{path} is a database of another program; move it away, or set SEALOCK_DB_DIR to another directory"
            raise ForeignError(msg)
        case "newer":
            msg = (
                f"the advisory database is from a newer sealock (shape {_shape(handle)}, not {SCHEMA}); use that one,"
                " clear it with `sealock db clear`, or set SEALOCK_DB_DIR to another directory"
            )
            raise ForeignError(msg)
        case "older":
            shape = _shape(handle)
            msg = f"the advisory database is from an older sealock (shape {shape}): `sealock db update` rebuilds it"
            raise OlderError(msg)
        case "damaged":
            raise damaged()
        case _:
            assert_never(defect)


def _shape(handle: int) -> int:
    return int.from_bytes(os.pread(handle, 4, 60), "big")


def _find_defect(handle: int, *, thorough: bool, quick: bool = False) -> _Defect:
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
    if not quick and _sums(_parts(handle, length), strong=thorough) != (crc, digest if thorough else b""):
        return "damaged"
    return ""


def _parts(handle: int, size: int) -> Iterator[bytes]:
    at = 0
    while at < size and (part := os.pread(handle, min(_CHUNK, size - at), at)):
        yield part
        at += len(part)


def _sums(parts: Iterator[bytes], *, strong: bool) -> tuple[int, bytes]:
    crc, digest = 0, hashlib.sha256()
    for part in parts:
        crc = crc32(part, crc)
        if strong:
            digest.update(part)
    return crc, digest.digest() if strong else b""
