"""What is found in an image is bounded, as its entries are: few bytes can name very many packages and files."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from sealock.image.entry import Bounds
from sealock.inventory import scan
from sealock.inventory.facts import count_units, excess
from sealock.inventory.names import Names
from sealock.model.inventory import Distribution, FileFact, Inventory, Package
from sealock.scan.images import ImageOptions, read_inventories
from support.madeimages import Layout, docker_save, info, spread, tar, write

TOLD = "the limit for packages and files of an image is reached; the rest is missing (--max-entries)"


def lock(name: str, count: int) -> bytes:
    """A layer with a lock file of so many packages."""
    packages = {f"node_modules/{name}{number}": {"version": "1.0.0"} for number in range(count)}
    return tar(info(f"{name}/package-lock.json", json.dumps({"packages": packages}).encode()))


def read(path: str, bounds: Bounds, cache: str = "") -> Inventory:
    (found,) = read_inventories(path, ImageOptions(bounds=bounds, cache=cache))
    return found


def counts(found: Inventory) -> tuple[int, list[str]]:
    return len(found.packages), [
        f"{error.location.file.rpartition(': ')[2]}: {error.message}" for error in found.errors
    ]


@pytest.mark.parametrize("shape", ["archive", "layout"])
def test_packages_of_all_layers_are_bounded_in_their_order(shape: str, tmp_path: Path) -> None:
    """A package counts as four entries would."""
    layers = [lock(name, 100) for name in "abcde"]
    if shape == "archive":
        path = write(tmp_path / "app.tar", docker_save(*layers))
    else:
        made = Layout()
        path = spread(tmp_path / "app", made.index(made.image(*((layer, gzip.compress(layer)) for layer in layers))))
    cut = (250, [f"layer {number}: {TOLD}" for number in (3, 4, 5)])
    assert counts(read(path, Bounds(entries=1000))) == cut
    assert counts(read(path, Bounds(entries=2000))) == (500, [])
    # The cache knows of no such bound.
    cache = str(tmp_path / "cache")
    assert counts(read(path, Bounds(entries=2000), cache)) == (500, [])
    assert counts(read(path, Bounds(entries=1000), cache)) == cut
    assert counts(read(path, Bounds(entries=2000), cache)) == (500, [])


def test_what_one_layer_tells_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MOST_UNITS", 200)
    path = write(tmp_path / "app.tar", docker_save(lock("a", 100), lock("b", 40)))
    assert counts(read(path, Bounds())) == (90, [f"layer 1: {TOLD}"])


def test_the_rest_of_a_layer_that_tells_too_much_is_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a later layer hides is hidden, and what stands in other layers is listed."""
    monkeypatch.setattr(scan, "MOST_FACTS", 50)
    last = tar(info("z/.wh.package-lock.json"), info("a/package-lock.json", b"{"))
    path = write(tmp_path / "app.tar", docker_save(lock("a", 100), lock("z", 10), last))
    found = read(path, Bounds())
    assert [(package.namespace, package.removed) for package in found.packages] == [("", True)] * 60
    assert counts(found)[1][0] == f"layer 1: {TOLD}"


def test_one_endless_list_costs_nothing_but_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MOST_UNITS", 2000)
    files = b"".join(b"usr/lib/%d\n" % number for number in range(20_000))
    layer = tar(
        info("x/a-1.dist-info/RECORD", b"".join(b"%d.py,,\n" % number for number in range(20_000))),
        info("x/a-1.dist-info/METADATA", b"Name: a\nVersion: 1\n\n"),
        info("lib/apk/db/installed", b"P:b\nV:1\nF:usr\n" + files.replace(b"usr", b"R:usr") + b"\nP:c\nV:1\nR:x\n\n"),
        info("app/node_modules/d/package.json", b'{"name": "d", "version": "1"}'),
    )
    found = read(write(tmp_path / "app.tar", docker_save(layer)), Bounds())
    assert {package.name: len(package.files) for package in found.packages} == {"a": 0, "b": 0, "c": 1, "d": 0}
    assert counts(found)[1] == [f"layer 1: {TOLD}"]


PACKAGE = Package("deb", "a", "1", "var/lib/dpkg/status")


@pytest.mark.parametrize(
    ("fact", "units"),
    [
        (PACKAGE, 4),
        (FileFact("setuid", "usr/bin/su"), 1),
        (FileFact("setuid", "a" * 4096), 17),
        (Package("deb", "a", "1", "p", files=("usr/bin/a",) * 1000), 4 + 250 + 35),
        (Package("deb", "a", "1", "p", needs=("a",) * 400, provides=("b",) * 400), 4 + 200),
        (Package("deb", "a", "1", "p", supplier="x" * (1 << 20)), 4 + 4096),
        (Package("deb", "a", "1", "p", files=("f",) * 5, needs=("n",) * 5, provides=("v",) * 5), 4 + 3),
        (Package("deb", "a", "1", "p" * 50, supplier="x" * 51, source="s" * 51, licenses=("l" * 51, "m" * 53)), 4 + 1),
        (Package("deb", "a", "1", "p" * 50, supplier="x" * 51, source="s" * 51, licenses=("l" * 51, "m" * 52)), 4),
        (Package("deb", "a", "1", "p", files=("f" * 64,) * 12), 4 + 3 + 3),
        (FileFact("secret", "p" * 128, detail="d" * 128), 2),
        (FileFact("secret", "p" * 128, detail="d" * 127), 1),
        (Distribution("debian", "12"), 1),
    ],
    ids=[
        "a package",
        "a file",
        "a long path",
        "files",
        "needs",
        "a long supplier",
        "files, needs and what it provides",
        "a letter more than is usual",
        "the usual letters",
        "a few long files",
        "a file with a long detail",
        "a file with a detail",
        "a distribution",
    ],
)
def test_facts_weigh_what_they_take(fact: Package | FileFact | Distribution, units: int) -> None:
    assert count_units(fact) == units


@pytest.mark.parametrize(
    ("names", "entries", "units"),
    [
        (Names(), 0, 0),
        (Names((b"a" * 1000,)), 8, 0),
        (Names((b"a" * 1000, b"b" * 300), (b"c" * 236,)), 8, 2),
        (Names((b"a" * 1000, b"b" * 300), (b"c" * 235,)), 8, 1),
        (Names((b"a" * 256,)), 0, 1),
    ],
)
def test_paths_beyond_the_usual_length_count(names: Names, entries: int, units: int) -> None:
    assert excess(names, entries) == units


@pytest.mark.untraced
def test_lock_files_in_layer_after_layer_take_bounded_memory(tmp_path: Path) -> None:
    """Two megabytes of them would take more than a gigabyte."""
    layers = [lock(name, 60_000) for name in "abcdefghijklmnopqrstuvwxyz"]
    made = Layout()
    path = spread(tmp_path, made.index(made.image(*((layer, gzip.compress(layer)) for layer in layers))))
    program = (
        "import sys\nfrom sealock.image.entry import Bounds\nfrom sealock.scan.images import ImageOptions, read_inventories\n"
        "(one,) = read_inventories(sys.argv[1], ImageOptions(bounds=Bounds(entries=400_000)))\n"
        # Not ru_maxrss, which begins with what the process that started this one took.
        "print(len(one.packages), open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    told = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, check=True).stdout
    packages, kilobytes = map(int, told.split())
    assert packages == 100_000
    assert kilobytes < 400 << 10
