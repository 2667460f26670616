from __future__ import annotations

from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.gobinary import MAGIC, GoBinary, read_modules, standard_library
from support import foreignfiles
from support.draws import draws
from support.elffiles import BASE, make
from support.foreignfiles import fat, macho, pe

MODULES = (
    "path\texample.com/Tool/cmd/tool\n"
    "mod\texample.com/Tool\t(devel)\t\n"
    "dep\tgolang.org/x/net\tv0.17.0\th1:abc=\n"
    "dep\tgithub.com/old/fork\tv1.0.0\n"
    "=>\tgithub.com/new/fork\tv1.0.1\th1:def=\n"
    "dep\tgithub.com/local/thing\tv0.1.0\n"
    "=>\t./thing\t(devel)\t\n"
    "build\t-compiler=gc\n"
)


def varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def inline(version: str = "go1.22.5", modules: str = MODULES) -> bytes:
    marked = (b"0" * 16 + modules.encode() + b"1" * 16) if modules else b""
    return MAGIC + bytes([8, 2]) + bytes(16) + varint(len(version)) + version.encode() + varint(len(marked)) + marked


def pointed(word: str, order: str, start: int = 0) -> bytes:
    """Writes the older form, for a section that `make` puts at 0x160 or 0xe0 of the file as the only one."""
    width = 8 if word == "Q" else 4
    start = start or BASE + (0x160 if width == 8 else 0xE0)
    version, modules = b"go1.17.13", b"0" * 16 + MODULES.encode() + b"1" * 16
    texts = start + 32 + 4 * width
    head = (
        MAGIC
        + bytes([width, 1 if order == ">" else 0])
        + pack(f"{order}{word}{word}", start + 32, start + 32 + 2 * width)
    )
    return (
        head.ljust(32, b"\0")
        + pack(f"{order}{word * 4}", texts, len(version), texts + len(version), len(modules))
        + version
        + modules
    )


def found(data: bytes) -> list[str]:
    return [
        f"{package.namespace}/{package.name}@{package.version}".lstrip("/")
        for package in GoBinary().read(AnalyzedFile("usr/bin/tool", data))
    ]


EXPECTED = [
    "example.com/Tool@",
    "golang.org/x/net@v0.17.0",
    "github.com/new/fork@v1.0.1",
    "github.com/local/thing@",
]


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("headers", [True, False])
def test_modules_are_read_of_every_kind_of_program(*, wide: bool, order: str, headers: bool) -> None:
    data = make({".go.buildinfo": inline()}, wide=wide, order=order, headers=headers)
    assert found(data) == ["stdlib@1.22.5", *EXPECTED]


@pytest.mark.parametrize("word", ["Q", "I"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_form_with_pointers_is_followed(word: str, order: str) -> None:
    data = make({".go.buildinfo": pointed(word, order)}, wide=word == "Q", order=order)
    assert data.index(MAGIC) == (0x160 if word == "Q" else 0xE0)
    assert found(data) == ["stdlib@1.17.13", *EXPECTED]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(pe(b".data", inline()), id="for Windows"),
        pytest.param(pe(b".data", inline(), wide=False), id="for Windows with 32 bits"),
        pytest.param(macho(b"__go_buildinfo", inline(), writable=False), id="for macOS, by its section"),
        pytest.param(macho(b"__go_buildinfo", b"gap" + inline()), id="behind a gap in the section"),
        pytest.param(macho(b"__data", inline()), id="for macOS, by its writable segment"),
        pytest.param(macho(b"__data", inline(), wide=False), id="for macOS with 32 bits"),
        pytest.param(macho(b"__data", inline(), order=">"), id="in the other byte order"),
        pytest.param(fat(macho(b"__go_buildinfo", inline())), id="of the first of several architectures"),
    ],
)
def test_programs_of_other_systems_have_modules_too(program: bytes) -> None:
    assert found(program) == ["stdlib@1.22.5", *EXPECTED]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(pe(b".data", pointed("Q", "<", foreignfiles.PE_BASE + 0x1000)), id="for Windows"),
        pytest.param(pe(b".data", pointed("I", "<", foreignfiles.PE_BASE + 0x1000), wide=False), id="with 32 bits"),
        pytest.param(macho(b"__data", pointed("Q", "<", foreignfiles.MACH_BASE + 0x1000)), id="for macOS"),
    ],
)
def test_their_form_with_pointers_is_followed(program: bytes) -> None:
    assert found(program) == ["stdlib@1.17.13", *EXPECTED]


@pytest.mark.parametrize(
    "program",
    [
        pytest.param(pe(b".rdata", inline(), writable=False), id="a section that cannot be written has texts"),
        pytest.param(macho(b"__const", inline(), writable=False), id="so has such a segment"),
        pytest.param(pe(b".data", b"text" + inline()), id="the information stands at a multiple of 16"),
        pytest.param(fat(pe(b".data", inline())), id="an architecture that is no program for macOS"),
    ],
)
def test_what_only_holds_the_magic_of_other_systems_is_not_from_go(program: bytes) -> None:
    assert found(program) == []


def test_a_program_of_another_language_tells_nothing() -> None:
    assert found(make({".rodata": b"hello"})) == []
    assert found(b"#!/bin/sh\n") == []


def test_a_program_that_carries_the_magic_as_a_text_is_not_from_go() -> None:
    assert found(make({".rodata": MAGIC + inline()})) == []


@pytest.mark.parametrize(
    ("toolchain", "version"),
    [
        ("go1.22.5", "1.22.5"),
        ("go1.18", "1.18"),
        ("go1.24.4 X:nodwarf5", "1.24.4"),
        ("go1.18.3b7", "1.18.3"),
        ("go1.21rc2", "1.21.0-rc.2"),
        ("go1.14beta1", "1.14.0-beta.1"),
        ("go1.22.9 (Red Hat 1.22.9-1.el9)", "1.22.9"),
        ("devel go1.25-9f2e1a4 Tue Apr 1", "1.25"),
        ("devel +5c1c3a", ""),
        ("", ""),
    ],
)
def test_the_toolchain_tells_the_version_of_the_library(toolchain: str, version: str) -> None:
    assert standard_library(toolchain) == version


@pytest.mark.parametrize(
    ("setting", "version"),
    [
        ('-ldflags="-s -w -X main.version=1.2.3"', "1.2.3"),
        ('-ldflags="-X=main.Version=v2.0.0-rc1 -s"', "v2.0.0-rc1"),
        ("-ldflags=\"-X 'example.com/a/internal/build.Version=v3.1.0'\"", "v3.1.0"),
        ('-ldflags="-w -X \\"example.com/a/internal/build.Version=3.1.0\\" -s"', "3.1.0"),
        ('-ldflags="\\n\\t-X main.version=3.2.0\\n\\t-w\\n"', "3.2.0"),
        ("-ldflags=-X=main.version=3.3.0", "3.3.0"),
        ('-ldflags="-X github.com/other/lib.version=9.9.9"', ""),
        ('-ldflags="-X main.commit=1.2.3"', ""),
        ('-ldflags="-X main.version=unknown"', ""),
        (
            "vcs.revision=0123456789abcdef0123\nbuild\tvcs.time=2024-05-06T07:08:09Z",
            "v0.0.0-20240506070809-0123456789ab",
        ),
        ("vcs.revision=short\nbuild\tvcs.time=2024-05-06T07:08:09Z", ""),
        ("vcs.revision=0123456789ab\nbuild\tvcs.time=2024-05-06T07:08:09Z", "v0.0.0-20240506070809-0123456789ab"),
        ("vcs.revision=0123456789a\nbuild\tvcs.time=2024-05-06T07:08:09Z", ""),
        ("vcs.revision=0123456789/b\nbuild\tvcs.time=2024-05-06T07:08:09Z", ""),
        ("vcs.revision=0123456789ab\nbuild\tvcs.time=2024-05-06", ""),
        ("vcs.revision=0123456789ab\nbuild\tvcs.time=2024-05-06T07:08:0xZ", ""),
    ],
)
def test_a_main_module_built_from_its_directory_takes_its_version_from_how_it_was_built(
    setting: str, version: str
) -> None:
    assert read_modules(f"mod\texample.com/a\t(devel)\t\nbuild\t{setting}\n") == [("example.com/a", version)]


STAMP = 'build\t-ldflags="-X {}=8.30.1"\n'
OWN = "dep\tgithub.com/own/tool/v8\t(devel)\t\n"


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        pytest.param(
            f"path\tcommand-line-arguments\n{OWN}{STAMP.format('github.com/own/tool/v8/version.Version')}",
            [("github.com/own/tool/v8", "8.30.1")],
            id="a program that was built from its files has its own module among the others",
        ),
        pytest.param(
            f"path\tcommand-line-arguments\n{OWN}{STAMP.format('main.version')}",
            [("github.com/own/tool/v8", "8.30.1")],
            id="the files of the program belong to its only module",
        ),
        pytest.param(
            f"path\tx\n{OWN}dep\texample.com/other\t(devel)\t\n{STAMP.format('main.version')}",
            [("github.com/own/tool/v8", ""), ("example.com/other", "")],
            id="of two modules of a workspace, nothing says whose the program is",
        ),
        pytest.param(
            f"mod\texample.com/a\t(devel)\t\n{OWN}{STAMP.format('main.version')}",
            [("example.com/a", "8.30.1"), ("github.com/own/tool/v8", "")],
            id="the program belongs to the module that is said to be the main one",
        ),
        pytest.param(
            f"dep\tgithub.com/a/b\tv1.0.0\n=>\t./b\t(devel)\t\n{STAMP.format('github.com/a/b.version')}",
            [("github.com/a/b", "")],
            id="a module that a directory replaces has no version",
        ),
        pytest.param(
            f"path\tgithub.com/docker/docker/cmd/dockerd\n{STAMP.format('github.com/docker/docker/dockerversion.Version')}",
            [("github.com/docker/docker", "8.30.1")],
            id="a program built without modules is its repository's, where a version was written in",
        ),
        pytest.param(
            f"path\tgithub.com/cli/cli/v2/cmd/gh\n{STAMP.format('github.com/cli/cli/v2/internal/build.Version')}",
            [("github.com/cli/cli/v2", "8.30.1")],
            id="the major version in a path is part of the module's",
        ),
        pytest.param("path\tgithub.com/cli/cli/v2/cmd/gh\n", [], id="without a version, it is not listed"),
        pytest.param(f"path\tgithub.com/cli\n{STAMP.format('main.version')}", [], id="an owner is no repository"),
        pytest.param(
            f"path\texample.com/a/b/c\n{STAMP.format('main.version')}", [], id="other hosts have modules anywhere"
        ),
        pytest.param(f"path\tcommand-line-arguments\n{STAMP.format('main.version')}", [], id="files have no module"),
    ],
)
def test_a_program_without_a_stated_main_module(text: str, modules: list[tuple[str, str]]) -> None:
    assert read_modules(text) == modules


STAMPED = 'build\t-ldflags="-X example.com/a.version=1.2.3 -X example.com/b.version=4.5.6 -X main.version=7.8.9"\n'


@pytest.mark.parametrize(
    ("text", "modules"),
    [
        pytest.param("mod\texample.com/a\n", [("example.com/a", "1.2.3")], id="a main module without a version"),
        pytest.param("mod\texample.com/c\t(devel)\n", [("example.com/c", "7.8.9")], id="one that only main has"),
        pytest.param("mod\texample.com/c\t(devel)\ndep\texample.com/b\t(devel)\n", [("example.com/c", "7.8.9"), ("example.com/b", "4.5.6")], id="another of its own"),
        pytest.param("mod\texample.com/c\t(devel)\ndep\texample.com/d\t(devel)\n", [("example.com/c", "7.8.9"), ("example.com/d", "")], id="another, which is not main"),
        pytest.param("mod\texample.com/c\tv1\ndep\texample.com/b\t\n", [("example.com/c", "v1"), ("example.com/b", "")], id="a dependency without a version"),
        pytest.param("mod\texample.com/c\tv1\ndep\texample.com/b\t(devel)\n=>\t./b\t(devel)\n", [("example.com/c", "v1"), ("example.com/b", "")], id="a directory in place of a dependency"),
        pytest.param("dep\texample.com/d\t(devel)\n", [("example.com/d", "7.8.9")], id="the only one of its own"),
        pytest.param("dep\texample.com/d\t(devel)\ndep\texample.com/e\t(devel)\n", [("example.com/d", ""), ("example.com/e", "")], id="one of two of its own"),
    ],
)  # fmt: skip
def test_versions_that_a_build_wrote_count_for_modules_of_its_own(text: str, modules: list[tuple[str, str]]) -> None:
    assert read_modules(text + STAMPED) == modules


def test_the_version_of_a_main_module_that_was_fetched_stays() -> None:
    text = 'mod\texample.com/a\tv1.0.0\th1:x=\nbuild\t-ldflags="-X main.version=2.0.0"\n'
    assert read_modules(text) == [("example.com/a", "v1.0.0")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("=>\tgithub.com/new/fork\tv1.0.1\n", id="a replacement of nothing"),
        pytest.param("dep\tgithub.com/a b\tv1.0.1\n", id="a path with a blank"),
        pytest.param("dep\t\tv1.0.1\n", id="no path"),
    ],
)
def test_what_names_no_module_is_none(text: str) -> None:
    assert read_modules(text) == []


@pytest.mark.parametrize(
    "section",
    [
        MAGIC,
        MAGIC + bytes([8, 2]),
        MAGIC + bytes([8, 2]) + bytes(16) + b"\xff" * 40,
        MAGIC + bytes([8, 2]) + bytes(16) + varint(1 << 34),
        MAGIC + bytes([3, 0]) + bytes(64),
        MAGIC + bytes([8, 0]) + b"\xff" * 64,
        MAGIC + bytes([8, 2]) + bytes(64),
    ],
)
def test_damaged_information_is_told_of(section: bytes) -> None:
    data = make({".go.buildinfo": section})
    with pytest.raises(BrokenFileError, match="Go build information"):
        found(data)


@draws(150)
@given(st.binary(max_size=200), st.integers(0, 3), st.integers(0, 9))
def test_no_information_makes_it_fail(noise: bytes, flags: int, width: int) -> None:
    data = make({".go.buildinfo": MAGIC + bytes([width, flags]) + noise})
    with suppress(BrokenFileError):
        assert all("@" in package for package in found(data))


@draws(150)
@given(st.text(alphabet="modep=>\t\n -X.v1 build", max_size=300))
def test_no_list_of_modules_makes_it_fail(text: str) -> None:
    assert all(name and " " not in version for name, version in read_modules(text))
