"""Archives of advisories: what is wrong with one member is its own fault, and others are read."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import IO, cast

import pytest

from sealock.vulnerabilities.feeds import _tar, _zip
from sealock.vulnerabilities.feeds.feed import BrokenRecord, FeedError
from support import feedmirror

GOOD = b'{"id": "good"}'
_DIRECTORY = b"PK\x01\x02"


def zipped(method: int = zipfile.ZIP_DEFLATED) -> bytearray:
    """An archive of a.json, which a row damages, and b.json."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a.json", b'{"id": "odd"}' * 50, method)
        archive.writestr("b.json", GOOD)
    return bytearray(written.getvalue())


def changed(*changes: tuple[int, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The archive with bytes put at offsets: from the first entry of the directory, those from 1000 from the start."""
    data = zipped(method)
    begin = data.index(_DIRECTORY)
    for at, new in changes:
        place = at - 1000 if at >= 1000 else begin + at
        data[place : place + len(new)] = new
    return bytes(data)


BROKEN = {
    "bytes that nothing expands": (changed((1036, b"\xff\xff\xff\xff")), "cannot be unpacked (Error -3 while decompressing"),
    "another sum": (changed((16, b"\0\0\0\0")), "cannot be unpacked (Bad CRC-32"),
    "less than it says": (changed((20, b"\x05\0\0\0")), "cannot be unpacked (Bad CRC-32"),
    "a password": (changed((8, b"\x01")), "cannot be unpacked (File"),
    "a patch": (changed((8, b"\x20")), "cannot be unpacked (compressed patched data"),
    "a header that is not there": (changed((42, b"\xf0\xff\xff\x00")), "cannot be unpacked (Truncated file header"),
    "another method": (changed((10, b"\x63")), "is compressed by method 99, which is not read"),
    "LZMA": (bytes(zipped(zipfile.ZIP_LZMA)), "is compressed by method 14, which is not read"),
    "LZMA that is damaged": (changed((1042, b"\xff\xff\xff\xff"), method=zipfile.ZIP_LZMA), "is compressed by method 14"),
    "bzip2": (bytes(zipped(zipfile.ZIP_BZIP2)), "is compressed by method 12, which is not read"),
    "a name that leads out": (bytes(zipped()).replace(b"a.json", b"/.json"), "its file name leads out of the archive"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "why"), BROKEN.values(), ids=BROKEN)
def test_a_member_that_cannot_be_read_is_named_and_others_are_read(data: bytes, why: str) -> None:
    broken, good = _zip.members(io.BytesIO(data), len(data))
    assert isinstance(broken, BrokenRecord)
    assert broken.why.startswith(f"it {why}" if not why.startswith("its") else why)
    assert good == ("b.json", GOOD)


class Faulty(io.BytesIO):
    """A file that cannot be read, after some reads that can."""

    def __init__(self, data: bytes, error: Exception, reads: int = 0) -> None:
        super().__init__(data)
        self.error, self.reads = error, reads

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads -= 1
        if self.reads < 0:
            raise self.error
        return super().read(size)


WRONG: dict[str, Callable[[], IO[bytes]]] = {
    "something else": lambda: io.BytesIO(b"x" * 100),
    "a file that cannot be read": lambda: Faulty(b"x", OSError(5, "Input/output error")),
    "a file that cannot be read any more": lambda: Faulty(b"x", ValueError("closed")),
    "a version that nobody knows": lambda: io.BytesIO(changed((6, b"\xff"))),
    "a name that is not UTF-8": lambda: io.BytesIO(changed((8, b"\0\x08"), (46, b"\xff"))),
}


@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_what_is_no_zip_archive_is_an_error_of_the_feed(make: Callable[[], IO[bytes]]) -> None:
    with pytest.raises(FeedError, match="it is not a complete zip archive"):
        list(_zip.members(make(), 1000))


@pytest.mark.parametrize("error", [OSError(5, "broken"), EOFError("broken"), ValueError("broken")], ids=repr)
def test_a_tar_archive_that_breaks_off_is_an_error_of_the_feed(error: Exception) -> None:
    file = Faulty(b"a.json", error, reads=1)
    with pytest.raises(FeedError, match="it breaks off"):
        list(_tar.members(cast("IO[bytes]", file)))


def test_a_member_of_a_tar_archive_that_is_too_large_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tar, "RECORD", 20)
    data = feedmirror.tarred({"a.json": b"x" * 21, "b.json": b"x" * 20})
    broken, good = _tar.members(io.BytesIO(data))
    assert isinstance(broken, BrokenRecord)
    assert broken.why == "it has 21 bytes; at most 20 are read"
    assert good == ("b.json", b"x" * 20)
