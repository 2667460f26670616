"""What of an image or a directory cannot be read is an error in the report, and the rest of it is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import SealockError
from sealock.image.bytesources import UnreadableError
from sealock.image.header import size
from sealock.image.opener import open_image
from sealock.image.pump import Pumped
from support.madeimages import Layout, contents, docker_save, files, spread, troubles, write

LAYER = files(which=b"one")


def test_a_stream_that_fails_for_any_reason_cannot_be_read() -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(9)
        raise KeyError("x")  # noqa: EM101  a fault

    pumped = Pumped(chunks())
    with pytest.raises(UnreadableError, match=r"it could not be read \(KeyError\('x'\)\)"):
        pumped.fetch(0, 10)
    assert pumped.broken
    pumped.close()


@pytest.mark.parametrize(
    ("field", "expected"),
    [(b"00000000017\0", 15), (b"00000000018\0", None), (b"       17\0\0\0", 15), (b"\x80\0\0\0\0\0\0\0\0\0\1\0", 256)],
    ids=["octal digits", "a digit that is none of them", "blanks before them", "a binary number"],
)
def test_the_size_of_an_entry_is_octal_or_binary(field: bytes, expected: int | None) -> None:
    assert size(bytes(124) + field.ljust(12, b"\0") + bytes(376)) == expected


def test_only_files_and_directories_are_images(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SealockError, match="it is neither a file nor a directory"):
        open_image(str(tmp_path / "pipe"))
    with pytest.raises(SealockError, match="no image"):
        open_image(spread(tmp_path / "layout", Layout().index()))


def test_an_index_without_an_image_is_an_error(tmp_path: Path) -> None:
    made = Layout()
    beside = made.image((LAYER, LAYER))
    (opened,) = open_image(spread(tmp_path, made.index(beside, made.nested())))
    assert contents(opened) == {"which": b"one"}
    assert "names no image" in troubles(opened)


def test_an_archive_of_another_configuration_than_its_name_says_is_an_error(tmp_path: Path) -> None:
    saved = docker_save(LAYER)
    name = next(name for name in saved if name.endswith(".json") and name != "manifest.json")
    changed = {key: value + b" " if key == name else value for key, value in saved.items()}
    for verify in (True, False):
        (opened,) = open_image(write(tmp_path / "a.tar", changed), verify=verify)
        assert ("has the digest sha256:" in troubles(opened)) is verify


def entries(directory: Path) -> tuple[list[str], str]:
    (opened,) = open_image(str(directory))
    (layer,) = opened.layers
    found = [entry.path for entry in layer.entries()]
    return found, "; ".join(error.message for error in layer.errors)


def test_an_entry_that_goes_while_its_directory_is_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "os-release").write_text("ID=debian\n")
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
    scan = os.scandir

    def scandir(place: Any) -> Any:
        class Listed(list[Any]):
            def __enter__(self) -> Any:
                return self

            def __exit__(self, *_: object) -> None:
                (tmp_path / "b").unlink(missing_ok=True)

        with scan(place) as found:
            return Listed(found)

    monkeypatch.setattr(os, "scandir", scandir)
    found, errors = entries(tmp_path)
    assert found == ["a", "c", "etc", "etc/os-release"]
    assert errors == "The root file system: 'b': No such file or directory"
