"""Root file systems in directories: listed as they are, and nothing outside is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealock.image.entry import Bounds
from sealock.image.opener import open_image
from support.madeimages import contents, troubles


def made(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for directory in ("etc/deep", "bin", "proc"):
        (root / directory).mkdir(parents=True)
    (tmp_path / "outside").write_text("secret")
    (root / "etc" / "passwd").write_text("root:x:0:0")
    (root / "etc" / "passwd").chmod(0o4640)
    (root / "etc" / "shadow").symlink_to("/etc/passwd")
    (root / "etc" / "up").symlink_to("../../outside")
    (root / "outdir").symlink_to(tmp_path)
    os.link(root / "etc" / "passwd", root / "etc" / "passwd-")
    os.mkfifo(root / "etc" / "pipe")
    return root


def test_every_kind_of_entry_is_listed_and_links_are_not_followed(tmp_path: Path) -> None:
    (image,) = open_image(str(made(tmp_path)))
    entries = [(entry.kind, entry.path, entry.target, entry.size) for entry in image.layers[0].entries()]
    assert entries == [
        ("directory", "bin", "", 0),
        ("directory", "etc", "", 0),
        ("symbolic link", "outdir", str(tmp_path), 0),
        ("directory", "proc", "", 0),
        ("directory", "etc/deep", "", 0),
        ("file", "etc/passwd", "", 10),
        ("hard link", "etc/passwd-", "etc/passwd", 0),
        ("pipe", "etc/pipe", "", 0),
        ("symbolic link", "etc/shadow", "/etc/passwd", 0),
        ("symbolic link", "etc/up", "../../outside", 0),
    ]
    assert [entry.mode for entry in image.layers[0].entries() if entry.path == "etc/passwd"] == [0o4640]
    assert contents(image) == {"etc/passwd": b"root:x:0:0"}
    assert troubles(image) == ""


def test_a_file_that_becomes_a_link_while_it_is_read_gives_nothing(tmp_path: Path) -> None:
    root = made(tmp_path)
    (image,) = open_image(str(root))
    got = []
    for entry in image.layers[0].entries():
        if entry.path == "etc/passwd":
            (root / "etc" / "passwd").unlink()
            (root / "etc" / "passwd").symlink_to("../../outside")
            got.append(entry.read(100))
            (root / "etc" / "passwd").unlink()
            (root / "etc" / "passwd").write_text("another")
            got.append(entry.read(100))
    assert got == [b"", b""]
    assert "was replaced while it was read" in "\n".join(error.message for error in image.layers[0].errors)


def test_a_directory_that_becomes_a_link_is_not_entered(tmp_path: Path) -> None:
    root = made(tmp_path)
    (image,) = open_image(str(root))
    seen = []
    for entry in image.layers[0].entries():
        seen.append(entry.path)
        if entry.path == "proc":
            (root / "bin").rmdir()
            (root / "bin").symlink_to(tmp_path)
    assert "bin/outside" not in seen
    assert [error.message for error in image.layers[0].errors] == ["The root file system: 'bin': Not a directory"]


def test_names_that_are_no_text_are_kept(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff\xfe")).write_text("x")
    (image,) = open_image(str(tmp_path))
    assert contents(image) == {"\udcff\udcfe": b"x"}


@pytest.mark.parametrize(("depth", "deepest"), [(20, 20), (300, 257)])
def test_directories_without_end_are_left(depth: int, deepest: int, tmp_path: Path) -> None:
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=at)
        below = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = below
    os.close(at)
    (image,) = open_image(str(tmp_path))
    assert len(list(image.layers[0].entries())) == deepest
    assert bool(troubles(image)) == (deepest < depth)


def test_too_many_entries_end_the_walk(tmp_path: Path) -> None:
    (image,) = open_image(str(made(tmp_path)), bounds=Bounds(entries=4))
    assert len(list(image.layers[0].entries())) == 4
    assert "there are more than 4 entries" in troubles(image)
