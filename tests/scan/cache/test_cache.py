"""The cache gives what was found in the very bytes at hand, or nothing; whatever is wrong with it costs time alone."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from backports import zstd

from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.inventory.facts import ImageFacts, LayerFacts
from sealock.inventory.names import Names
from sealock.model.inventory import Inventory, Package
from sealock.scan.cache import code, layers
from sealock.scan.cache.directory import CacheDirectory
from sealock.scan.cache.layers import CachedFacts, LayerCache, MergedFacts
from sealock.scan.images import ImageOptions, read_inventories
from support.madeimages import Layout, docker_save, info, sha256, spread, tar, write

BASH = tar(
    info(
        "var/lib/dpkg/status", b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
    ),
    info("usr/bin/su", b"x", mode=0o4755),
    info("app/node_modules/x/package.json", b"{"),
)
RISKY = tar(
    info(
        "var/lib/dpkg/status", b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
    ),
    info("etc/passwd", b"root::0:0:root:/root:/bin/sh\nhalf an account\n"),
    info("etc/apk/repositories", b"https://example.org/alpine/v3.20/main\n"),
    info("root/.netrc", b"machine example.org login me password Tr0ub4dor-and-3\n"),
    info("usr/bin/su", b"x", mode=0o4755),
    info("app/node_modules/x/package.json", b"{"),
)
LATER = tar(info("usr/bin/.wh.su"), info("opt/tool", b"x", mode=0o4755), info("../outside", b"x"))
OTHER = tar(info("app/node_modules/evil/package.json", b'{"name": "evil", "version": "6.6.6"}'))


def settled(path: str) -> str:
    """Wait until a file that was just made counts as one that nobody is writing."""
    time.sleep(0.05)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> str:
    return settled(write(tmp_path / "app.tar", docker_save(BASH, LATER)))


@pytest.fixture
def cache(tmp_path: Path) -> str:
    return str(tmp_path / "cache")


def read(
    path: str, cache: str = "", *, verify: bool = True, bounds: Bounds = DEFAULT_BOUNDS, files: bool = True
) -> Inventory:
    (found,) = read_inventories(path, ImageOptions(verify=verify, cache=cache, bounds=bounds, files=files))
    return found


def names(found: Inventory) -> set[str]:
    return {package.name for package in found.packages}


def plant(
    cache: str, plain: bytes, name: str, *, stored: str = "", bounds: Bounds = DEFAULT_BOUNDS, files: bool = True
) -> None:
    """Let the cache say of a layer what is not in it, so that whoever believes it is seen to."""
    facts = LayerFacts(
        (Package("npm", name, "1", f"{name}/package.json"),), (), (), Names(), Names(), Names(), Names(), 1, 1, ()
    )
    LayerCache(CacheDirectory(cache), bounds, files=files).keep(sha256(plain), CachedFacts(facts, ()), stored)
    forget(cache, "whole", "bill")


def plant_together(cache: str, *layers: bytes, files: bool = True) -> None:
    """The same of an image's layers together."""
    facts = ImageFacts(None, (Package("npm", "planted", "1", "x/package.json"),), (), ((0, 1, 1),), ((),) * len(layers))
    together = MergedFacts(facts, ((),) * len(layers))
    LayerCache(CacheDirectory(cache), DEFAULT_BOUNDS, files=files).keep_merged(tuple(map(sha256, layers)), together)


def forget(cache: str, *kinds: str) -> None:
    """Remove entries of these kinds."""
    for one in CacheDirectory(cache).entries():
        if one.name.startswith(kinds):
            Path(cache, one.name).unlink()


def layout(compress: Callable[[bytes], bytes]) -> dict[str, bytes]:
    made = Layout()
    return made.index(made.image(*((plain, compress(plain)) for plain in (BASH, LATER))))


SHAPES: dict[str, Callable[[Path], str]] = {
    "an archive": lambda path: write(path / "app.tar", docker_save(BASH, LATER)),
    "an archive with the same layer twice": lambda path: write(path / "app.tar", docker_save(BASH, LATER, BASH)),
    "a plain layout": lambda path: spread(path / "image", layout(bytes)),
    "a gzip layout": lambda path: spread(path / "image", layout(gzip.compress)),
    "a zstd layout": lambda path: spread(path / "image", layout(zstd.compress)),
    "a gzip layout in an archive": lambda path: write(path / "image.tar", layout(gzip.compress)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_listed_is_the_same_without_a_cache_with_an_empty_and_with_a_full_one(
    tmp_path: Path, cache: str, shape: str
) -> None:
    path = settled(SHAPES[shape](tmp_path))
    plain = read(path)
    assert {"bash"} <= names(plain)
    assert {"is not valid JSON" in error.message or "outside" in error.message for error in plain.errors} == {True}
    assert read(path, cache) == plain
    assert len([one for one in CacheDirectory(cache).entries() if one.name.startswith("facts")]) == 2
    assert read(path, cache) == plain
    assert read(path, cache, verify=False).packages == plain.packages


@pytest.mark.parametrize("shape", SHAPES)
def test_a_full_cache_is_made_use_of(tmp_path: Path, cache: str, shape: str) -> None:
    path = settled(SHAPES[shape](tmp_path))
    read(path, cache)
    plant(cache, BASH, "planted")
    assert names(read(path, cache)) == {"planted"}
    assert names(read(path, cache, verify=False)) == {"planted"}


def test_packages_alone_are_the_same_from_the_image_from_a_cache_of_them_and_from_one_of_everything(
    tmp_path: Path,
) -> None:
    path = settled(write(tmp_path / "app.tar", docker_save(RISKY, LATER)))
    whole, alone = read(path, files=True), read(path, files=False)
    assert {fact.kind for fact in whole.files} >= {"empty-password", "secret", "setuid", "apk-repositories"}
    assert {fact.kind for fact in alone.files} == {"apk-repositories"}
    assert alone.unseen == ("files",)
    assert alone.packages == whole.packages
    assert {error.message for error in whole.errors} - {error.message for error in alone.errors} == {
        error.message for error in whole.errors if "is not an account" in error.message
    }
    for before in (False, True):
        cache = str(tmp_path / f"cache of {before}")
        assert read(path, cache, files=before) == (whole if before else alone)
        assert read(path, cache, files=False) == alone
        assert read(path, cache, files=True) == whole


def test_one_cache_serves_who_asks_for_packages_alone_and_who_asks_for_everything(archive: str, cache: str) -> None:
    read(archive, cache, files=True)
    plant(cache, BASH, "planted")
    assert names(read(archive, cache, files=False)) == {"planted"}
    assert [one.name for one in CacheDirectory(cache).entries() if one.name.startswith("packages")] == []


def test_what_was_kept_of_packages_alone_is_not_taken_for_everything(archive: str, cache: str) -> None:
    plain = read(archive)
    read(archive, cache, files=False)
    plant(cache, BASH, "planted", files=False)
    assert names(read(archive, cache, files=False)) == {"planted"}
    assert read(archive, cache) == plain


def test_an_archive_compressed_as_a_whole_is_read_anew(tmp_path: Path, cache: str) -> None:
    path = tmp_path / "app.tar.gz"
    path.write_bytes(gzip.compress(Path(write(tmp_path / "app.tar", docker_save(BASH, LATER))).read_bytes()))
    plain = read(settled(str(path)))
    assert read(str(path), cache) == plain
    plant(cache, BASH, "planted")
    assert read(str(path), cache) == plain


def entry(cache: str, kind: str = "facts") -> Path:
    return next(Path(cache, one.name) for one in CacheDirectory(cache).entries() if one.name.startswith(kind))


def swap(cache: str, kind: str) -> None:
    other = next(
        Path(cache, one.name) for one in CacheDirectory(cache).entries() if one.name != entry(cache, kind).name
    )
    shutil.copy(other, entry(cache, kind))


def link(cache: str, kind: str) -> None:
    path = entry(cache, kind)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def directory(cache: str, kind: str) -> None:
    path = entry(cache, kind)
    path.unlink()
    path.mkdir()


def pipe(cache: str, kind: str) -> None:
    path = entry(cache, kind)
    path.unlink()
    os.mkfifo(path)


def flip(path: Path, at: int) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def rewritten(cache: str, kind: str, data: bytes) -> None:
    CacheDirectory(cache).write(entry(cache, kind).name, data)


DAMAGES: dict[str, Callable[[str, str], object]] = {
    "nothing in it": lambda cache, kind: entry(cache, kind).write_bytes(b""),
    "its end missing": lambda cache, kind: os.truncate(entry(cache, kind), entry(cache, kind).stat().st_size - 1),
    "its half missing": lambda cache, kind: os.truncate(entry(cache, kind), entry(cache, kind).stat().st_size // 2),
    "a bit of its data turned": lambda cache, kind: flip(entry(cache, kind), -9),
    "a bit of its checksum turned": lambda cache, kind: flip(entry(cache, kind), 20),
    "a bit of its mark turned": lambda cache, kind: flip(entry(cache, kind), 0),
    "something behind its end": lambda cache, kind: entry(cache, kind).write_bytes(
        entry(cache, kind).read_bytes() + b"x"
    ),
    "another entry's bytes": swap,
    "a link in its place": link,
    "a directory in its place": directory,
    "a pipe in its place": pipe,
    "sound, and of another shape": lambda cache, kind: rewritten(cache, kind, msgspec.msgpack.encode({"facts": 1})),
    "sound, and nested without end": lambda cache, kind: rewritten(cache, kind, b"\x91" * 100_000),
    "sound, and no msgpack": lambda cache, kind: rewritten(cache, kind, b"\xc1"),
    "removed": lambda cache, kind: entry(cache, kind).unlink(),
    "a broken proof": lambda cache, _: entry(cache, "proof").write_bytes(b"x"),
    "a proof of another shape": lambda cache, _: rewritten(cache, "proof", b"\xc1"),
    "the whole directory removed": lambda cache, _: shutil.rmtree(cache),
}


@pytest.mark.parametrize("kind", ["facts", "whole"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_or_foreign_is_made_anew(archive: str, cache: str, damage: str, kind: str) -> None:
    plain = read(archive)
    read(archive, cache)
    if kind == "facts":
        forget(cache, "whole")
    DAMAGES[damage](cache, kind)
    assert read(archive, cache) == plain
    assert read(archive, cache) == plain
    plant(cache, BASH, "planted")
    assert "planted" in names(read(archive, cache))
    plant_together(cache, BASH, LATER)
    assert names(read(archive, cache)) == {"planted"}


@pytest.mark.parametrize("shape", ["an archive", "a plain layout", "a gzip layout", "a zstd layout"])
@pytest.mark.parametrize("files", [True, False], ids=["everything", "packages alone"])
def test_layers_that_were_laid_over_one_another_before_are_not_so_again(
    tmp_path: Path, cache: str, shape: str, *, files: bool
) -> None:
    path = settled(SHAPES[shape](tmp_path))
    plain = read(path, cache, files=files)
    assert read(path, cache, files=files) == plain
    plant_together(cache, BASH, LATER, files=files)
    assert names(read(path, cache, files=files)) == {"planted"}
    assert names(read(path, cache, verify=False, files=files)) == {"planted"}
    assert names(read(path, cache, files=not files)) == names(plain)


def test_the_same_layers_in_another_order_are_another_image(tmp_path: Path, archive: str, cache: str) -> None:
    read(archive, cache)
    plant_together(cache, BASH, LATER)
    turned = settled(write(tmp_path / "turned.tar", docker_save(LATER, BASH)))
    plain = read(turned)
    assert read(turned, cache) == plain
    assert read(turned, cache) == plain


@pytest.mark.parametrize("verify", [True, False], ids=["verified", "not verified"])
def test_an_archive_that_claims_a_known_layer_is_listed_by_its_own_bytes(
    tmp_path: Path, archive: str, cache: str, *, verify: bool
) -> None:
    read(archive, cache)
    plant_together(cache, BASH)
    lying = docker_save(BASH)
    lying = {name: OTHER if data == BASH else data for name, data in lying.items()}
    found = read(settled(write(tmp_path / "lying.tar", lying)), cache, verify=verify)
    assert names(found) == {"evil"}
    assert any("has the digest" in error.message for error in found.errors) is verify


@pytest.mark.parametrize("verify", [True, False], ids=["verified", "not verified"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_an_image_that_lies_leaves_nothing_behind(
    tmp_path: Path, cache: str, compress: Callable[[bytes], bytes], *, verify: bool
) -> None:
    made = Layout()
    lying = made.index(made.image((BASH, compress(OTHER))))
    found = read(settled(spread(tmp_path / "lying", lying)), cache, verify=verify)
    assert names(found) == {"evil"}
    assert not [one for one in CacheDirectory(cache).entries() if one.name.startswith(("facts", "plain", "whole"))]
    assert names(read(settled(SHAPES["a gzip layout"](tmp_path)), cache)) == {"bash"}


def test_a_known_blob_that_is_claimed_to_hold_another_layer_is_read(tmp_path: Path, cache: str) -> None:
    read(settled(SHAPES["a gzip layout"](tmp_path)), cache)
    plant(cache, OTHER, "planted")
    plant_together(cache, OTHER)
    made = Layout()
    lying = made.index(made.image((OTHER, gzip.compress(BASH))))
    found = read(settled(spread(tmp_path / "lying", lying)), cache)
    assert names(found) == {"bash"}
    assert any("uncompressed, has the digest" in error.message for error in found.errors)


def test_a_file_that_was_verified_and_then_changed_is_known_no_more(archive: str, cache: str) -> None:
    read(archive, cache)
    plant(cache, BASH, "planted")
    plant_together(cache, BASH, LATER)
    before = Path(archive).stat()
    data = Path(archive).read_bytes()
    Path(archive).write_bytes(data.replace(b"Package: bash", b"Package: tash"))
    # Size and time of writing are as they were; only the time of the change cannot be set.
    os.utime(archive, ns=(before.st_atime_ns, before.st_mtime_ns))
    settled(archive)
    assert names(read(archive, cache, verify=False)) == {"tash"}
    assert names(read(archive, cache)) == {"tash"}
    assert any("has the digest" in error.message for error in read(archive, cache).errors)


def test_what_others_can_write_to_is_not_remembered(archive: str, cache: str) -> None:
    Path(archive).chmod(0o602)
    settled(archive)
    read(archive, cache)
    assert CacheDirectory(cache).entries() == []


def test_nothing_is_kept_of_what_is_not_verified(archive: str, cache: str) -> None:
    read(archive, cache, verify=False)
    assert CacheDirectory(cache).entries() == []


@pytest.mark.parametrize("bounds", [Bounds(file=7), Bounds(depth=9)], ids=["file", "depth"])
def test_other_bounds_are_other_facts(bounds: Bounds, archive: str, cache: str) -> None:
    plant(cache, BASH, "planted", bounds=bounds)
    assert "planted" not in names(read(archive, cache))
    assert "planted" in names(read(archive, cache, bounds=bounds))


def test_images_with_too_many_entries_are_cut_alike_with_a_cache(tmp_path: Path, cache: str) -> None:
    many = tar(*(info(f"opt/{number}", b"x", mode=0o4755) for number in range(20)))
    archive = settled(write(tmp_path / "app.tar", docker_save(BASH, many)))
    bounds = Bounds(entries=15)
    read(archive, cache)
    cut = read(archive, bounds=bounds)
    assert any("more than" in error.message for error in cut.errors)
    assert read(archive, cache, bounds=bounds) == cut


def test_every_source_that_makes_facts_makes_another_fingerprint(tmp_path: Path) -> None:
    root = Path(code.__file__).parents[2]
    for part in code.PACKAGES:
        if (root / part).is_dir():
            shutil.copytree(root / part, tmp_path / part)
        else:
            (tmp_path / part).parent.mkdir(exist_ok=True)
            shutil.copy(root / part, tmp_path / part)
    before = code.hash_sources(str(tmp_path))
    assert before == code.hash_sources(str(root)) == code.fingerprint()
    for name in (
        "inventory/scan.py", "inventory/modes.py", "inventory/lockfiles/uv.py", "image/tarreader.py",
        "formats/jsonobject.py", "formats/sbom/spdx3.py",
    ):  # fmt: skip
        with (tmp_path / name).open("a") as file:
            file.write("\n")
        after = code.hash_sources(str(tmp_path))
        assert after != before, name
        before = after


def test_all_that_makes_facts_is_in_the_fingerprint() -> None:
    root = Path(code.__file__).parents[2]
    used = {
        line.split()[1].removeprefix("sealock.").replace(".", "/")
        for package in ("inventory", "secrets", "formats/sbom")
        for path in (root / package).rglob("*.py")
        for line in path.read_text().splitlines()
        if line.lstrip().startswith("from sealock.")
    }
    outside = {
        name for name in used if not any(f"{name}.py" == part or name.startswith(part) for part in code.PACKAGES)
    }
    assert outside <= {"errors", "modules", "patterns", "text"}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(lambda path: path.write_text("a file"), "cannot be used", id="a file in its place"),
        pytest.param(lambda path: path.parent.joinpath("below").write_text(""), "", id="nothing"),
        pytest.param(lambda path: (path.mkdir(), path.chmod(0o777)), "is writable by others", id="open to all"),
        pytest.param(lambda path: path.symlink_to(path.parent / "nowhere"), "cannot be", id="a link to nowhere"),
    ],
)
def test_a_directory_that_cannot_be_used_is_done_without(
    archive: str, cache: str, make: Callable[[Path], object], why: str
) -> None:
    make(Path(cache))
    plain = read(archive)
    assert why in CacheDirectory(cache).trouble
    assert bool(why) is bool(CacheDirectory(cache).trouble)
    assert read(archive, cache) == plain
    assert read(archive, cache) == plain


def test_a_directory_of_another_user_is_done_without(archive: str, cache: str) -> None:
    Path(cache).mkdir()
    told = subprocess.run(
        [sys.executable, "-c", "import os, sys\nos.geteuid = lambda: 12345\nfrom sealock.scan.cache.directory import CacheDirectory\nprint(CacheDirectory(sys.argv[1]).trouble)", cache],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "belongs to another user" in told.stdout
    assert read(archive, cache) == read(archive)


def test_an_entry_of_another_user_is_not_read(cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = CacheDirectory(cache)
    directory.write("entry", b"kept")
    assert directory.read("entry") == b"kept"
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 12345)
    assert directory.read("entry") is None


FULL = """
import resource, sys
from sealock.cli.main import main
unlimited, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200, most))
status = main(sys.argv[1:])
resource.setrlimit(resource.RLIMIT_FSIZE, (unlimited, most))
sys.exit(status)
"""


def test_a_disk_that_is_full_costs_nothing_but_the_cache(archive: str, cache: str) -> None:
    words = ["sbom", archive, "--format", "json"]
    without = subprocess.run([sys.executable, "-m", "sealock", *words, "--no-cache"], capture_output=True, check=False)
    full = subprocess.run([sys.executable, "-c", FULL, *words, "--cache-dir", cache], capture_output=True, check=False)
    assert (full.returncode, full.stdout, full.stderr) == (without.returncode, without.stdout, without.stderr)
    assert list(Path(cache).iterdir()) == []


def test_several_processes_share_it(archive: str, cache: str) -> None:
    command = [sys.executable, "-m", "sealock", "sbom", archive, "--format", "json", "--cache-dir", cache]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(4)]
    told = {one.communicate()[0] for one in running}
    assert len(told) == 1
    kept = CacheDirectory(cache)
    assert {one.name.split("-")[0] for one in kept.entries()} == {"facts", "whole", "proof", "sbom"}
    assert all(kept.read(one.name) for one in kept.entries())
    assert subprocess.run(command, capture_output=True, check=False).stdout in told


def test_what_was_not_used_for_the_longest_time_goes_first(cache: str) -> None:
    kept = CacheDirectory(cache, limit=64 << 10)
    entries = [f"facts-{number:064x}" for number in range(10)]
    for number, name in enumerate(entries):
        kept.write(name, os.urandom(8000))
        os.utime(Path(cache, name), (number, number))
    assert kept.read(entries[0]) is not None  # a use, which counts
    kept.tidy()
    left = [name for name in entries if Path(cache, name).exists()]
    assert entries[0] in left
    assert entries[1] not in left
    assert left[1:] == entries[-len(left) + 1 :]
    assert sum(one.size for one in kept.entries()) <= 64 << 10


def test_what_has_no_unicode_name_is_found_and_not_kept(tmp_path: Path, cache: str) -> None:
    layer = tar(info("opt/t\udcffol", b"x", mode=0o4755))
    path = settled(write(tmp_path / "app.tar", docker_save(layer)))
    assert [file.path for file in read(path, cache).files] == ["opt/t\udcffol"]
    assert [one.name.split("-")[0] for one in CacheDirectory(cache).entries()] == ["proof"]


def test_without_sources_nothing_is_kept(tmp_path: Path, cache: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="No such file"):
        code.hash_sources(str(tmp_path))
    monkeypatch.setattr(layers, "fingerprint", lambda: "")
    archive = settled(write(tmp_path / "app.tar", docker_save(BASH)))
    assert read(archive, cache) == read(archive)
    plant(cache, BASH, "planted")
    assert [one.name.split("-")[0] for one in CacheDirectory(cache).entries()] == ["proof"]


def test_what_is_larger_than_half_of_the_cache_is_not_kept(cache: str) -> None:
    kept = CacheDirectory(cache, limit=1000)
    kept.write("facts-" + "0" * 64, bytes(501))
    assert kept.entries() == []


def test_files_of_others_in_the_directory_are_let_alone(archive: str, cache: str) -> None:
    read(archive, cache)
    Path(cache, "db").mkdir()
    Path(cache, "letter.txt").write_text("mine")
    stale = Path(cache, ".coming-1-0123456789abcdef")
    stale.write_text("half")
    CacheDirectory(cache).prune(1 << 30)
    assert stale.exists()
    os.utime(stale, (1, 1))
    CacheDirectory(cache).prune(1 << 30)
    assert not stale.exists()
    CacheDirectory(cache).prune(0)
    assert sorted(one.name for one in Path(cache).iterdir()) == ["db", "letter.txt"]


def test_the_directory_is_for_its_owner_alone(archive: str, cache: str) -> None:
    read(archive, cache)
    assert Path(cache).stat().st_mode & 0o777 == 0o700
    assert all(Path(cache, one.name).stat().st_mode & 0o777 == 0o600 for one in CacheDirectory(cache).entries())


def test_an_archive_that_lies_of_a_known_layer_leaves_nothing_behind(tmp_path: Path, archive: str, cache: str) -> None:
    read(archive, cache)
    lying = {name: OTHER if data == BASH else data for name, data in docker_save(BASH).items()}
    assert names(read(settled(write(tmp_path / "lying.tar", lying)), cache)) == {"evil"}
    assert names(read(settled(write(tmp_path / "honest.tar", docker_save(BASH))), cache)) == {"bash"}
