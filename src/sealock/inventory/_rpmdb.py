"""The three databases in which rpm keeps headers: SQLite, its own ndb, and Berkeley DB's hash. All are hostile here.

Each reader yields the blob of a header, or a BrokenFileError in place of a broken one. None yields more
bytes than the file has: chains and indexes that lead to the same place twice are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import calcsize, error, unpack_from
from typing import Final
from zlib import adler32

from sealock.inventory.analyzer import BrokenFileError
from sealock.inventory.stanzas import MOST_STANZAS

SQLITE_MAGIC: Final = b"SQLite format 3\0"
NDB_MAGIC: Final = b"RpmP"
BDB_HASH_MAGIC: Final = 0x061561
STEPS: Final = 10_000
"""Virtual machine instructions between two looks at how far a query is."""
MOST_LOOKS: Final = 1_000
_BUCKETS: Final = frozenset({2, 13})
"""The kinds of pages of Berkeley DB with items, the second in order."""
_VALUE: Final = 7
"""The kind of the pages of values that have their own."""
_OTHERS: Final = frozenset({0, _VALUE, 8})
"""Those, free pages, and pages that describe a database."""


def blobs(data: bytes) -> Iterator[bytes | BrokenFileError]:
    """Yield the headers of any of the three formats, distinguished by their first bytes."""
    if data.startswith(SQLITE_MAGIC):
        headers: Iterator[bytes | BrokenFileError] = _sqlite(data)
    elif data.startswith(NDB_MAGIC):
        headers = _ndb(data)
    elif data[12:16] in {BDB_HASH_MAGIC.to_bytes(4, "little"), BDB_HASH_MAGIC.to_bytes(4, "big")}:
        headers = _berkeley(data)
    else:
        msg = "it is none of rpm's databases: SQLite, ndb, or a hash of Berkeley DB"
        raise BrokenFileError(msg)
    left = len(data)
    for count, blob in enumerate(headers):
        left -= 16 + (len(blob) if isinstance(blob, bytes) else 0)
        if left < 0 or count > MOST_STANZAS:
            msg = "its headers claim more bytes than the file has, or are far too many"
            raise BrokenFileError(msg)
        yield blob


def _sqlite(data: bytes) -> Iterator[bytes]:
    """Read the column of blobs. A schema that would compute something is refused: it may only be looked up."""
    import sqlite3  # noqa: PLC0415  most images have no such database

    # A database in write-ahead mode cannot be opened from memory: say that it is in the other mode.
    plain = data[:18] + b"\1\1" + data[20:]
    allowed = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_TRANSACTION}
    looks = iter(range(MOST_LOOKS))
    base = sqlite3.connect(":memory:")
    try:
        base.deserialize(plain)
        base.set_authorizer(
            lambda action, name, *_: (
                sqlite3.SQLITE_OK
                if action in allowed or (action == sqlite3.SQLITE_PRAGMA and name == "quick_check")
                else sqlite3.SQLITE_DENY
            )
        )
        base.set_progress_handler(lambda: next(looks, None) is None, STEPS)
        base.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, max(len(data), 1 << 16))
        kind = base.execute("SELECT type FROM sqlite_master WHERE name = 'Packages'").fetchone()
        if kind != ("table",):
            msg = "it has no table of packages"
            raise BrokenFileError(msg)
        for (blob,) in base.execute("SELECT blob FROM Packages"):
            yield blob if isinstance(blob, bytes) else b""
        (check,) = base.execute("PRAGMA quick_check('Packages')").fetchone()
        if check != "ok":
            msg = f"its table of packages is damaged: {ascii(str(check))[1:200].strip()}"
            raise BrokenFileError(msg)
        if len(data) % _page_size(data):
            msg = "its last page is cut off"
            raise BrokenFileError(msg)
    except (sqlite3.Error, ValueError, OverflowError, MemoryError) as failure:
        # ValueError: the message quotes bytes of the file that are not UTF-8.
        reason = (
            ascii(str(failure))[1:200].rstrip("'") if isinstance(failure, sqlite3.Error) else "its schema is damaged"
        )
        msg = f"SQLite cannot read it: {reason}"
        raise BrokenFileError(msg) from failure
    finally:
        base.close()


def _page_size(data: bytes) -> int:
    """The bytes of a page of SQLite, which it has read by then: 1 stands for 65536."""
    size = int.from_bytes(data[16:18], "big")
    return size if size > 1 else 65536


def _ndb(data: bytes) -> Iterator[bytes | BrokenFileError]:
    """Read rpm's own database: pages of slots, each naming blocks of 16 bytes that hold one header. Little-endian."""
    try:
        version, pages = unpack_from("<I4xI", data, 4)
    except error:
        msg = "its head is cut off"
        raise BrokenFileError(msg) from None
    end = pages * 4096
    if version != 0 or not pages or end > len(data):
        msg = f"ndb version {version} with {pages} pages of slots, in a file of {len(data)} bytes"
        raise BrokenFileError(msg)
    named: list[tuple[int, int]] = []
    for offset in range(32, end, 16):
        magic, index, block, count = unpack_from("<4sIII", data, offset)
        if magic != b"Slot":
            msg = f"slot {offset // 16} has no mark"
            yield BrokenFileError(msg)
        elif index or block or count:
            named.append((block * 16, count * 16))
            yield _ndb_blob(data, index, block * 16, count * 16)
    if lost := _count_lost(data, end, named):
        yield BrokenFileError(f"no slot names {lost} of its headers")


def _count_lost(data: bytes, end: int, named: list[tuple[int, int]]) -> int:
    """How many blobs lie between those that slots name: rpm overwrites those that it removes."""
    lost = 0
    for start, size in [*sorted(named), (len(data), 0)]:
        at = data.find(b"BlbS", end, start)
        while at >= 0:
            lost += at % 16 == 0
            at = data.find(b"BlbS", at + 4, start)
        end = max(end, start + size)
    return lost


def _ndb_blob(data: bytes, index: int, start: int, size: int) -> bytes | BrokenFileError:
    """Read a blob between its head (16 bytes) and its tail (12 bytes), and verify its checksum as rpm does."""
    try:
        magic, itself, length = unpack_from("<4sI4xI", data, start)
        total = (16 + length + 12 + 15) // 16 * 16
        if magic == b"BlbS" and itself == index and total == size:
            checksum, again, mark = unpack_from("<II4s", data, start + size - 12)
            if (again, mark) == (length, b"BlbE") and checksum == adler32(memoryview(data)[start : start + size - 12]):
                return data[start + 16 : start + 16 + length]
    except error:
        pass
    return BrokenFileError(f"package {index} is damaged")


def _berkeley(data: bytes) -> Iterator[bytes | BrokenFileError]:
    """Read a Berkeley DB hash by its pages, in any order: their items are the keys and values of all buckets."""
    order = "<" if data[12:16] == BDB_HASH_MAGIC.to_bytes(4, "little") else ">"
    size = _number(f"{order}I", data, 20)
    if size < 512 or size > 65536 or size & (size - 1) or data[24:25] != b"\0":
        msg = f"pages of {size} bytes, or encrypted ones, cannot be read"
        raise BrokenFileError(msg)
    if len(data) % size:
        yield BrokenFileError("its last page is cut off")
    if len(data) < (_number(f"{order}I", data, 32) + 1) * size:
        yield BrokenFileError("its last pages are missing")
    used: set[int] = set()
    for start in range(size, len(data) - size + 1, size):
        kind = data[start + 25]
        if kind in _BUCKETS:
            yield from _items(data, start, size, order, used)
        elif kind not in _OTHERS:
            yield BrokenFileError(f"page {start // size} is of unknown kind {kind}")
    # A value's first page names none before it.
    firsts = {
        start // size
        for start in range(size, len(data) - size + 1, size)
        if data[start + 25] == _VALUE and data[start + 12 : start + 16] == bytes(4)
    }
    if lost := len(firsts - used):
        yield BrokenFileError(f"no bucket names {lost} of its values")


def _items(data: bytes, start: int, size: int, order: str, used: set[int]) -> Iterator[bytes | BrokenFileError]:
    """Yield the values of one page. Items are filled in from the page's end; every second one is a value."""
    count = min(_number(f"{order}H", data, start + 20), (size - 26) // 2)
    places = unpack_from(f"{order}{count}H", data, start + 26)
    # Of pages of 65536 bytes the end has no room in the two bytes that say where the items begin: 0 stands for it.
    if count % 2 or min(places, default=size) % 65536 != _number(f"{order}H", data, start + 22):
        yield BrokenFileError(f"page {start // size} does not have {count} items")
    for key in range(0, count - 1, 2):
        low, high = places[key + 1], places[key]
        item = data[start + low : start + min(high, size)]
        if item[:1] == b"\3" and len(item) >= 12:
            first, length = unpack_from(f"{order}II", item, 4)
            yield _chain(data, (first, length), size, order, used)
        elif item[:1] != b"\1":
            yield BrokenFileError(f"page {start // size} holds an item of unknown kind")
        elif len(item) > 5:
            # Shorter ones are the counter under key 0.
            yield item[1:]


def _chain(data: bytes, value: tuple[int, int], size: int, order: str, used: set[int]) -> bytes | BrokenFileError:
    """Put together a value that lies on pages of its own, each naming the next."""
    page, length = value
    parts: list[bytes] = []
    while page and length > 0:
        start = page * size
        if page in used or start + size > len(data) or data[start + 25] != _VALUE:
            return BrokenFileError(f"page {page} is not the next part of a value")
        used.add(page)
        filled = min(_number(f"{order}H", data, start + 22), size - 26, length)
        parts.append(data[start + 26 : start + 26 + filled])
        length -= filled
        page = _number(f"{order}I", data, start + 16)
    return BrokenFileError(f"a value lacks {length} bytes") if length else b"".join(parts)


def _number(form: str, data: bytes, offset: int) -> int:
    if offset + calcsize(form) > len(data):
        msg = "its first page is cut off"
        raise BrokenFileError(msg)
    number: int = unpack_from(form, data, offset)[0]
    return number
