"""Writes rpm headers, and databases around them, by the formats' descriptions: for what the real tools do not write."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from struct import pack
from zlib import adler32

Value = str | Sequence[str] | int | Sequence[int]
NAMES = {"name": 1000, "version": 1001, "release": 1002, "vendor": 1011, "license": 1014, "arch": 1022, "source": 1044}


def package(name: str = "hello", **more: str) -> dict[int, Value]:
    """The tags of a small package."""
    texts = {"name": name, "version": "1.2", "release": "3", "arch": "x86_64"} | more
    return {NAMES[key]: text for key, text in texts.items()}


def header(tags: Mapping[int, Value]) -> bytes:
    """A header: strings are of type 6, lists of strings 8, numbers 4."""
    index, data = b"", b""
    for tag, value in tags.items():
        match value:
            case str():
                kind, count, body = 6, 1, value.encode() + b"\0"
            case int():
                kind, count, body = 4, 1, pack(">I", value)
            case _ if value and isinstance(value[0], str):
                kind, count, body = 8, len(value), b"".join(str(one).encode() + b"\0" for one in value)
            case _:
                kind, count, body = 4, len(value), b"".join(pack(">I", one) for one in value)
        data += b"\0" * (-len(data) % 4)
        index += pack(">IIII", tag, kind, len(data), count)
        data += body
    return pack(">II", len(tags), len(data)) + index + data


def ndb(blobs: Sequence[bytes]) -> bytes:
    """rpm's own format, one page of slots."""
    slots, body = b"", b""
    for number, blob in enumerate(blobs, 1):
        head = pack("<4sIII", b"BlbS", number, 1, len(blob))
        padded = head + blob + b"\0" * (-(len(blob) + 12) % 16)
        whole = padded + pack("<II4s", adler32(padded), len(blob), b"BlbE")
        slots += pack("<4sIII", b"Slot", number, (4096 + len(body)) // 16, len(whole) // 16)
        body += whole
    head = pack("<4sIIII12x", b"RpmP", 0, 1, 1, len(blobs) + 1)
    empty = pack("<4s12x", b"Slot") * (254 - len(blobs))
    return head + slots + empty + body


def berkeley(blobs: Sequence[bytes], order: str = "<", size: int = 512) -> bytes:
    """A hash of Berkeley DB: its first page, one page of a bucket, then the pages of its values."""
    rest: list[bytes] = []
    items = [b"\1" + pack(f"{order}I", 0), b"\1" + pack(f"{order}I", len(blobs))]
    for number, blob in enumerate(blobs, 1):
        first = 2 + len(rest)
        parts = [blob[at : at + size - 26] for at in range(0, len(blob), size - 26)]
        for place, part in enumerate(parts):
            page = first + place
            following = page + 1 if place + 1 < len(parts) else 0
            before = page - 1 if place else 0
            head = pack(f"{order}8xIIIHHBB", page, before, following, 1, len(part), 0, 7)
            rest.append((head + part).ljust(size, b"\0"))
        items += [b"\1" + pack(f"{order}I", number), b"\3\0\0\0" + pack(f"{order}II", first, len(blob))]
    places: list[int] = []
    body = b""
    for item in items:
        body = item + body
        places.append(size - len(body))
    bucket = pack(f"{order}8xIIIHHBB", 1, 0, 0, len(items), places[-1], 0, 13)
    bucket += pack(f"{order}{len(places)}H", *places)
    meta = pack(f"{order}8xIIIIBB6xI", 0, 0x061561, 9, size, 0, 8, 1 + len(rest))
    return meta.ljust(size, b"\0") + bucket.ljust(size - len(body), b"\0") + body + b"".join(rest)


def sqlite(blobs: Sequence[bytes], *statements: str, table: str = "Packages") -> bytes:
    """A database with rpm's table of packages, and what other statements make of it."""
    base = sqlite3.connect(":memory:")
    try:
        base.execute(f"CREATE TABLE {table} (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)")
        base.executemany(f"INSERT INTO {table} (blob) VALUES (?)", [(blob,) for blob in blobs])  # noqa: S608  a test's own name
        for statement in statements:
            base.execute(statement)
        base.commit()
        return base.serialize()
    finally:
        base.close()
