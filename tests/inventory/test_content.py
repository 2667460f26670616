"""Layers laid over one another are the file system that a container sees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.image.opener import open_image
from sealock.inventory.content import content
from sealock.inventory.programs import program
from sealock.model.content import Content
from support.baseadvice import GLIBC, LOADER, STATIC, dynamic, layer
from support.draws import draws
from support.elffiles import make
from support.madeimages import docker_save, write

File = dict[str, bytes | str]


def laid(directory: Path, *layers: File) -> Content:
    (image,) = open_image(write(directory / "app.tar", docker_save(*map(layer, layers))), verify=False)
    return content(image.layers)


@pytest.mark.parametrize(
    ("layers", "seen", "hidden"),
    [
        ([{"a": b"1", "b/c": b"22"}], {"a", "b/c"}, 0),
        ([{"a": b"1"}, {"a": b"333"}], {"a"}, 1),
        ([{"a": b"1", "b": b"22"}, {".wh.a": b""}], {"b"}, 1),
        ([{"b/c": b"22", "b/d/e": b"1"}, {".wh.b": b""}], set(), 3),
        ([{"b/c": b"22"}, {"b/.wh..wh..opq": b"", "b/n": b"1"}], {"b/n"}, 2),
        ([{"b/c": b"22"}, {"b/n": b"1", "b/.wh..wh..opq": b""}], {"b/n"}, 2),
        ([{"b/c": b"22"}, {"b": b"1"}], {"b"}, 2),
        ([{"a": b"22", "b": "=> a"}], {"a", "b"}, 0),
        ([{"a": b"22", "b": "=> a"}, {".wh.b": b""}], {"a"}, 0),
        ([{"a": b"1"}, {".wh.a": b""}, {"a": b"4444"}], {"a"}, 1),
        ([{"a": "-> c", "b": "=> a"}], set(), 0),
        ([{"b": "=> a"}], set(), 0),
        ([{"a": b"22", "b": "=> /a", "c": "=> ./b"}], {"a", "b", "c"}, 0),
        ([{"a": b"22"}, {"a": "-> b"}], set(), 2),
        ([{"a": "-> b"}, {"a/c": b"22"}], {"a/c"}, 0),
        ([{"a": b""}, {".wh.a": b""}], set(), 0),
        ([{"a": b"22"}, {"a": b"22", ".wh.a": b""}], {"a"}, 2),
    ],
)
def test_what_is_seen_and_what_is_hidden(layers: list[File], seen: set[str], hidden: int, tmp_path: Path) -> None:
    found = laid(tmp_path, *layers)
    assert {path for path, node in found.nodes.items() if node.kind == "file"} == seen
    assert sum(one.size for one in found.hidden) == hidden


def test_programs_scripts_and_settings_are_read(tmp_path: Path) -> None:
    found = laid(tmp_path, {
        **GLIBC, "bin/x": dynamic("libz.so.1"), "bin/y": "=> bin/x", "run": "#!/bin/sh -e\necho\n", "py": "#!/usr/bin/python3\n",
        "etc/ld.so.conf.d/own.conf": "/opt/lib\n", "s/a-1.dist-info/WHEEL": "Tag: cp313-cp313-manylinux_2_17_x86_64\n",
        "text": "no program at all",
    })  # fmt: skip
    assert found.programs["bin/x"] == found.programs["bin/y"]
    assert found.programs["bin/x"].needed == ("libz.so.1", "libc.so.6")
    assert (found.programs["run"].interpreter, found.programs["run"].arguments) == ("/bin/sh", ("-e",))
    assert set(found.texts) == {"run", "etc/ld.so.conf.d/own.conf"}
    assert found.tags == {"s/a-1.dist-info": ("cp313-cp313-manylinux_2_17_x86_64",)}
    assert "text" not in found.programs


@pytest.mark.parametrize(
    ("upper", "kept"),
    [
        ({"s/a-1.dist-info/.wh.WHEEL": b""}, False),
        ({"s/.wh.a-1.dist-info": b""}, False),
        ({"s/a-1.dist-info/.wh.RECORD": b""}, True),
        ({"s/b-1.dist-info/.wh.WHEEL": b""}, True),
    ],
)
def test_tags_of_a_wheel_last_as_long_as_the_file_that_has_them(upper: File, tmp_path: Path, *, kept: bool) -> None:
    lower: File = {
        "s/a-1.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\nTag: \x07\n",
        "s/a-1.dist-info/RECORD": "",
    }
    assert laid(tmp_path, lower, upper).tags == ({"s/a-1.dist-info": ("py3-none-any",)} if kept else {})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (STATIC, "static"),
        (dynamic(), "dynamic"),
        (make({}, soname="libx.so"), "library"),
        (make({}, needed=("libc.so.6",)), "library"),
        (b"#!/bin/sh\n", "script"),
        (make({}, kind=2, needed=("libc.so.6",)), "static"),
        (make({}, kind=1), None),
        (make({}, kind=4), None),
        (make({}, symbols=[(name, "V", "l.so") for name in "ab"]), "library"),
        (make({}, symbols=[("a", "V", "l.so")]), "static"),
        (make({}, symbols=[(name, "V", "l.so") for name in "abcd"], texts=b"\0_start\0"), "static"),
        (b"#!\n", None),
        (b"\x7fELF", None),
        (b"", None),
    ],
)
def test_the_kinds_of_programs(data: bytes, kind: str | None) -> None:
    found = program(data)
    assert (found.kind if found else None) == kind


@pytest.mark.parametrize(
    ("how", "mentions"),
    [
        ({"interpreter": LOADER}, ("usr/share/zoneinfo", "etc/passwd")),
        ({"kind": 2}, ("usr/share/zoneinfo", "etc/passwd")),
        ({"soname": "libx.so"}, ()),
    ],
)
def test_a_program_mentions_what_it_may_open_and_a_library_nothing(
    how: dict[str, Any], mentions: tuple[str, ...]
) -> None:
    data = make({".rodata": b"\0/etc/passwd\0/usr/share/zoneinfo/UTC\0etc/mime.types\0"}, **how)
    found = program(data)
    assert found is not None
    assert found.mentions == mentions
    assert found.loads == ()


def test_a_program_that_asks_for_dlopen_names_what_it_may_load() -> None:
    wanted = [("dlopen", "GLIBC_2.34", "libc.so.6")]
    names = make({".rodata": b"\0libplug.so.2\0libplug.so.2\0xlib.so\0"}, interpreter="/lib/ld.so", symbols=wanted)
    found = program(names)
    assert found is not None
    assert found.loads == ("libplug.so.2",)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x7fELF\x02\x01\x01", b"#!", dynamic("libz.so.1")]))
@draws(150)
def test_no_bytes_break_it(data: bytes, begin: bytes) -> None:
    program(begin + data)
    program(begin[: len(data)] + data)


def test_a_deep_path_is_no_trouble(tmp_path: Path) -> None:
    deep = "/".join(["d"] * 1500)
    found = laid(tmp_path, {f"{deep}/x": b"1"}, {".wh.d": b""})
    assert found.hidden[0].size == 1
