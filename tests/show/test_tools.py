"""The commands of demonstrations come from a BusyBox that needs no other file."""

from __future__ import annotations

import shutil
import struct
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.show import tools
from sealock.show.tools import applets, copy_client, copy_tools, find_busybox, image, is_static


def program(*segments: int, wide: bool = True, little: bool = True) -> bytes:
    """The head of an ELF file with segments of these kinds."""
    order, size, at = "<" if little else ">", 56 if wide else 32, 64
    head = bytearray(at)
    head[:6] = b"\x7fELF" + bytes([2 if wide else 1, 1 if little else 2])
    struct.pack_into(f"{order}{'Q' if wide else 'I'}", head, 32 if wide else 28, at)
    struct.pack_into(f"{order}HH", head, 54 if wide else 42, size, len(segments))
    return bytes(head) + b"".join(struct.pack(f"{order}I", kind).ljust(size, b"\3") for kind in segments)


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize(
    ("segments", "static"),
    [((), True), ((1,), True), ((1, 6, 1), True), ((3,), False), ((6, 1, 3), False), ((3, 1), False)],
)
def test_a_program_that_names_no_loader_is_static(
    segments: tuple[int, ...],
    tmp_path: Path,
    *,
    static: bool,
    wide: bool,
    little: bool,
) -> None:
    path = tmp_path / "program"
    path.write_bytes(program(*segments, wide=wide, little=little))
    assert is_static(str(path)) == static


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n" * 20, program()[:63], b"\x7fELG" + program()[4:]])
def test_what_is_no_program_is_not_static(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(data)
    assert not is_static(str(tmp_path / "x"))


@pytest.fixture
def busybox(tmp_path: Path) -> Path:
    """A script that lists commands as BusyBox does."""
    path = tmp_path / "busybox"
    path.write_text('#!/bin/sh\n[ "$1" = --list ] && printf "busybox\\nls\\nsbin/x\\nsh\\n"\n')
    path.chmod(0o755)
    return path


def test_the_first_static_one_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, kind in (("dynamic", 3), ("static", 1), ("other", 1)):
        (tmp_path / name).write_bytes(program(kind))
    paths = [str(tmp_path / name) for name in ("gone", "dynamic", "static", "other")]
    monkeypatch.setattr(tools, "_PATHS", tuple(paths))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert find_busybox() == paths[2]
    monkeypatch.setattr(shutil, "which", lambda _: paths[3])
    assert find_busybox() == paths[3]
    monkeypatch.setattr(tools, "_PATHS", tuple(paths[:2]))
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(TargetError, match="no static BusyBox on this machine"):
        find_busybox()


def test_its_commands_are_links(busybox: Path, tmp_path: Path) -> None:
    assert applets(str(busybox)) == ["ls", "sh"]
    copy_tools(str(busybox), tmp_path / "to")
    assert {path.name: path.is_symlink() for path in (tmp_path / "to" / "bin").iterdir()} == {
        "busybox": False, "ls": True, "sh": True,
    }  # fmt: skip
    assert (tmp_path / "to" / "bin" / "sh").resolve().read_bytes() == busybox.read_bytes()
    assert (tmp_path / "to" / "tmp").is_dir()


def test_an_image_has_nothing_else(busybox: Path) -> None:
    with tarfile.open(fileobj=BytesIO(image(str(busybox)))) as archive:
        members = {member.name: member for member in archive}
        assert {name for name, member in members.items() if not member.isdir()} == {
            "etc/passwd", "etc/group", "bin/busybox", "bin/ls", "bin/sh",
        }  # fmt: skip
        assert (members["bin/busybox"].mode, members["tmp"].mode, members["app"].mode) == (0o755, 0o1777, 0o755)
        assert (members["bin/sh"].linkname, members["bin/sh"].issym()) == ("busybox", True)
        for name, start in (("etc/passwd", b"root::0:0:root:/:/bin/sh\n"), ("etc/group", b"root:x:0:\n")):
            file = archive.extractfile(name)
            assert file is not None
            assert file.read().startswith(start)
        file = archive.extractfile("bin/busybox")
        assert file is not None
        assert file.read() == busybox.read_bytes()


def test_a_static_client_is_copied_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker").write_bytes(program(1))
    monkeypatch.setattr(shutil, "which", lambda _: str(tmp_path / "docker"))
    copy_client(tmp_path / "to", "/bin/sh")
    assert [path.name for path in (tmp_path / "to").iterdir()] == ["docker"]
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(TargetError, match="which is not on this machine"):
        copy_client(tmp_path / "again", "/bin/sh")
    assert not (tmp_path / "again").exists()


def test_a_dynamic_client_brings_its_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    monkeypatch.setattr(shutil, "which", lambda _: shell)
    copy_client(tmp_path / "to", "/bin/ash")
    names = {path.name for path in (tmp_path / "to").iterdir()}
    loader = next(name for name in names if name.startswith("ld"))
    assert {"docker", "docker.dynamic"} < names
    assert (tmp_path / "to" / "docker").read_text() == (
        f'#!/bin/ash\nexec /.client/{loader} --library-path /.client /.client/docker.dynamic "$@"\n'
    )
    assert (tmp_path / "to" / "docker").stat().st_mode & 0o777 == 0o755
    (tmp_path / "lone").write_bytes(program(3))
    monkeypatch.setattr(shutil, "which", lambda _: str(tmp_path / "lone"))
    with pytest.raises(TargetError, match=r"the libraries that .*/lone needs could not be found"):
        copy_client(tmp_path / "other", "/bin/sh")
