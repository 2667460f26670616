"""Libraries are found where a loader would look, and those that a program may load later are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.baseadvice import GLIBC, LOADER, MUSL, STATIC, advise, dynamic, result
from support.elffiles import make

LIBRARY = make({}, soname="libown.so.1", needed=("libc.so.6",))
PLUG = make(
    {".rodata": b"\0libplug.so.2\0libabsent.so\0"},
    interpreter=LOADER,
    needed=("libc.so.6",),
    symbols=[("dlopen", "GLIBC_2.34", "libc.so.6")],
)


@pytest.mark.parametrize(
    ("files", "config", "found"),
    [
        ({"lib/libown.so.1": LIBRARY}, {}, "lib/libown.so.1"),
        ({"usr/lib/x86_64-linux-gnu/libown.so.1": LIBRARY}, {}, "usr/lib/x86_64-linux-gnu/libown.so.1"),
        ({"opt/own/libown.so.1": LIBRARY}, {}, ""),
        ({"opt/own/libown.so.1": LIBRARY, "etc/ld.so.conf.d/own.conf": "# ours\n/opt/own\n"}, {}, "opt/own/libown.so.1"),
        ({"opt/own/libown.so.1": LIBRARY}, {"Env": ["LD_LIBRARY_PATH=/x:/opt/own"]}, "opt/own/libown.so.1"),
        ({"opt/libown.so.1.0": LIBRARY, "lib/libown.so.1": "-> ../opt/libown.so.1.0"}, {}, "opt/libown.so.1.0"),
        ({"usr/lib64/libown.so.1": LIBRARY, "elsewhere": "-> usr/lib64"}, {}, "usr/lib64/libown.so.1"),
    ],
)  # fmt: skip
def test_where_libraries_are_found(
    files: dict[str, bytes | str], config: dict[str, Any], found: str, tmp_path: Path
) -> None:
    advice = advise(tmp_path, {**GLIBC, "app": dynamic("libown.so.1"), **files}, config={"Cmd": ["/app"]} | config)
    assert [path for path in advice.closure.files if "own" in path] == ([found] if found else [])
    assert [library for _, library in advice.closure.missing] == ([] if found else ["libown.so.1"])


def test_what_may_be_loaded_later_is_told_and_makes_the_verdict_less_sure(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {**GLIBC, "app": PLUG, "lib/libplug.so.2": make({}, soname="libplug.so.2")}
    advice = advise(tmp_path, files, config={"Cmd": ["/app"]})
    assert advice.closure.maybe == ("lib/libplug.so.2",)
    found = result(advice, "distroless")
    assert (found.answer, found.sure) == ("yes", "likely")
    assert any("(dlopen): libplug.so.2" in reason for reason in found.reasons)


def test_musls_loader_is_its_library_by_every_name(tmp_path: Path) -> None:
    program = make({}, interpreter=MUSL, needed=("libc.so", "libpthread.so.0", "libm.so.6", "libz.so.1"))
    advice = advise(tmp_path, {MUSL.lstrip("/"): STATIC, "app": program}, config={"Cmd": ["/app"]})
    assert [library for _, library in advice.closure.missing] == ["libz.so.1"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sh", "/run"], ["bin/sh", "app"]),
        (["sh", "-e", "/run"], ["bin/sh", "app"]),
        (["sh", "/large"], ["bin/sh"]),
        (["sh", "-ec", "exec /app"], ["bin/sh", "app"]),
        (["/large"], ["large", "bin/sh"]),
    ],
    ids=str,
)
def test_a_script_that_a_shell_is_given_is_followed(words: list[str], expected: list[str], tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        **GLIBC, "bin/sh": dynamic(), "app": STATIC, "run": "#!/bin/sh\nexec /app\n",
        "large": "#!/bin/sh\n" + "#" * 70_000 + "\n/app\n",
    }  # fmt: skip
    start = advise(tmp_path, files, config={"Cmd": words}).start
    assert [step.path for step in start.steps] == expected
    assert bool(start.unknown) == ("/large" in words)
    assert start.shell


def test_files_of_wheels_are_told_by_their_tag(tmp_path: Path) -> None:
    site = "usr/lib/python3/site-packages"
    files: dict[str, bytes | str] = {
        **GLIBC, "usr/bin/python3": STATIC,
        f"{site}/fast.so": make({}, needed=("libc.so.6",), symbols=[("backtrace", "GLIBC_2.2.5", "libc.so.6")]),
        f"{site}/fast-1.dist-info/METADATA": "Name: fast\nVersion: 1\n",
        f"{site}/fast-1.dist-info/RECORD": "fast.so,,\n",
        f"{site}/fast-1.dist-info/WHEEL": "Tag: cp313-cp313-manylinux_2_17_x86_64\nTag: cp313-cp313-manylinux2014_x86_64\n",
    }  # fmt: skip
    advice = advise(tmp_path, files, config={"Cmd": ["python3"]})
    (file,) = advice.musl
    assert (file.owner, file.wheel, file.says) == ("fast", "manylinux_2_17_x86_64", ("backtrace@GLIBC_2.2.5",))
    found = result(advice, "alpine")
    assert found.answer == "work"
    assert "1 Python package came as manylinux wheels (fast)" in found.reasons[0]


def test_packages_without_lists_own_their_folders(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "app/node_modules/left/package.json": '{"name": "left", "version": "1.0.0"}', "app/node_modules/left/big": b"x" * 5000,
        "usr/lib/ruby/gems/3.3.0/specifications/rack-3.0.gemspec": 'Gem::Specification.new do |s|\n  s.name = "rack".freeze\n  s.version = "3.0"\nend\n',
        "usr/lib/ruby/gems/3.3.0/gems/rack-3.0/lib/rack.rb": b"x" * 4000, "own": b"y" * 3000,
    }  # fmt: skip
    surface = advise(tmp_path, files).surface
    assert [(owner.name, owner.size > 3999) for owner in surface.owners] == [("left", True), ("rack", True)]
    assert surface.unowned_most[0].name == "own"
