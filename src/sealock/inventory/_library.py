"""A C library in a program, and how its version is read where the text that identifies it does not hold it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from msgspec import Struct

Pieces: TypeAlias = Iterable[bytes]
"""All of a program that may be text, or all of it."""


class Library(Struct, frozen=True):
    """A library. The pattern is searched from `before` bytes before the start of an anchor to `after` bytes after it.

    Its group is the version, unless `version` reads it. A program that needs one of the shared objects `shared` has the
    text from the library's header files.
    """

    name: str
    anchors: tuple[bytes, ...]
    pattern: bytes
    before: int = 0
    after: int = 160
    shared: tuple[bytes, ...] = ()
    hides: str = ""
    """The library that this one was forked from, and whose texts it still carries."""
    version: Callable[[bytes, Pieces], str | None] | None = None
    """Reads the version from the match and the file's texts; None if it is another library after all."""
    header: bool = False
    """Whether the text comes from a header file: users of the library have it too. It then gives the version of a
    library that another row finds."""
    code: bool = False
    """Whether `version` gets the code as well, since instructions hold the text of the version."""


_SQLITE_YEARS: Final = (
    # Up to which year: which minor versions of SQLite 3 came out, with a margin for sources between two releases.
    (2012, 5, 15),
    (2013, 7, 8),
    (2014, 8, 8),
    (2015, 8, 10),
    (2016, 9, 16),
    (2017, 15, 22),
    (2018, 21, 26),
    (2019, 26, 30),
    (2020, 30, 34),
    (2021, 34, 37),
    (2022, 37, 40),
    (2023, 40, 45),
    (2024, 44, 48),
    (2025, 47, 52),
)


def sqlite(_: bytes, pieces: Pieces) -> str | None:
    """Find the version that stands by itself and whose minor number fits the year of the source it was made of."""
    sources = _matches(b"20", rb"20[0-3]\d-\d\d-\d\d \d\d:\d\d:\d\d [0-9a-f]{36}", pieces)
    source = next(sources, None)
    if source is None:
        return None  # it reads the files of SQLite, or recognises them
    year = source[0][:4]
    first, last = next(((low, high) for until, low, high in _SQLITE_YEARS if int(year) <= until), (50, 99))
    return only(
        version
        for version in isolated(b"3.", rb"3\.(?:\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)\0", pieces)
        if first <= int(version.split(b".")[1]) <= last
    )


def icu(major: bytes, pieces: Pieces) -> str:
    return only(isolated(major + b".", major + rb"\.\d(?:\.\d)?\0", pieces))


def lz4(_: bytes, pieces: Pieces) -> str:
    return only(isolated(b"1.", rb"1\.(?:8\.[0-3]|9\.[0-4]|10\.0)\0", pieces))


def xz(_: bytes, pieces: Pieces) -> str:
    return only(isolated(b"5.", rb"5\.\d\.\d{1,2}(?:alpha|beta)?\0", pieces))


def zstd(_: bytes, pieces: Pieces) -> str | None:
    return only(isolated(b"1.", rb"1\.[45]\.\d{1,2}\0", pieces)) or None


MBEDTLS: Final = rb"bed TLS(?:.{1,16}S)? (\d\.\d{1,2}\.\d{1,2})(?:\0|[^0-9a-z.])"


def mbedtls(_: bytes, pieces: Pieces) -> str:
    match = next(_matches(b"bed TLS", MBEDTLS, pieces), None)
    return match[1].decode("ascii") if match else ""


def libxml2(_: bytes, pieces: Pieces) -> str | None:
    """Read 20914 as 2.9.14; without it, other libraries have the same messages."""
    pattern = rb"\0(2(?:0[4-9]|[1-3]\d)\d\d)(?:-GIT[^\0]{1,60})?\0"
    number = only(match[1] for match in _matches(b"\0002", pattern, pieces))
    return f"2.{int(number[1:3])}.{int(number[3:])}" if number else None


def isolated(start: bytes, pattern: bytes, pieces: Pieces) -> Iterator[bytes]:
    """Find texts that are not part of a longer number."""
    for match in _matches(start, pattern, pieces):
        if match.string[max(0, match.start() - 1) : match.start()] not in _IN_NUMBERS:
            yield match[0].rstrip(b"\0")


def read_alone(pattern: bytes, *starts: bytes) -> Callable[[bytes, Pieces], str]:
    """Make a reader of the only version that is a text of its own; one of the pattern begins with one of `starts`."""
    # Linkers may put a text behind any constant, so that not only a NUL may precede it.
    whole = rb"(?<![0-9a-z ._/-])(?:" + pattern + rb")"

    def read(_: bytes, pieces: Pieces) -> str:
        return only(version for start in starts for version in isolated(start, whole, pieces))

    return read


def _matches(start: bytes, pattern: bytes, pieces: Pieces) -> Iterator[re.Match[bytes]]:
    """Find a pattern that begins with literal bytes: a search for these is far faster than one for the pattern."""
    read = re.compile(pattern, re.DOTALL)
    for piece in pieces:
        at = piece.find(start)
        while at >= 0:
            if match := read.match(piece, at):
                yield match
            at = piece.find(start, at + 1)


_IN_NUMBERS: Final = frozenset(b"%d" % digit for digit in range(10)) | {b"."}


def only(texts: Iterable[bytes]) -> str:
    """Return the only version; "" if there are several, since any may be another library's."""
    versions = set(texts)
    return versions.pop().decode() if len(versions) == 1 else ""
