"""Few bytes must not become many objects: what the readers of package databases have against it."""

from __future__ import annotations

import tracemalloc

import pytest

from sealock.inventory.catalog import analyzers
from sealock.inventory.stanzas import owned
from support.analyzers import read
from support.rpmdatabases import header, ndb, package, sqlite

MILLION = 1_000_000
ANALYZERS = {analyzer.name: analyzer for analyzer in analyzers()}
LONG = b"x" * 100_000


@pytest.mark.parametrize(
    ("name", "path", "data", "fault"),
    [
        ("dpkg", "var/lib/dpkg/status", b"\n" * MILLION, "lines are empty"),
        ("dpkg", "var/lib/dpkg/status", b"Package: a\nVersion: 1\nOther: 1\n\n" * 110_000, "more than 100000 stanzas"),
        ("dpkg", "var/lib/dpkg/status", b"a line of nothing\n\n" * 50_000, "and 9995 more faults"),
        ("dpkg", "var/lib/dpkg/status", b"Package: a\n" * 200_000, "a package has no version"),
        ("dpkg", "var/lib/dpkg/info/a.list", b"/a\n" * MILLION, "lines are empty"),
        ("apk", "lib/apk/db/installed", b"P:a\nV:1\nF:" + LONG + b"\nR:a" * 1000, "more files than it has room for"),
        ("alpm", "var/lib/pacman/local/a/files", b"%FILES%\n" + b"a\n" * MILLION, "lines are empty"),
        ("osrelease", "etc/os-release", b"\n" * 60_000, "lines are empty"),
        ("accounts", "etc/passwd", b"a line of nothing\n" * 50_000, "and 9995 more faults"),
        ("accounts", "etc/group", b"a::1:\n" * 500_000, "lines are empty"),
        (
            "rpm",
            "var/lib/rpm/Packages",
            ndb([header(package() | {1116: [0] * 5000, 1117: ["a"] * 5000, 1118: ["/" + "x" * 100_000]})]),
            "more files than it has room for",
        ),
        ("rpm", "var/lib/rpm/Packages", sqlite([b"x"] * 100_000), "more faults"),
    ],
)
def test_a_file_that_would_swell_is_refused_in_little_memory(name: str, path: str, data: bytes, fault: str) -> None:
    tracemalloc.start()
    try:
        _, broken = read(ANALYZERS[name], path, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert fault in broken
    assert len(broken) < 600
    assert peak < 40 * len(data) + (8 << 20)


@pytest.mark.parametrize(
    ("paths", "files"),
    [
        (["/.", "/usr", "/usr/bin", "/usr/bin/a", "/usr/bin/a b"], ("usr/bin/a", "usr/bin/a b")),
        (["/usr/empty", "/usr"], ("usr/empty",)),
        (["usr/", "usr/lib/", "usr/lib/x"], ("usr/lib/x",)),
        (["", "/", "."], ()),
        (["/a", "/a"], ("a",)),
    ],
)
def test_lists_of_files_lose_the_directories_on_the_way(paths: list[str], files: tuple[str, ...]) -> None:
    assert owned(paths) == files
