"""Files that are no files, links that lead away, bytes that are no text: each is refused with its reason."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.formats.files import FileRefusedError
from sealock.targets.directory import DirectoryWindow
from sealock.targets.files import LIMIT, read_text
from sealock.targets.outputs import replace_text, write_output


def sparse(path: Path) -> None:
    with path.open("wb") as handle:
        handle.truncate(LIMIT + 1)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda _path: None, "No such file", id="one that is not there"),
        pytest.param(lambda path: path.mkdir(), "is a directory", id="a folder"),
        pytest.param(os.mkfifo, "is a named pipe", id="a named pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "is a device", id="a link to an endless device"),
        pytest.param(lambda path: path.symlink_to(path), "symbolic links", id="a link to itself"),
        pytest.param(lambda path: path.write_bytes(b"ok\n\xff\n"), "line 2: not UTF-8 text (byte 0xff)", id="no UTF-8"),
        pytest.param(lambda path: path.write_bytes(b"a\nb\0\n"), "line 2: it contains a NUL byte", id="a NUL byte"),
        pytest.param(sparse, "larger than 8 MiB", id="one that is too large"),
    ],
)
def test_what_is_no_text_file_is_refused(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    path = tmp_path / "Dockerfile"
    make(path)
    with pytest.raises(FileRefusedError) as refused:
        read_text(str(path))
    assert said in str(refused.value)


def window(tmp_path: Path, *, outside: bool = False) -> DirectoryWindow:
    (tmp_path / "secret").write_text("s", encoding="utf-8")
    inner = tmp_path / "project"
    (inner / "sub").mkdir(parents=True)
    (inner / "in").write_text("i", encoding="utf-8")
    (inner / "away").symlink_to(tmp_path / "secret")
    (inner / "home").symlink_to(inner / "in")
    return DirectoryWindow(str(inner / "sub"), str(inner), outside=outside)


@pytest.mark.parametrize("path", ["../in", "../sub/../in", "../home"])
def test_a_document_reads_what_lies_within(tmp_path: Path, path: str) -> None:
    assert window(tmp_path).text(path) == "i"


@pytest.mark.parametrize(
    ("name", "data"),
    [("more.txt", "a==1.0\n".encode("utf-16")), ("more.txt", b"# coding: latin-1\na==1.0\n"), ("more", b"a==1.0\n")],
)
def test_a_document_reads_the_text_of_requirements_as_pip_does(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert DirectoryWindow(str(tmp_path), str(tmp_path)).text(name).splitlines()[-1] == "a==1.0"


@pytest.mark.parametrize("path", ["../../secret", "../away", "/etc/passwd", "a\0b", "x/" * 3000])
def test_a_document_does_not_read_what_lies_outside(tmp_path: Path, path: str) -> None:
    folder = window(tmp_path)
    with pytest.raises(FileRefusedError):
        folder.text(path)
    assert folder.fact(path).exists is None
    assert folder.entries(path) is None


def test_outside_may_be_allowed(tmp_path: Path) -> None:
    assert window(tmp_path, outside=True).text("../../secret") == "s"


def test_a_document_that_has_files_read_without_end_is_stopped(tmp_path: Path) -> None:
    folder = window(tmp_path)
    for _ in range(1000):
        folder.text("../in")
    with pytest.raises(FileRefusedError, match="already read 1000 files"):
        folder.text("../in")


@pytest.mark.parametrize(
    ("ignore", "at", "result"),
    [
        (".env\n", "", True),
        ("*.env\n!.env\n", "", False),
        ("", "", False),
        (".env\n", "app", True),
    ],
)
def test_git_ignores_are_read(tmp_path: Path, ignore: str, at: str, result: bool) -> None:  # noqa: FBT001  a column
    (tmp_path / ".git").mkdir()
    (tmp_path / "app").mkdir(exist_ok=True)
    (tmp_path / ".gitignore").write_text(ignore, encoding="utf-8")
    (tmp_path / at / ".env").write_text("A=1", encoding="utf-8")
    (tmp_path / at / ".env").chmod(0o604)
    fact = DirectoryWindow(str(tmp_path / at), str(tmp_path)).fact(".env")
    assert (fact.exists, fact.mode, fact.in_repository, fact.ignored_by_git) == (True, 0o604, True, result)


def test_without_a_repository_nothing_is_ignored_by_git(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1", encoding="utf-8")
    fact = DirectoryWindow(str(tmp_path), str(tmp_path)).fact(".env")
    assert (fact.in_repository, fact.ignored_by_git) == (False, None)


def test_a_file_is_replaced_whole_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o755)
    link = tmp_path / "link.sh"
    link.symlink_to(path)
    replace_text(str(link), "old", "new\r\n")
    assert (path.read_bytes(), path.stat().st_mode & 0o777, link.is_symlink()) == (b"new\r\n", 0o755, True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.sh", "run.sh"]


def test_a_file_that_has_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("changed", encoding="utf-8")
    with pytest.raises(TargetError, match="changed while"):
        replace_text(str(path), "old", "new")
    assert path.read_text(encoding="utf-8") == "changed"


def test_a_report_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="could not be written"):
        write_output(str(tmp_path / "none" / "report.json"), "{}")
    write_output(str(tmp_path / "report.json"), "{}")
    assert [one.name for one in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").stat().st_mode & 0o400
