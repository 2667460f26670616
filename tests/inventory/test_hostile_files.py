"""Every analyzer, given files that are cut anywhere, harmed at random, or made to be read without end."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact
from sealock.inventory.catalog import analyzers
from sealock.model.inventory import Package
from support import rpmdatabases as rpm
from support.analyzerfiles import FILES, SOUND, jar
from support.analyzers import joined, mutated, read, survives
from support.draws import draws
from support.elffiles import make
from support.linecount import grows

ANALYZERS: dict[str, Analyzer] = {analyzer.name: analyzer for analyzer in analyzers()}
MEMORY = 200 << 20
"""Bytes that Python may take for one hostile file of some megabytes."""


def test_every_analyzer_is_tested_here() -> None:
    assert SOUND.keys() == ANALYZERS.keys()


@pytest.mark.parametrize("name", [name for name in SOUND if name not in {"libc", "apk-repositories", "unread"}])
def test_the_sound_files_tell_something(name: str) -> None:
    assert any(joined(ANALYZERS[name], {path: data}) for path, data in SOUND[name])


@pytest.mark.parametrize(("name", "path", "data"), FILES, ids=[f"{name}-{at}" for at, (name, *_) in enumerate(FILES)])
def test_cut_at_every_byte(name: str, path: str, data: bytes) -> None:
    """Those of more than two thousand bytes at two thousand places."""
    for length in range(0, len(data), len(data) // 2000 + 1):
        survives(ANALYZERS[name], path, data[:length])


@draws(200)
@given(st.data(), st.sampled_from(FILES))
def test_harmed_at_random(more: st.DataObject, chosen: tuple[str, str, bytes]) -> None:
    name, path, data = chosen
    survives(ANALYZERS[name], path, more.draw(mutated(data)))


@pytest.mark.parametrize(("name", "path", "data"), FILES, ids=[f"{name}-{at}" for at, (name, *_) in enumerate(FILES)])
def test_harmed_byte_by_byte(name: str, path: str, data: bytes) -> None:
    """Each byte replaced by one that is likely to lead astray: in large files, some of them."""
    for at in range(0, len(data), len(data) // 400 + 1):
        for byte in (0, 0xFF, data[at] ^ 0x80):
            survives(ANALYZERS[name], path, data[:at] + bytes([byte]) + data[at + 1 :])


def yaml_bomb() -> bytes:
    levels = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))
    return ("lockfileVersion: '9.0'\nl0: &l0 [x]\n" + levels + "packages: *l11\n").encode()


def endless_jar() -> bytes:
    data = jar()
    for _ in range(60):
        data = jar(data)
    return data


def wide_jar() -> bytes:
    """Each of the archives holds ten like the one before."""
    data = jar()
    for _ in range(7):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(10):
                archive.writestr(f"{number}.jar", data)
        data = buffer.getvalue()
    return data


def bomb_jar() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(12):
            archive.writestr(f"META-INF/maven/g/a{number}/pom.properties", bytes(40 << 20))
    return buffer.getvalue()


def numerous() -> bytes:
    """A header of rpm's with fifteen million numbers in the place of one."""
    strings, numbers = b"name\0version\0release\0", b"\1\2\3\4" * (15 << 20)
    places = [(1000, 6, 0, 1), (1001, 6, 5, 1), (1002, 6, 13, 1), (1003, 4, len(strings), 15 << 20)]
    index = b"".join(struct.pack(">4I", *place) for place in places)
    return rpm.ndb([struct.pack(">2I", len(places), len(strings) + len(numbers)) + index + strings + numbers])


DEEP = 200_000
HOSTILE: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "YAML whose aliases multiply": ("pnpm lock", "app/pnpm-lock.yaml", yaml_bomb),
    "YAML nested in flow": ("pnpm lock", "app/pnpm-lock.yaml", lambda: b"a: " + b"[" * DEEP),
    "YAML nested in blocks": ("pnpm lock", "app/pnpm-lock.yaml", lambda: b"".join(b" " * n + b"a:\n" for n in range(1500))),
    "YAML of directives": ("pnpm lock", "app/pnpm-lock.yaml", lambda: b"".join(b"%%TAG !a%d! x\n" % n for n in range(DEEP)) + b"--- a\n"),
    "YAML of berry nested": ("yarn lock", "app/yarn.lock", lambda: b"__metadata:\n  version: 8\na: " + b"{a: " * DEEP),
    "yarn's blocks nested": ("yarn lock", "app/yarn.lock", lambda: b"# yarn lockfile v1\n" + b"".join(b" " * n + b"a:\n" for n in range(1500))),
    "bun's JSON nested": ("bun lock", "app/bun.lock", lambda: b'{"packages": ' + b"[" * DEEP),
    "JSON nested in lists": ("npm lock", "app/package-lock.json", lambda: b'{"packages": ' + b"[" * DEEP + b"]" * DEEP + b"}"),
    "dependencies nested": ("npm lock", "app/package-lock.json", lambda: b'{"lockfileVersion": 1, "dependencies": ' + b'{"a": {"version": "1", "dependencies": ' * 5000 + b"{}" + b"}}" * 5000 + b"}"),
    "a package's JSON nested": ("npm", "usr/lib/node_modules/a/package.json", lambda: b'{"a":' * DEEP),
    "Composer's JSON nested": ("php", "app/vendor/composer/installed.json", lambda: b'{"a":' * DEEP),
    "Conda's JSON nested": ("conda", "opt/conda/conda-meta/a.json", lambda: b"[" * DEEP),
    "Conda's JSON of empty lists": ("conda", "opt/conda/conda-meta/a.json", lambda: b'{"files": [' + b"[]," * (20 << 20) + b"1]}"),
    "Conda's JSON of short names": ("conda", "opt/conda/conda-meta/a.json", lambda: b'{"name": "a", "version": "1", "files": [' + b'"a",' * (15 << 20) + b'""]}'),
    ".NET's JSON nested": ("dotnet", "app/x.deps.json", lambda: b"[" * DEEP),
    "Pipenv's JSON nested": ("pipenv lock", "app/Pipfile.lock", lambda: b'{"default":' * DEEP),
    "NuGet's JSON nested": ("nuget lock", "app/packages.lock.json", lambda: b'{"dependencies":' * DEEP),
    "TOML nested in lists": ("poetry lock", "app/poetry.lock", lambda: b"a = " + b"[" * DEEP),
    "TOML nested in tables": ("uv lock", "app/uv.lock", lambda: b"a = " + b"{a = " * DEEP),
    "TOML with a long dotted key": ("cargo lock", "app/Cargo.lock", lambda: b"a" + b".a" * DEEP + b" = 1\n"),
    "TOML with many tables": ("pylock", "app/pylock.toml", lambda: b"".join(b"[a%d]\n" % n for n in range(50_000))),
    "jars in jars in jars": ("jars", "app/a.jar", endless_jar),
    "jars that multiply": ("jars", "app/a.jar", wide_jar),
    "jars that are bombs": ("jars", "app/a.jar", bomb_jar),
    "a gemspec of quotes": ("gems", "g/specifications/a-1.0.gemspec", lambda: b's.name = "' * 100_000),
    "one endless line of dpkg": ("dpkg", "var/lib/dpkg/status", lambda: b"Package: " + b"a" * (8 << 20)),
    "empty stanzas of dpkg": ("dpkg", "var/lib/dpkg/status", lambda: b"\n" * (4 << 20)),
    "continued lines of dpkg": ("dpkg", "var/lib/dpkg/status", lambda: b"Package: a\nDescription: x\n" + b" .\n" * (1 << 20)),
    "apk's letters alone": ("apk", "lib/apk/db/installed", lambda: b"P\n" * (1 << 20)),
    "apk's files alone": ("apk", "lib/apk/db/installed", lambda: b"P:a\nV:1\n" + b"R:x\n" * (1 << 20)),
    "rpm's numbers": ("rpm", "var/lib/rpm/Packages.db", numerous),
    "a list of slashes": ("dpkg", "var/lib/dpkg/info/a.list", lambda: b"/" * (4 << 20)),
    "accounts without end": ("accounts", "etc/passwd", lambda: b"a::0:0:::\n" * 200_000),
    "accounts with many ids": ("accounts", "etc/passwd", lambda: b"".join(b"a%d:x:%d:0:::\n" % (n, n // 2) for n in range(100_000))),
    "a METADATA of headers": ("python", "x/a-1.0.dist-info/METADATA", lambda: b"Name: a\n" * 300_000),
    "a RECORD of short lines": ("python", "x/a-1.0.dist-info/RECORD", lambda: b"a\n" * (8 << 20)),
    "requirements continued": ("requirements", "app/requirements.txt", lambda: b"a==1 \\\n" * 300_000),
    "requirements in one line": ("requirements", "app/requirements.txt", lambda: b"a" * (4 << 20)),
    "go.mod in brackets": ("go.mod", "app/go.mod", lambda: b"require (\n" * 200_000),
    "Gemfile.lock indented": ("bundler lock", "app/Gemfile.lock", lambda: b"GEM\n  specs:\n" + b"    a (1)\n" * 200_000),
    "os-release in quotes": ("osrelease", "etc/os-release", lambda: b'ID="' * 16_000),
    "pacman's fields": ("alpm", "var/lib/pacman/local/a-1-1/desc", lambda: b"%NAME%\n" * 300_000),
    "an inflated list of crates": ("rustbinary", "usr/bin/app", lambda: make({".dep-v0": zlib.compress(bytes(200 << 20), 9)})),
    "a nested list of crates": ("rustbinary", "usr/bin/app", lambda: make({".dep-v0": zlib.compress(b"[" * DEEP)})),
    "anchors of libraries": ("staticlibs", "usr/bin/app", lambda: make({".rodata": b"\0 deflate 1.2.13 Copyright" * 200_000})),
    "the magic of Go": ("gobinary", "usr/bin/app", lambda: make({".data": b"\xff Go buildinf:" * 300_000})),
}  # fmt: skip


REPEATED = {
    "TOML with many tables", "accounts without end", "accounts with many ids", "a METADATA of headers",
    "requirements continued", "requirements in one line", "go.mod in brackets", "Gemfile.lock indented",
    "anchors of libraries",
}  # fmt: skip
"""Whose lines the sound files reach too: coverage need not follow them again and again."""


@pytest.mark.repeats
@pytest.mark.parametrize(
    ("name", "path", "making"),
    [pytest.param(*row, id=key, marks=pytest.mark.untraced if key in REPEATED else ()) for key, row in HOSTILE.items()],
)
def test_hostile_files_end_in_bounded_memory(name: str, path: str, making: Callable[[], bytes]) -> None:
    """That they end at all is the test: anything quadratic or exponential in them would not."""
    data, facts, said = making(), 0, ""
    tracemalloc.start()
    try:
        for _ in ANALYZERS[name].read(AnalyzedFile(path, data)):
            facts += 1
    except BrokenFileError as broken:
        said = str(broken)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < MEMORY
    assert len(said) < 2000
    assert facts <= 250_000


NAMESAKES: dict[str, tuple[str, list[tuple[str, bytes]]]] = {
    "stanzas of dpkg with one list": (
        "dpkg",
        [
            ("var/lib/dpkg/info/a.list", b"".join(b"/usr/%d\n" % n for n in range(2000))),
            ("var/lib/dpkg/status", b"".join(b"Package: a\nVersion: %d\nArchitecture: all\n\n" % n for n in range(500))),
        ],
    ),
    "eggs in the directory of one RECORD": (
        "python",
        [
            ("x/a.dist-info/RECORD", b"".join(b"%d.py,,\n" % n for n in range(2000))),
            *((f"x/a.dist-info/{n}.egg-info", b"Name: a\nVersion: %d\n" % n) for n in range(500)),
        ],
    ),
    "a package of pacman's written again and again": (
        "alpm",
        [
            ("var/lib/pacman/local/a-1-1/files", b"%FILES%\n" + b"".join(b"usr/%d\n" % n for n in range(2000))),
            *(("var/lib/pacman/local/a-1-1/desc", b"%%NAME%%\na\n\n%%VERSION%%\n%d\n" % n) for n in range(500)),
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "files"), NAMESAKES.values(), ids=NAMESAKES)
def test_a_list_of_files_is_given_to_one_package(name: str, files: list[tuple[str, bytes]]) -> None:
    """Else a list of a million, and a million packages with its name, would have a million million files."""
    facts: list[Fact] = []
    for path, data in files:
        found, broken = read(ANALYZERS[name], path, data)
        assert not broken
        facts += found
    packages = [fact for fact in ANALYZERS[name].join(facts) if isinstance(fact, Package)]
    assert len(packages) == 500
    assert sum(len(package.files) for package in packages) == 2000


LINEAR = [(name, path, data) for name, path, data in FILES if name not in {"rpm", "jars", "gobinary", "rustbinary"}]


@pytest.mark.parametrize(("name", "path", "data"), LINEAR, ids=[f"{name}-{at}" for at, (name, *_) in enumerate(LINEAR)])
def test_twice_the_text_is_twice_the_work(name: str, path: str, data: bytes) -> None:
    def work(times: int) -> Callable[[], object]:
        return lambda: survives(ANALYZERS[name], path, data * times)

    assert grows(work(60), work(120)) < 2.6
