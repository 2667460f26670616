"""What programs could call follows from what they import; what cannot be followed is named."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.cli.main import main
from sealock.formats.profile import read_profile, write_profile
from sealock.image.opener import open_image
from sealock.inventory import elf
from sealock.inventory._symbols import imported_names
from sealock.inventory.importedcalls import PossibleCalls, possible_calls
from sealock.model.libccalls import _ALSO, calls_of
from sealock.model.location import Source
from sealock.model.profile import ArchitectureCalls
from sealock.model.systemcalls import system_calls
from support.baseadvice import GLIBC, STATIC, dynamic, layer
from support.draws import draws
from support.elffiles import make
from support.madeimages import docker_save, write
from support.profiles import web

PROGRAM = dynamic(symbols=("accept4@GLIBC_2.10", "fopen@GLIBC_2.2.5", "qsort@GLIBC_2.2.5"))
FILES: dict[str, bytes | str] = {
    **GLIBC, "usr/bin/app": PROGRAM, "usr/bin/static": STATIC, "usr/bin/script": "#!/bin/sh\n",
    "usr/bin/bare": make({}, symbols=[("mount", "", "GLIBC_2.2.5")]), "usr/bin/idle": make({}, needed=["libc.so.6"]), "usr/bin/empty": "",
    "usr/bin/raw": dynamic(symbols=("syscall@GLIBC_2.2.5", "mount@GLIBC_2.2.5")), "usr/bin/other": dynamic(symbols=("ptrace@GLIBC_2.2.5",)),
}  # fmt: skip


@pytest.fixture
def image(tmp_path: Path) -> Path:
    lower = layer({"usr/bin/app": dynamic(symbols=("reboot@GLIBC_2.2.5",))})
    return Path(write(tmp_path / "app.tar", docker_save(lower, layer(FILES))))


@pytest.mark.parametrize(
    ("paths", "calls", "unread"),
    [
        (("/usr/bin/app", "/lib/libc.so.6"), {"accept4", "open", "openat"}, ()),
        (("/usr/bin/static",), set(), ("/usr/bin/static",)),
        (("/usr/bin/raw",), {"mount"}, ("/usr/bin/raw",)),
        (("/usr/bin/script", "/usr/bin/gone"), set(), ()),
        (("/usr/bin/bare",), {"mount"}, ()),
        (("/usr/bin/idle", "/usr/bin/empty"), set(), ()),
        (("/usr/bin/raw", "/usr/bin/static"), {"mount"}, ("/usr/bin/raw", "/usr/bin/static")),
    ],
)
def test_calls_follow_from_imports_of_the_named_files(
    image: Path, paths: tuple[str, ...], calls: set[str], unread: tuple[str, ...]
) -> None:
    (opened, *_) = open_image(str(image), verify=False)
    assert possible_calls(opened.layers, paths, "x86_64") == PossibleCalls(frozenset(calls), unread)


def test_floor_is_added_to_a_profile_of_the_image_and_of_no_other(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (opened, *_) = open_image(str(image), verify=False)
    file = tmp_path / "web.profile.json"
    calls = (ArchitectureCalls("x86_64", ("openat",)), ArchitectureCalls("aarch64", ("openat",)))
    profile = web(digests=(opened.id,), executed=("/usr/bin/app",), libraries=("/usr/bin/static",), syscalls=calls)
    file.write_text(write_profile(profile), encoding="utf-8")
    assert main(["profile", "floor", str(file), str(image)]) == 0
    assert "could make" in (err := capsys.readouterr().err)
    assert "these may make more, by number or without a C library: /usr/bin/static" in err
    text = file.read_text(encoding="utf-8")
    possible = {name for calls in read_profile(Source("p", text)).syscalls for name in calls.possible}
    assert "accept4" in possible
    file.write_text(write_profile(web(executed=("/usr/bin/app",))), encoding="utf-8")
    assert main(["profile", "floor", str(file), str(image)]) == 2
    assert "it was learned from another image" in capsys.readouterr().err
    assert main(["profile", "floor", str(file), str(image), "--accept", "image"]) == 0


def test_table_names_real_calls_of_some_architecture() -> None:
    known = {name for machine in ("x86_64", "aarch64") for name in system_calls(machine).values()}
    assert {name for calls in _ALSO.values() for name in calls} <= known


def test_real_program_imports_what_binutils_lists() -> None:
    path = "/usr/bin/git"
    program = elf.read_if_valid(Path(path).read_bytes())
    assert program is not None
    listed = subprocess.run(["nm", "-D", "--undefined-only", path], capture_output=True, text=True, check=True).stdout
    expected = set(re.findall(r"^ +[Uw] ([^@\s]+)", listed, re.MULTILINE))
    assert {name.decode() for name in imported_names(program)} == expected
    assert {"socket", "openat", "execve", "rename"} & calls_of(expected, "x86_64")


@given(st.integers(0, len(PROGRAM) - 1), st.binary(min_size=1, max_size=16))
@draws(150)
def test_damaged_programs_never_raise(place: int, junk: bytes) -> None:
    program = elf.read_if_valid(PROGRAM[:place] + junk + PROGRAM[place + len(junk) :])
    names = imported_names(program) if program is not None else []
    assert len(names) <= 20_000
    assert calls_of((name.decode("ascii", "replace") for name in names), "x86_64") <= set(
        system_calls("x86_64").values()
    )
