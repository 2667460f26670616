"""An archive that is known to be unchanged is listed without being opened, and every other one is looked at."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from sealock.cli.main import main
from sealock.image.entry import Bounds
from sealock.model.inventory import Inventory
from sealock.policy.images import ImageAllowance
from sealock.scan import inventories
from sealock.scan.cache import code, listings
from sealock.scan.cache.directory import CacheDirectory
from sealock.scan.cache.listings import recall_listing
from sealock.scan.cache.renderings import inventory_digest
from sealock.scan.images import ImageOptions, read_inventories
from support.importclosure import imported, is_in
from support.madeimages import Layout, docker_save, info, spread, tar, write

STATUS: Final = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
BASH: Final = tar(info("var/lib/dpkg/status", STATUS), info("usr/bin/su", b"x", mode=0o4755))
ARCHIVE: Final = docker_save(BASH)
WAIT: Final = 0.05
"""Seconds after which a file that was just made counts as one that nobody is writing."""


def make(path: Path, members: dict[str, bytes] = ARCHIVE) -> Path:
    write(path, members)
    time.sleep(WAIT)
    return path


def read(path: Path, cache: Path, **options: Any) -> tuple[Inventory, ...]:
    return read_inventories(str(path), ImageOptions(cache=str(cache), **options))


def known(path: Path | str, cache: Path, platform: str = "", *, files: bool = True) -> str:
    return recall_listing(str(path), platform, CacheDirectory(str(cache), make=False), files=files)


@pytest.mark.parametrize("options", [{}, {"platform": "linux/amd64"}, {"files": False}])
def test_a_listing_is_known_for_the_archive_and_the_way_it_was_read(options: dict[str, Any], tmp_path: Path) -> None:
    archive, cache = make(tmp_path / "app.tar"), tmp_path / "cache"
    assert known(archive, cache) == ""
    (listed,) = read(archive, cache, **options)
    ways: list[dict[str, Any]] = [{}, {"platform": "linux/amd64"}, {"files": False}]
    assert {repr(way): known(archive, cache, **way) for way in ways} == {
        repr(way): inventory_digest(listed) if way == options else "" for way in ways
    }


def _rewrite(path: Path) -> Path:
    times = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return path


def _replace(path: Path) -> Path:
    shutil.copy2(path, path.with_name("other"))
    path.with_name("other").rename(path)
    return path


def _touch(path: Path) -> Path:
    path.touch()
    return path


def _rename(path: Path) -> Path:
    return path.rename(path.with_name("renamed.tar"))


def _link(path: Path) -> Path:
    path.with_name("linked.tar").symlink_to(path)
    return path.with_name("linked.tar")


def _open_to_others(path: Path) -> Path:
    path.chmod(0o666)
    return path


def _remove(path: Path) -> Path:
    path.unlink()
    return path


def _make_directory(path: Path) -> Path:
    path.unlink()
    path.mkdir()
    return path


def _make_pipe(path: Path) -> Path:
    path.unlink()
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    "change",
    [_rewrite, _replace, _touch, _rename, _link, _open_to_others, _remove, _make_directory, _make_pipe],
    ids=lambda change: change.__name__.strip("_"),
)
def test_an_archive_that_may_be_another_is_not_known(change: Callable[[Path], Path], tmp_path: Path) -> None:
    archive, cache = make(tmp_path / "app.tar"), tmp_path / "cache"
    read(archive, cache)
    assert known(archive, cache)
    assert known(change(archive), cache) == ""


def test_an_archive_of_another_user_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, cache = make(tmp_path / "app.tar"), tmp_path / "cache"
    read(archive, cache)
    assert known(archive, cache)
    monkeypatch.setattr(listings, "is_ours", lambda _: False)
    assert known(archive, cache) == ""


@pytest.mark.parametrize(
    "options",
    [
        {"verify": False},
        {"bounds": Bounds(entries=1_000_000)},
        {"allowances": (ImageAllowance(("other",), "it has none"),)},
    ],
    ids=["digests not verified", "other limits", "a policy allows an image something"],
)
def test_what_was_read_in_an_unusual_way_is_not_kept(options: dict[str, Any], tmp_path: Path) -> None:
    archive, cache = make(tmp_path / "app.tar"), tmp_path / "cache"
    read(archive, cache, **options)
    assert known(archive, cache) == ""


def _changed_layer() -> dict[str, bytes]:
    return {name: data + b"\0" if name.endswith("layer.tar") else data for name, data in ARCHIVE.items()}


def _two_images() -> dict[str, bytes]:
    other = docker_save(tar(info("etc/hostname", b"x")), names=("other:1",))
    both = json.loads(ARCHIVE["manifest.json"]) + [
        entry | {"Layers": [f"o/{layer}" for layer in entry["Layers"]]} for entry in json.loads(other["manifest.json"])
    ]
    moved = {f"o/{name}" if name.endswith("layer.tar") else name: data for name, data in other.items()}
    return moved | ARCHIVE | {"manifest.json": json.dumps(both).encode()}


@pytest.mark.parametrize(
    "members",
    [
        _changed_layer(),
        docker_save(tar(info("etc/os-release", b"ID=debian\nVERSION_ID=12\n"))),
        docker_save(tar()),
        docker_save(),
        _two_images(),
    ],
    ids=["a wrong digest", "no package database", "no files", "no layers", "two images"],
)
def test_what_has_errors_notes_or_several_images_is_not_kept(members: dict[str, bytes], tmp_path: Path) -> None:
    archive, cache = make(tmp_path / "app.tar", members), tmp_path / "cache"
    listed = read(archive, cache)
    assert len(listed) > 1 or listed[0].errors or listed[0].notes or not listed[0].layers
    assert known(archive, cache) == ""


def test_an_archive_that_was_just_written_or_is_compressed_is_not_kept(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fresh = Path(write(tmp_path / "fresh.tar", ARCHIVE))
    read(fresh, cache)
    assert known(fresh, cache) == ""
    packed = tmp_path / "packed.tar.gz"
    packed.write_bytes(gzip.compress(fresh.read_bytes()))
    time.sleep(WAIT)
    assert read(packed, cache)[0].packages
    assert known(packed, cache) == ""


def test_a_layout_in_a_directory_is_not_kept(tmp_path: Path) -> None:
    layout = Layout()
    layout.files["index.json"] = json.dumps({"manifests": [layout.image((BASH, BASH))]}).encode()
    directory, cache = tmp_path / "layout", tmp_path / "cache"
    directory.mkdir()
    spread(directory, layout.files)
    time.sleep(WAIT)
    assert read(directory, cache)[0].packages
    assert not [entry for entry in CacheDirectory(str(cache)).entries() if entry.name.startswith("listing-")]


def test_names_that_are_not_unicode_are_not_kept(tmp_path: Path) -> None:
    odd = docker_save(tar(info("var/lib/dpkg/status", STATUS), info("opt/t\udcffol", b"x", mode=0o4755)))
    archive, cache = make(tmp_path / "app.tar", odd), tmp_path / "cache"
    assert not read(archive, cache)[0].errors
    assert known(archive, cache) == ""


def test_other_code_and_code_without_sources_know_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive, cache = make(tmp_path / "app.tar"), tmp_path / "cache"
    read(archive, cache)
    monkeypatch.setattr(listings, "listing_fingerprint", lambda: "other code")
    assert known(archive, cache) == ""
    monkeypatch.setattr(listings, "listing_fingerprint", lambda: "")
    before = CacheDirectory(str(cache)).entries()
    assert known(archive, cache) == ""
    read(archive, cache)
    assert len(CacheDirectory(str(cache)).entries()) == len(before)


def test_all_that_lists_is_in_the_fingerprint() -> None:
    root = Path(code.__file__).parents[2]
    # What finds and opens files and registries decides nothing of what is in an archive; nor what shows it.
    elsewhere = [root / name for name in ("net", "reports", "runtime", "targets", "globs.py", "vulnerabilities")]
    start = [*(root / "scan" / "images").glob("*.py"), root / "formats" / "imageconfig.py"]
    seen = imported(root, start, elsewhere)
    assert {path for path in seen if not any(is_in(path, root / part) for part in code.LISTERS)} == {
        root / "__init__.py"
    }
    assert root / "image" / "manifest.py" in seen


class Listings:
    """Counts how often the command line looks into an image."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._list = inventories.inventory
        monkeypatch.setattr(inventories, "inventory", self)

    def __call__(self, *words: Any, **named: Any) -> tuple[Inventory, ...]:
        self.count += 1
        return self._list(*words, **named)


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], 1),
        (["--no-verify"], 1),
        (["--quiet"], 1),
        (["--format", "cyclonedx"], 1),
        (["--format", "spdx"], 1),
        (["--format", "json"], 1),
        (["--platform", "linux/amd64"], 1),
        (["--no-cache"], 2),
        (["--max-entries", "1000"], 2),
        (["--format", "cyclonedx", "--vulnerabilities", "--offline"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_the_second_look_prints_the_same_text(
    words: list[str], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "app.tar")
    looks = Listings(monkeypatch)
    at = ["sbom", "./app.tar", "--cache-dir", "cache"]
    main([*at, *(word for word in words if word != "--no-verify")])
    first = capfdbinary.readouterr()
    main([*at, *words])
    second = capfdbinary.readouterr()
    strip = re.compile(rb'"(?:timestamp|serialNumber)": "[^"]*"')
    assert strip.sub(b"", second.out) == strip.sub(b"", first.out)
    assert second.err == first.err
    assert b"bash" in first.out
    assert looks.count == count


def test_a_policy_and_an_unclear_target_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "host")
    looks = Listings(monkeypatch)
    for target, status, count in (("./host", 0, 1), ("./host", 0, 1), ("host", 2, 2), ("archive:host", 0, 3)):
        assert main(["sbom", target, "--cache-dir", "cache"]) == status, target
        assert looks.count == count, target
    assert "write ./host" in capfd.readouterr().err
    (tmp_path / "sealock.toml").write_text("", encoding="utf-8")
    assert main(["sbom", "./host", "--cache-dir", "cache"]) == 0
    assert looks.count == 4
    (tmp_path / "sealock.toml").write_text("[wrong]\n", encoding="utf-8")
    assert main(["sbom", "./host", "--cache-dir", "cache"]) == 2


def test_a_rendering_that_went_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "app.tar")
    looks = Listings(monkeypatch)
    texts = []
    for _ in range(3):
        assert main(["sbom", "./app.tar", "--cache-dir", "cache"]) == 0
        texts.append(capfd.readouterr().out)
        for entry in (tmp_path / "cache").glob(("sbom-*", "listing-*", "none")[len(texts) - 1]):
            entry.write_bytes(b"torn")
    assert looks.count == 3
    assert main(["sbom", "./app.tar", "--cache-dir", "cache"]) == 0
    assert looks.count == 3
    assert {*texts, capfd.readouterr().out} == {texts[0]}
