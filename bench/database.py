"""Measures the advisory database: building it of a mirror of feeds, opening it, asking it for many packages at once.

Prints seconds, processor seconds, peak memory and size, and how asking grows from 100 to 10,000 names. Exits 1 when a
figure is beyond its bound. Without --feeds, ../shared/feeds is taken where it is.
"""

from __future__ import annotations

import argparse
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

from sealock.vulnerabilities.database.location import NAME
from sealock.vulnerabilities.database.seal import opened

FEEDS = Path(__file__).parents[1].parent / "shared/feeds"
BUILD, MEMORY, SIZE, ASK = 60.0, 500e6, 40e6, 20.0
"""Bounds: processor seconds, bytes, bytes, milliseconds of the processor."""
GROWTH = (100, 1000, 10_000)
DEBIAN, LANGUAGES = 570, 60
"""Packages of the image that others are measured with, too."""
REPEATED = 15
UPDATE = """
import sys
from sealock.vulnerabilities.feeds.catalog import FEEDS
from sealock.vulnerabilities.database.sources import SourceFolder
from sealock.vulnerabilities.database.update import update
done = update(sys.argv[1], SourceFolder(sys.argv[2]), list(FEEDS.values()))
had = [result for result in done if result.state]
print(sum(result.state.records for result in had if result.feed != "epss"), len(had))
"""


def main() -> int:
    """Build, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=Path, default=FEEDS, help="a mirror of feeds (default: %(default)s)")
    arguments = parser.parse_args()
    if not arguments.feeds.is_dir():
        print(f"no mirror of feeds at {arguments.feeds}: nothing was measured", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        fine = build(Path(folder), arguments.feeds)
        return 0 if ask(Path(folder) / NAME) and fine else 1


def build(folder: Path, feeds: Path) -> bool:
    """Build in a process of its own, then look for changes where there are none."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, "-c", UPDATE, str(folder), str(feeds)]
    counts = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory, size = after.ru_maxrss * 1024, (folder / NAME).stat().st_size
    print(f"build       {int(counts[0]):,} records of {counts[1]} feeds, and the scores of all CVEs")
    used = f"{wall:.1f} s ({processor:.1f} s of processor), {memory / 1e6:.0f} MB of memory"
    print(f"            {used}, {size / 1e6:.1f} MB large")
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    print(f"unchanged   {time.perf_counter() - start:.2f} s")
    return processor <= BUILD and memory <= MEMORY and size <= SIZE


class Took(NamedTuple):
    """Milliseconds: the median of some runs by the clock, the shortest of them, and the median of the processor's."""

    median: float
    least: float
    processor: float

    def __str__(self) -> str:
        return f"{self.median:.1f} ms (at best {self.least:.1f}, of processor {self.processor:.1f})"


def took(task: Callable[[], object]) -> Took:
    """Run it some times."""
    clock, processor = [], []
    for _ in range(REPEATED):
        start, used = time.perf_counter(), time.process_time()
        task()
        clock.append(1e3 * (time.perf_counter() - start))
        processor.append(1e3 * (time.process_time() - used))
    return Took(median(clock), min(clock), median(processor))


def ask(path: Path) -> bool:
    """Open and ask for the packages of an image, then for more and more of them."""
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as connection:
        query = "SELECT claim.name FROM claim JOIN ecosystem ON id = claim.ecosystem WHERE ecosystem.name = ?"
        names = {
            ecosystem: [name for (name,) in connection.execute(query, (ecosystem,))]
            for ecosystem in ("Debian:12", "PyPI")
        }
    connection.close()
    chance = random.Random(1)
    # Of an image's packages about three in four have ever had an advisory.
    some = [*chance.sample(names["Debian:12"], DEBIAN * 3 // 4), *(f"none{number}" for number in range(DEBIAN // 4))]
    languages = chance.sample(names["PyPI"], LANGUAGES)

    def image() -> None:
        store = opened(str(path))
        store.about("Debian:12", some)
        store.about("PyPI", languages)
        store.close()

    store = opened(str(path))
    whole = took(image)
    print(f"open        {took(lambda: opened(str(path)).close())}, the sum over all bytes included")
    print(f"and ask     {whole}, for {DEBIAN} Debian and {LANGUAGES} Python names")
    ids = [claim.advisory for claims in store.about("Debian:12", some).values() for claim in claims]
    hits = chance.sample(sorted(set(ids)), min(500, len(set(ids))))
    print(f"details     {took(lambda: store.details(hits))}, for {len(hits)} of {len(ids)} claims")
    print(f"scores      {took(lambda: store.epss(hits))}, for {len(hits)} CVEs")
    many = [*names["Debian:12"], *(f"none{number}" for number in range(10_000))]
    chance.shuffle(many)
    for count in GROWTH:
        print(f"{count:>6,} names {took(lambda asked=count: store.about('Debian:12', many[:asked]))}")  # type: ignore[misc]  # mypy overlooks the default
    store.close()
    return whole.processor <= ASK


if __name__ == "__main__":
    sys.exit(main())
