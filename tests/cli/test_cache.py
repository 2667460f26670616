"""`sealock cache` shows, prunes and clears; check and sbom take --cache-dir and --no-cache."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from sealock.scan.cache.directory import CacheDirectory
from sealock.scan.cache.location import default_directory
from support import commandline
from support.madeimages import docker_save, info, tar, write

LAYER = tar(info("app/node_modules/x/package.json", b'{"name": "x", "version": "1.2.3"}'))


def sealock(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return commandline.sealock(*words, cwd=Path.cwd(), environment=environment or os.environ)


def status(cache: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(sealock("cache", "--cache-dir", str(cache), "--format", "json").stdout)
    return told


@pytest.fixture
def archive(tmp_path: Path) -> str:
    path = write(tmp_path / "app.tar", docker_save(LAYER))
    time.sleep(0.05)
    return path


@pytest.mark.parametrize(("command", "entries"), [(("sbom",), 5), (("check", "--no-policy"), 3)], ids=["sbom", "check"])
def test_a_command_that_reads_layers_keeps_what_it_found(
    tmp_path: Path, archive: str, command: tuple[str, ...], entries: int
) -> None:
    """`sbom` keeps the text that it rendered too, and of which archive it is."""
    cache = tmp_path / "cache"
    first = sealock(*command, archive, "--cache-dir", str(cache))
    told = status(cache)
    assert (told["directory"], told["layers"], told["entries"], told["error"]) == (str(cache), 1, entries, "")
    assert told["size"] > 0
    again = sealock(*command, archive, "--cache-dir", str(cache))
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)


def test_without_a_cache_nothing_is_kept(tmp_path: Path, archive: str) -> None:
    cache = tmp_path / "cache"
    sealock("sbom", archive, "--no-cache", "--cache-dir", str(cache))
    assert not cache.exists()


def test_the_environment_names_the_directory(tmp_path: Path, archive: str) -> None:
    cache = tmp_path / "cache"
    sealock("sbom", archive, SEALOCK_CACHE_DIR=str(cache))
    assert status(cache)["layers"] == 1


def test_pruning_and_clearing_tell_what_they_removed(tmp_path: Path, archive: str) -> None:
    cache = tmp_path / "cache"
    sealock("sbom", archive, "--cache-dir", str(cache))
    size = status(cache)["size"]
    told = sealock("cache", "prune", "--max-size", "1G", "--cache-dir", str(cache))
    assert "Removed 0 entries, 0 B." in told.stdout
    told = sealock("cache", "prune", "--max-size", "4KiB", "--cache-dir", str(cache))
    assert "Removed 4 entries, 16 KiB." in told.stdout
    cleared = json.loads(sealock("cache", "clear", "--cache-dir", str(cache), "--format", "json").stdout)
    assert (cleared["removed"], cleared["freed"], cleared["entries"]) == (1, size - 16384, 0)
    assert CacheDirectory(str(cache)).entries() == []


def test_a_directory_that_is_not_there_is_an_empty_cache_and_is_not_made(tmp_path: Path) -> None:
    told = sealock("cache", "--cache-dir", str(tmp_path / "cache"))
    assert told.returncode == 0
    assert "It holds 0 entries" in told.stdout
    assert not (tmp_path / "cache").exists()


def test_a_directory_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    told = sealock("cache", "--cache-dir", str(tmp_path / "cache"))
    assert told.returncode == 2
    assert "the cache is not used" in told.stderr


@pytest.mark.parametrize("size", ["much", "1X", "-1", "1.5G", ""])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    told = sealock("cache", "prune", f"--max-size={size}", SEALOCK_CACHE_DIR="/dev/null/x")
    assert told.returncode == 2
    assert "is not a size" in told.stderr


def test_a_size_goes_with_pruning_alone() -> None:
    told = sealock("cache", "clear", "--max-size", "1G", SEALOCK_CACHE_DIR="/dev/null/x")
    assert told.returncode == 2
    assert "--max-size needs `cache prune`" in told.stderr


@pytest.mark.parametrize(
    ("environment", "directory"),
    [
        ({"SEALOCK_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/sealock/layers"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/sealock/layers"),
        ({"HOME": "/h"}, "/h/.cache/sealock/layers"),
        ({"HOME": ""}, ""),
        ({}, ""),
    ],
)
def test_where_the_cache_is(environment: dict[str, str], directory: str) -> None:
    assert default_directory(environment) == directory
