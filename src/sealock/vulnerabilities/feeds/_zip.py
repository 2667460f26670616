"""Zip archives of records, a member at a time, within bounds; nothing of one is ever written to a path of its own."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final

from sealock.vulnerabilities.feeds.feed import RECORD, BrokenRecord, Damaged

MEMBERS: Final = 3_000_000
PLAIN: Final = 32 << 30
"""Bytes that all members together may give."""
RATIO: Final = 150
"""Plain bytes for each stored one, of the whole archive; JSON of advisories comes to 10 at the most."""
CALM: Final = 64 << 20
"""Plain bytes below which no ratio is suspicious."""


def members(file: IO[bytes], size: int) -> Iterator[tuple[str, bytes] | BrokenRecord]:
    """Yield the name and bytes of each JSON member. `size` is that of the archive, in bytes."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        msg = f"it is no zip archive, or not a whole one ({error})"
        raise Damaged(msg) from None
    entries = archive.infolist()
    if len(entries) > MEMBERS:
        msg = f"it has {len(entries)} members; at most {MEMBERS} are read"
        raise Damaged(msg)
    claimed = sum(entry.file_size for entry in entries)
    if claimed > PLAIN or claimed > max(CALM, RATIO * size):
        msg = f"its {size} bytes claim to hold {claimed}, as a zip bomb does"
        raise Damaged(msg)
    # Members that share their stored bytes are how a small bomb holds much.
    stored = sum(entry.compress_size for entry in entries)
    if stored > size:
        msg = "its members overlap, as a zip bomb's do"
        raise Damaged(msg)
    for entry in entries:
        if not entry.is_dir() and entry.filename.lower().endswith(".json"):
            yield _member(archive, entry)


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[str, bytes] | BrokenRecord:
    name = entry.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        return BrokenRecord(name, "the name of its file leads out of the archive")
    if entry.file_size > RECORD:
        return BrokenRecord(name, f"it has {entry.file_size} bytes; at most {RECORD} are read")
    try:
        return name, archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, NotImplementedError) as error:
        return BrokenRecord(name, f"it cannot be unpacked ({error})")
