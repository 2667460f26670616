"""What the archive of a layer writes again: a container sees the last of it."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from sealock.image.entry import LayerSource
from sealock.image.opener import open_image
from sealock.inventory.catalog import analyzers
from sealock.inventory.names import pairs
from sealock.inventory.scan import join, scan_layer, scan_piece
from sealock.inventory.selection import Selection
from support.layeredimages import Member, directory, file, gone, hard, read, symbolic
from support.madeimages import docker_save, info, tar, write

STATUS = "var/lib/dpkg/status"
LOCK = "srv/package-lock.json"


def database(*names: str) -> str:
    return "".join(
        f"Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-1\n\n" for name in names
    )


def lock(name: str) -> str:
    return f'{{"lockfileVersion": 3, "packages": {{"node_modules/{name}": {{"version": "1.0.0"}}}}}}'


OLD, NEW = file(STATUS, database("old")), file(STATUS, database("new"))
ROWS: dict[str, tuple[list[Member], list[str]]] = {
    "a database is replaced by another": ([OLD, NEW], ["new"]),
    "a database is replaced by an empty one": ([OLD, file(STATUS)], []),
    "a database is replaced by another, twice": ([OLD, NEW, OLD], ["old"]),
    "a lock file stays where another one is written": ([file(LOCK, lock("a")), OLD, NEW], ["a", "new"]),
    "a lock file is replaced": ([file(LOCK, lock("a")), file(LOCK, lock("b"))], ["b"]),
    "a lock file is replaced by a link": ([file(LOCK, lock("a")), symbolic(LOCK, "/nowhere")], []),
    "a lock file is replaced by a directory": ([file(LOCK, lock("a")), directory(LOCK)], []),
    "a directory is replaced by a file": ([file(LOCK, lock("a")), file("srv")], []),
    "a directory above is replaced by a link": ([file("a/" + LOCK, lock("a")), symbolic("a", "/nowhere")], []),
    "a directory is replaced by a file, and written again": (
        [file(LOCK, lock("a")), file("srv/b/package-lock.json", lock("b")), file("srv"), file(LOCK, lock("c"))],
        ["c"],
    ),
    "a directory comes again and keeps its files": ([directory("srv"), file(LOCK, lock("a")), directory("srv")], ["a"]),
    "a file beside it with the same beginning": ([file(LOCK, lock("a")), file("sr"), file(LOCK + ".md")], ["a"]),
    "a link to a lock file is replaced by a file": (
        [file("opt/x", lock("a")), symbolic(LOCK, "/opt/x"), file(LOCK, lock("b"))],
        ["b"],
    ),
    "a link to a lock file is replaced by a directory": (
        [file("opt/x", lock("a")), symbolic(LOCK, "/opt/x"), directory(LOCK)],
        [],
    ),
    "a link to a lock file is replaced, and made again": (
        [file("opt/x", lock("a")), symbolic(LOCK, "/opt/x"), file(LOCK, lock("b")), symbolic(LOCK, "/opt/x")],
        ["a"],
    ),
    "a link leads to another file than before": (
        [file("opt/x", lock("a")), file("opt/y", lock("b")), symbolic(LOCK, "/opt/x"), symbolic(LOCK, "/opt/y")],
        ["b"],
    ),
    "a hard link is replaced by a file": (
        [file("opt/x", lock("a")), hard(LOCK, "opt/x"), file(LOCK, lock("b"))],
        ["b"],
    ),
    "a hard link to what was written again before it": (
        [file("opt/x", lock("a")), file("opt/x", lock("b")), hard(LOCK, "opt/x")],
        ["b"],
    ),
    "a link below a directory that a file replaces": (
        [file("opt/x", lock("a")), symbolic(LOCK, "/opt/x"), file("srv")],
        [],
    ),
    "a file after its whiteout": ([gone(LOCK), file(LOCK, lock("a"))], ["a"]),
}


HARD_LINK = [file("opt/x", lock("a")), hard(LOCK, "opt/x"), file("opt/x", lock("b"))]
ERRORS = {
    "a hard link to what is written again": HARD_LINK,
    "a whiteout after the file": [file(LOCK, lock("a")), gone(LOCK)],
    "a whiteout after a file below": [file(LOCK, lock("a")), gone("srv")],
}


@pytest.mark.parametrize("row", ROWS)
def test_a_container_sees_the_last_that_is_written(row: str, tmp_path: Path) -> None:
    members, expected = ROWS[row]
    inventory = read(tmp_path, members)
    assert sorted(package.name for package in inventory.packages if not package.removed) == expected
    assert not inventory.errors


def test_a_distribution_is_that_of_the_last_file(tmp_path: Path) -> None:
    members = [file("etc/os-release", f'ID=debian\nVERSION_ID="{version}"\n') for version in (11, 12)]
    found = read(tmp_path, [*members, NEW]).distribution
    assert found
    assert found.version == "12"


def test_a_mode_is_that_of_the_last_entry(tmp_path: Path) -> None:
    def modes(*members: Member) -> list[tuple[str, str]]:
        return [(fact.path, fact.kind) for fact in read(tmp_path, list(members)).files]

    program, plain = info("usr/bin/a", b"#", mode=0o4755), info("usr/bin/a", b"#", mode=0o755)
    everyone, few = (info("srv", type=tarfile.DIRTYPE, mode=mode) for mode in (0o777, 0o755))
    assert modes(plain, program) == [("usr/bin/a", "setuid")]
    assert modes(program, plain) == []
    assert modes(program, program) == [("usr/bin/a", "setuid")]
    assert modes(few, everyone) == [("srv", "world-writable-directory")]
    assert modes(everyone, few) == []


def test_a_hard_link_to_what_is_written_again_after_it_is_an_error(tmp_path: Path) -> None:
    # It has the bytes that the archive no longer has at the other path.
    (error,) = read(tmp_path, HARD_LINK).errors
    assert error.location.file.endswith("srv/package-lock.json")
    assert (
        error.message == "it is a hard link to /opt/x, which the archive writes after it: what it leads to is not known"
    )


@pytest.mark.parametrize("path", [LOCK, "srv"])
def test_a_whiteout_after_what_it_removes_is_an_error(path: str, tmp_path: Path) -> None:
    # The specification has it remove nothing of its own layer, and Docker removes that.
    (error,) = read(tmp_path, [file(LOCK, lock("a")), gone(path), gone("srv/x")]).errors
    assert error.location.file.endswith(path)
    assert "engines differ" in error.message


@pytest.mark.parametrize(
    "members", [*(members for members, _ in ROWS.values()), *ERRORS.values()], ids=[*ROWS, *ERRORS]
)
def test_pieces_of_an_archive_give_what_the_whole_gives(members: list[Member], tmp_path: Path) -> None:
    selection = Selection(analyzers())
    (layer,) = layers_of(tmp_path, tar(*members))
    whole = scan_layer(layer, selection)
    pieces = [scan_piece(each.entries(), selection) for each in layers_of(tmp_path, *(tar(each) for each in members))]
    joined = join(pieces, selection)
    assert joined.packages == whole.packages
    assert joined.files == whole.files
    assert joined.faults == whole.faults
    assert dict(pairs(joined.links)) == dict(pairs(whole.links))
    assert dict(pairs(joined.marked)) == dict(pairs(whole.marked))


def layers_of(tmp_path: Path, *layers: bytes) -> tuple[LayerSource, ...]:
    (image,) = open_image(write(tmp_path / "app.tar", docker_save(*layers)))
    return image.layers
