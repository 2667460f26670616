"""Archives of images are what Docker makes of them, where they write a path twice or through their own links."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.loadedarchives import ARCHIVES, write_archive
from support.realengine import Engine, engine

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with engine() as made:
        yield made


@pytest.mark.parametrize("case", ARCHIVES)
def test_docker_loads_the_image_that_the_table_says(docker: Engine, case: str, tmp_path: Path) -> None:
    members, package = ARCHIVES[case]
    done = docker.docker("load", "--input", write_archive(tmp_path, members))
    assert done.returncode == 0, done.stderr
    made = docker.docker("create", "app:1", "sh")
    assert made.returncode == 0, made.stderr
    exported = tmp_path / "exported.tar"
    assert docker.docker("export", "--output", str(exported), made.stdout.strip()).returncode == 0
    with tarfile.open(exported) as archive:
        stream = archive.extractfile("var/lib/dpkg/status")
        assert stream
        assert f"Package: {package}\n" in stream.read().decode()
