"""How scanning grows with workers: 1,000 images made of 300 distinct layers, at a registry on loopback.

    python bench/servicescans.py [--images 1000] [--layers 300] [--workers 1,2]

Each layer has 200 packages of Python, and one in ten has a link instead, which gives a file of a layer below it a name
that matters. Prints the seconds until all images are scanned, how often a layer was fetched, and how much CPU the same
images take when all of their layers are known. Exits 1 where a layer is fetched twice, also where links lead into it.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from pathlib import Path

from sqlalchemy import update

from sealock.service.state.database import Database, migrate
from sealock.service.state.tables import image
from sealock.service.work.carriers import open_jobs
from sealock.service.work.requests import parse_request, request_scan
from support.madeimages import info, tar
from support.serviceworld import push, states
from support.simulators.registry import RegistrySimulator, registry

PACKAGES = 200
WORKER = """\
import signal, sys, threading
from msgspec.structs import replace
from support.serviceworld import settings_for
from sealock.service.work.worker import Worker
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
settings = settings_for(sys.argv[1] + "/state.db")
Worker(replace(settings, scans=replace(settings.scans, spool=sys.argv[1] + "/layers"))).run(stop)
"""
LINKS = 10
"""One layer in so many has a link."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=300)
    parser.add_argument("--workers", default="1,2")
    given = parser.parse_args()
    failed = False
    with registry() as server:
        references, layers = fill(server, given.images, given.layers)
        first = 0.0
        for number in map(int, given.workers.split(",")):
            server.asked.clear()
            wall, cpu, again = scan(references, number)
            blobs = (a.path.rpartition("/")[2] for a in server.asked if a.method == "GET" and "/blobs/" in a.path)
            times = Counter(digest for digest in blobs if digest in layers)
            first = first or wall
            print(
                f"{number} workers: {given.images} images of {len(times)} layers in {wall:.1f} s ({cpu:.1f} s of CPU,"
                f" again with all layers known: {again:.1f} s),"
            )
            most = max(times.values())
            print(f"  {first / wall:.2f} times as fast as the first; each layer fetched {most} times at most")
            failed = failed or most > 1
    return int(failed)


def fill(server: RegistrySimulator, images: int, layers: int) -> tuple[list[str], set[str]]:
    """The references of images, in an order in which the first ones have all layers, and the digests of layers."""
    draw = random.Random(1)
    links = layers // LINKS
    plain = [layer(number) for number in range(layers - links)]
    linking = [link(number) for number in range(links)]
    rest = list(range(len(plain)))
    references = []
    for number in range(images):
        first, rest = rest[:4], rest[4:]
        places = [*first, *draw.sample([n for n in range(len(plain)) if n not in first], 4 - len(first))]
        chosen = [plain[place] for place in places]
        if number % LINKS == 0:
            target = number // LINKS % links
            chosen = [plain[target], *(plain[place] for place in places[:3] if place != target), linking[target]]
        push(server, f"team/app{number % 50}", f"v{number}", layers=tuple(chosen), author=str(number))
        references.append(f"{server.host}/team/app{number % 50}:v{number}")
    bodies = {*plain, *linking}
    return references, {digest for digest, data in server.blobs.items() if data in bodies}


def link(number: int) -> bytes:
    """A layer that names a file of a plain layer."""
    where = f"opt/app{number}/node_modules/tool/package.json"
    return tar(info(where, type=tarfile.SYMTYPE, linkname=f"/usr/share/store/tool{number}"))


def layer(number: int) -> bytes:
    members = [info(f"usr/share/store/tool{number}", b'{"name": "tool", "version": "1.%d"}' % number)]
    for package in range(PACKAGES):
        where = f"usr/lib/python3/dist-packages/p{number}x{package}-1.0.dist-info/METADATA"
        members.append(info(where, f"Metadata-Version: 2.1\nName: p{number}x{package}\nVersion: 1.0\n".encode()))
    return tar(*members)


def scan(references: list[str], workers: int) -> tuple[float, float, float]:
    """Seconds on the clock and of CPU, and those of CPU for the same images once more, when all layers are known."""
    directory = Path(tempfile.mkdtemp(prefix="service"))
    database = Database(str(directory / "state.db"))
    migrate(database)
    started = time.monotonic()
    cpu = work(database, references, directory, workers)
    wall = time.monotonic() - started
    with database.write() as connection:
        connection.execute(update(image).values(analyzer="another"))
    again = work(database, references, directory, workers)
    database.close()
    shutil.rmtree(directory)
    return wall, cpu, again


def work(database: Database, references: list[str], directory: Path, workers: int) -> float:
    """Scan images with so many workers; give their seconds of CPU."""
    jobs = open_jobs(database)
    with database.write() as connection:
        for text in references:
            request_scan(connection, jobs, parse_request(text), time.time())
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(directory)], env=environment) for _ in range(workers)
    ]
    while any(state == "waiting" for state, _ in states(database)):
        time.sleep(0.5)
    for process in processes:
        process.terminate()
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
