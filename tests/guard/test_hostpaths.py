"""Paths of the host are followed to their end, and who could make them lead elsewhere is known."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from sealock.guard.hostpaths import PathError, resolve


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that only root can write, below directories of which that is true too."""
    (tmp_path / "data" / "in").mkdir(parents=True)
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("data")
    (tmp_path / "up").symlink_to("data/in/..")
    (tmp_path / "root").symlink_to("/")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "data" / "etc").symlink_to("/etc")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock"))
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


ROWS = [
    ("data", "data", "directory"),
    ("link", "data", "directory"),
    ("link/in", "data/in", "directory"),
    ("up", "data", "directory"),
    ("up/in", "data/in", "directory"),
    ("data//in/./", "data/in", "directory"),
    ("data/in/../../file", "file", "file"),
    ("link/../file", "file", "file"),
    ("sock", "sock", "socket"),
    ("pipe", "pipe", "file"),
    ("missing", "missing", "missing"),
    ("link/missing/below", "data/missing/below", "missing"),
]


@pytest.mark.parametrize(("path", "where", "kind"), ROWS)
def test_a_path_is_followed(path: str, where: str, kind: str, place: Path) -> None:
    answer = resolve(f"{place}/{path}")
    assert (answer.path, answer.kind) == (str(place / where), kind)
    if kind != "missing":
        assert answer.path == os.path.realpath(f"{place}/{path}")


ABROAD = [
    ("root", "/", "directory"),
    ("root/dev/null", "/dev/null", "device"),
    ("data/etc/passwd", "/etc/passwd", "file"),
]


@pytest.mark.parametrize(("path", "where", "kind"), ABROAD)
def test_a_link_leads_out(path: str, where: str, kind: str, place: Path) -> None:
    answer = resolve(f"{place}/{path}")
    assert (answer.path, answer.kind) == (where, kind)


@pytest.mark.parametrize("path", ["loop", "loop/x", "file/x", "missing/../data", "x" * 5000, "a/" * 1000])
def test_a_path_that_cannot_be_followed_is_an_error(path: str, place: Path) -> None:
    with pytest.raises(PathError):
        resolve(f"{place}/{path}")


@pytest.mark.parametrize("path", ["", "relative", "/a\0b"])
def test_a_path_has_to_be_absolute(path: str) -> None:
    with pytest.raises(PathError):
        resolve(path)


def test_who_can_replace_a_part_of_the_way_is_known(tmp_path: Path) -> None:
    # The test's own directory is below /tmp, whose sticky bit protects its entries.
    base = set(resolve(str(tmp_path)).writers)
    way = tmp_path / "way"
    way.mkdir()
    (way / "end").mkdir()
    answer = resolve(f"{way}/end")
    assert (set(answer.writers), answer.writer_groups, answer.everybody) == (base, (), False)
    os.chown(way, 1234, 2345)
    assert set(resolve(f"{way}/end").writers) == base | {1234}
    way.chmod(0o775)
    assert resolve(f"{way}/end").writer_groups == (2345,)
    way.chmod(0o777)
    assert resolve(f"{way}/end").everybody
    way.chmod(0o1777)
    os.chown(way / "end", 777, -1)
    sticky = resolve(f"{way}/end")
    assert (777 in sticky.writers, sticky.everybody) == (True, False)
    assert resolve(f"{way}/new").everybody, "anybody can make what is missing"
    (tmp_path / "link").symlink_to("way/end")
    assert 1234 in resolve(f"{tmp_path}/link").writers, "the way of a link counts too"
