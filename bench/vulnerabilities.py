"""Measures matching: packages against the advisory database, once it is open, and `sealock check` from start to end.

The packages are Debian's and those of eight languages, evenly taken from what the feeds speak of, at versions that
fix most of it: about as many claims as an image of 570 packages meets, and a third more flaws than one that was
never updated. `--inventory` takes what `sealock sbom --format json` wrote of a real image in their place. Prints
milliseconds of the wall clock and of the processor, the median of several runs, and how they grow with the packages.
Exits 1 when a figure is beyond its bound: at its best, since whatever else runs on the machine only adds to it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import measurement
from msgspec.structs import replace

from sealock.formats import inventory
from sealock.formats.files import NOTHING
from sealock.model.container import Container
from sealock.model.inventory import Distribution, Inventory, Package, PackageType
from sealock.model.location import Source
from sealock.vulnerabilities.claim import KeySpan
from sealock.vulnerabilities.database.location import NAME
from sealock.vulnerabilities.database.seal import opened
from sealock.vulnerabilities.database.sources import SourceFolder
from sealock.vulnerabilities.database.update import update
from sealock.vulnerabilities.feeds.catalog import FEEDS
from sealock.vulnerabilities.match import match
from sealock.vulnerabilities.matches import MatchResult
from sealock.vulnerabilities.store import AdvisoryStore

ECOSYSTEMS = ("Debian", "PyPI", "npm", "Go", "Maven", "crates.io", "RubyGems", "Packagist", "NuGet")
TYPES: dict[str, PackageType] = {
    "PyPI": "pypi", "npm": "npm", "Go": "golang", "Maven": "maven", "crates.io": "cargo", "RubyGems": "gem",
    "Packagist": "composer", "NuGet": "nuget",
}  # fmt: skip
DEBIAN = "Debian:12"
RATIO = 570 / 630
"""The share of Debian's packages."""
BINARIES = 1.35
"""Binary packages for each source package."""
CLAIMS = 23
"""Claims for each source package that the benchmark image meets, on average."""
MENDED = 0.95
"""The share of what its versions fix: that leaves about as many flaws as a real image has."""
NUMBER = 570 + 60
MATCH, WHOLE = 60.0, 0.4
"""Bounds for that many packages: milliseconds of the processor, and seconds of it from start to end."""


def main() -> int:
    """Build, make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=Path, default=Path("../shared/feeds"), help="a mirror (default: %(default)s)")
    parser.add_argument("--database", type=Path, help="a folder with a database that is built already")
    parser.add_argument("--inventory", type=Path, help="a real image's, as `sealock sbom --format json` writes it")
    parser.add_argument("--times", type=int, default=9, metavar="N", help="repetitions (default: %(default)s)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.database or Path(temporary)
        if not arguments.database:
            wanted = [
                feed
                for feed in FEEDS.values()
                if feed.name in {*(f"osv/{ecosystem}" for ecosystem in ECOSYSTEMS), "kev", "epss"}
            ]
            update(str(folder), SourceFolder(str(arguments.feeds)), wanted)
        store = opened(str(folder / NAME))
        listings = [made(store, number) for number in (100, NUMBER, 1000, 3000, 10_000)]
        if arguments.inventory:
            listings = [sampled(real(arguments.inventory)), real(arguments.inventory)]
        heads = f"{'packages':>9}{'claims':>9}{'found':>9}{'wall':>10}{'processor':>11}{'at best':>9}"
        print(f"{heads}  (ms, median of {arguments.times})")
        fine = True
        for listed in listings:
            wall, processor, least, found = measured(store, listed, arguments.times)
            counts = f"{len(listed.packages):>9}{claims(store, listed):>9}{len(found.vulnerabilities):>9}"
            print(f"{counts}{wall:>10.1f}{processor:>11.1f}{least:>9.1f}")
            fine = fine and (len(listed.packages) > NUMBER or least <= MATCH)
        listed = next(listing for listing in listings if len(listing.packages) >= NUMBER)
        seconds = whole(listed, folder, Path(temporary), arguments.times)
    return 0 if fine and seconds <= WHOLE else 1


def real(path: Path) -> Inventory:
    """A real image's inventory."""
    found = inventory.read(Source(str(path), path.read_text(encoding="utf-8")), NOTHING)
    return next(subject.noun for subject in found.subjects if isinstance(subject.noun, Inventory))


def sampled(listed: Inventory) -> Inventory:
    """As many of an image's packages as the bounds are for: 570 of its distribution and 60 of languages."""
    chance = random.Random(1)
    own = [package for package in listed.packages if package.type == "deb"]
    others = [package for package in listed.packages if package.type in TYPES.values()]
    return replace(
        listed, packages=(*chance.sample(own, min(570, len(own))), *chance.sample(others, min(60, len(others))))
    )


def made(store: AdvisoryStore, number: int) -> Inventory:
    """An inventory of so many packages."""
    packages: list[Package] = []
    sources = _spread(store, DEBIAN, int(number * RATIO / BINARIES), CLAIMS)
    for name, version in sources:
        packages.append(_deb(name, name, version))
    for count in range(int(number * RATIO) - len(sources)):
        name, version = sources[count % len(sources)]
        packages.append(_deb(f"lib{name}{count // len(sources) + 1}", name, version))
    for ecosystem, kind in TYPES.items():
        for name, version in _spread(store, ecosystem, (number - int(number * RATIO)) // len(TYPES) + 1, 0):
            namespace, _, last = name.rpartition(":" if kind == "maven" else "/")
            packages.append(Package(kind, last, version, f"app/{name}", namespace=namespace))
    return Inventory(
        ("bench:1",), "", "linux/amd64", (), Container(), Distribution("debian", "12"), tuple(packages[:number])
    )


def _deb(name: str, source: str, version: str) -> Package:
    path = "var/lib/dpkg/status"
    return Package("deb", name, version, path, architecture="amd64", source=source, source_version=version)


def _spread(store: AdvisoryStore, ecosystem: str, number: int, average: int) -> list[tuple[str, str]]:
    """Names with versions, evenly taken from an ecosystem; with about so many claims on average, where it is not 0."""
    number_of = store._ecosystems[ecosystem]  # noqa: SLF001  no reader of the database has use for all names
    names = [row[0] for row in store._rows("SELECT name FROM claim WHERE ecosystem = ? ORDER BY name", (number_of,))]  # noqa: SLF001
    about = store.about(ecosystem, names)
    if average:
        names.sort(key=lambda name: abs(len(about[name]) - average))
        names = sorted(names[: max(number, 1)])
    chosen = names[:: max(1, len(names) // max(number, 1))][:number]
    return [(name, _version([span for claim in about[name] for span in claim.spans if span.fixed])) for name in chosen]


def _version(spans: list[KeySpan]) -> str:
    """One after most of those that fix something, as an image has that was built some months ago."""
    ordered = [span.fixed for span in sorted(spans, key=lambda span: span.end)]
    return ordered[int(len(ordered) * MENDED)] if ordered else "1.0"


def claims(store: AdvisoryStore, listed: Inventory) -> int:
    """How many claims there are on the inventory's Debian packages."""
    names = sorted({package.source for package in listed.packages if package.type == "deb"})
    return sum(len(found) for found in store.about(DEBIAN, names).values())


def measured(store: AdvisoryStore, listed: Inventory, times: int) -> tuple[float, float, float, MatchResult]:
    """Milliseconds of the wall clock, of the processor and of that at best, and what was found."""
    found = match(listed, store)
    walls, processors = [], []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        found = match(listed, store)
        walls.append(1000 * (time.perf_counter() - wall))
        processors.append(1000 * (time.process_time() - processor))
    return statistics.median(walls), statistics.median(processors), min(processors), found


def whole(listed: Inventory, database: Path, folder: Path, times: int) -> float:
    """Print how long `sealock check` takes on an inventory that was written before; give its best processor seconds."""
    from sealock.reports import sbom  # noqa: PLC0415  used here alone

    written = folder / "inventory.json"
    written.write_text(sbom.render("json", listed), encoding="utf-8")
    os.environ["SEALOCK_DB_DIR"] = str(database)
    ours = [sys.executable, "-m", "sealock", "check", "--offline", "--no-policy", str(written)]
    nothing = [sys.executable, "-c", "pass"]
    runs = measurement.alternately({"check": ours, "python": nothing}, times)
    ran, bare = measurement.seconds(runs["check"]), measurement.seconds(runs["python"])
    least = min(run.processor for run in runs["check"])
    figures = {
        "seconds": round(ran, 3),
        "of processor at best": round(least, 3),
        "of them Python's start": round(bare, 3),
        "MB": measurement.memory(runs["check"]) >> 20,
    }
    print(f"sealock check on an inventory of {len(listed.packages)} packages: {json.dumps(figures)}")
    return least


if __name__ == "__main__":
    sys.exit(main())
