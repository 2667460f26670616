"""Archives of images are read as Docker unpacks them."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from sealock.image import store, writtenpaths
from sealock.image.opener import open_image
from sealock.scan.images import ImageOptions, read_inventories
from support.loadedarchives import ARCHIVES, write_archive
from support.madeimages import docker_save, files, info, troubles


@pytest.mark.parametrize("case", ARCHIVES)
def test_an_archive_is_the_image_that_docker_makes_of_it(case: str, tmp_path: Path) -> None:
    members, package = ARCHIVES[case]
    (inventory,) = read_inventories(write_archive(tmp_path, members), ImageOptions())
    assert [found.name for found in inventory.packages] == [package]
    assert not inventory.errors


def test_a_file_in_place_of_a_directory_of_the_archive_is_an_error(tmp_path: Path) -> None:
    made = [info(name, data) for name, data in docker_save(files(a="a")).items()]
    (image,) = open_image(write_archive(tmp_path, [*made, info("x/y"), info("x")]))
    assert "/x takes the place of a directory of the archive" in troubles(image)
    (image,) = open_image(write_archive(tmp_path, [*made, info("x/y"), info("x", type=tarfile.DIRTYPE)]))
    assert troubles(image) == ""


@pytest.mark.parametrize(("places", "limit"), [((writtenpaths, "_MOST_STEPS"), 3), ((store, "_MEMBERS"), 2)])
def test_what_writes_through_too_many_links_is_an_error(
    places: tuple[object, str], limit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(*places, limit)
    made = [info(name, data) for name, data in docker_save(files(a="a")).items()]
    links = [info(f"l{number}", type=tarfile.SYMTYPE, linkname=".") for number in range(4)]
    through = [info(f"l{number}/x{number}") for number in range(4)]
    (image,) = open_image(write_archive(tmp_path, [*links, *through, *made]))
    assert writtenpaths.STEPS_EXCEEDED[1:] in troubles(image)
