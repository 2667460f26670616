"""Reads zip archives of records in memory, one member at a time, within bounds."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final

from sealock.vulnerabilities.feeds.feed import RECORD, BrokenRecord, FeedError

MEMBERS: Final = 3_000_000
PLAIN: Final = 32 << 30
"""Most uncompressed bytes of all members."""
RATIO: Final = 150
"""Highest compression ratio of the archive; JSON advisories reach 10."""
CALM: Final = 64 << 20
"""Uncompressed bytes below which any ratio is accepted."""
_METHODS: Final = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Others have errors of their own, and take as much memory as their data asks for."""


def members(file: IO[bytes], size: int) -> Iterator[tuple[str, bytes] | BrokenRecord]:
    """Yield the name and bytes of each JSON member. `size` is the archive's, in bytes."""
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        msg = f"it is not a complete zip archive ({error})"
        raise FeedError(msg) from None
    entries = archive.infolist()
    if len(entries) > MEMBERS:
        msg = f"it has {len(entries)} members; at most {MEMBERS} are read"
        raise FeedError(msg)
    claimed = sum(entry.file_size for entry in entries)
    if claimed > PLAIN or claimed > max(CALM, RATIO * size):
        msg = f"its {size} bytes claim to expand to {claimed}, like a zip bomb"
        raise FeedError(msg)
    # Overlapping members are how a small zip bomb expands to much.
    stored = sum(entry.compress_size for entry in entries)
    if stored > size:
        msg = "its members overlap, like those of a zip bomb"
        raise FeedError(msg)
    for entry in entries:
        if entry.filename.lower().endswith(".json"):  # a directory's ends in a slash
            yield _member(archive, entry)


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[str, bytes] | BrokenRecord:
    name = entry.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        return BrokenRecord(name, "its file name leads out of the archive")
    if entry.file_size > RECORD:
        return BrokenRecord(name, f"it has {entry.file_size} bytes; at most {RECORD} are read")
    if entry.compress_type not in _METHODS:
        return BrokenRecord(name, f"it is compressed by method {entry.compress_type}, which is not read")
    try:
        return name, archive.read(entry)
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError) as error:
        return BrokenRecord(name, f"it cannot be unpacked ({error})")
