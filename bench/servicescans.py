"""How scanning grows with workers: 1,000 images made of 300 distinct layers, at a registry on loopback.

    python bench/servicescans.py [--images 1000] [--layers 300] [--workers 1,2] [--databases sqlite,postgresql]

Each layer has 200 packages of Python, and one in ten has a link instead, which gives a file of a layer below it a name
that matters. Prints the seconds until all images are scanned, the CPU that workers, database and registry took, how
often a layer was fetched and analysed at most, and how much CPU the same images take when all of their layers are
known. Exits 1 where a layer is fetched or analysed twice, also where links lead into it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tarfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from sqlalchemy import update

from sealock.service.state.database import Database, migrate
from sealock.service.state.tables import image
from sealock.service.work.carriers import open_jobs
from sealock.service.work.requests import parse_request, request_scan
from support.madeimages import info, tar
from support.postgresql import PostgresServer, postgres_server
from support.serviceworld import push, states
from support.simulators.registry import RegistrySimulator, registry

PACKAGES = 200
WORKER = """\
import json, os, signal, sys, threading
from msgspec.structs import replace
from sealock.scan.cache.layers import LayerCache
from sealock.service.work.worker import Worker
from support.serviceworld import settings_for
analysed, keep = [], LayerCache.keep
def noting(cache, diff_id, *more):
    analysed.append(diff_id)
    keep(cache, diff_id, *more)
LayerCache.keep = noting
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
url, directory = sys.argv[1:]
settings = settings_for(url)
Worker(replace(settings, scans=replace(settings.scans, spool=directory + "/layers"))).run(stop)
with open(f"{directory}/analysed.{os.getpid()}", "w") as file:
    json.dump(analysed, file)
"""
LINKS = 10
"""One layer in so many has a link."""


class Work(Struct):
    """What scanning took: seconds on the clock, and of CPU in workers, database and registry."""

    wall: float
    workers: float
    database: float
    registry: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s; CPU: workers {self.workers:.1f} s, {self._others()}"

    def _others(self) -> str:
        database = f"database {self.database:.1f} s, " if self.database else ""
        return f"{database}registry {self.registry:.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=300)
    parser.add_argument("--workers", default="1,2")
    parser.add_argument("--databases", default="sqlite,postgresql")
    given = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(registry())
        references, layers = fill(server, given.images, given.layers)
        failed = False
        for kind in given.databases.split(","):
            started = stack.enter_context(postgres_server()) if kind == "postgresql" else None
            first: Work | None = None
            for number in map(int, given.workers.split(",")):
                server.asked.clear()
                with TemporaryDirectory(prefix="service") as place:
                    work, again = scan(references, place, number, started, twice=first is None)
                    analysed = Counter(name for path in Path(place).glob("analysed.*") for name in decode(path))
                blobs = (a.path.rpartition("/")[2] for a in server.asked if a.method == "GET" and "/blobs/" in a.path)
                fetched = Counter(digest for digest in blobs if digest in layers)
                first = first or work
                most = max(fetched.values()), max(analysed.values())
                print(f"{kind}, {number} workers: {given.images} images of {len(fetched)} layers in {work}")
                print(f"  {len(analysed)} layers analysed; fetched {most[0]} times at most, analysed {most[1]} times")
                print(f"  {first.wall / work.wall:.2f} times as fast as the first")
                if again is not None:
                    print(f"  again, with all layers known: {again}", flush=True)
                failed = failed or most != (1, 1)
    return int(failed)


def decode(path: Path) -> list[str]:
    names: list[str] = json.loads(path.read_text())
    return names


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


def scan(
    references: list[str], place: str, workers: int, server: PostgresServer | None, *, twice: bool
) -> tuple[Work, Work | None]:
    """Scan images, and the same images once more if asked for, when all of their layers are known."""
    database = Database(server.database() if server else f"{place}/state.db")
    migrate(database)
    done = work(database, references, place, workers, server)
    again = None
    if twice:
        with database.write() as connection:
            connection.execute(update(image).values(analyzer="another"))
        again = work(database, references, place, workers, server)
    database.close()
    return done, again


def work(database: Database, references: list[str], place: str, workers: int, server: PostgresServer | None) -> Work:
    """Scan images with so many workers."""
    jobs = open_jobs(database)
    with database.write() as connection:
        for text in references:
            request_scan(connection, jobs, parse_request(text), time.time())
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WORKER, database.url.render_as_string(hide_password=False), place]
    before, stored, own = cpu(resource.RUSAGE_CHILDREN), server.cpu() if server else 0.0, time.process_time()
    started = time.monotonic()
    processes = [subprocess.Popen(command, env=environment) for _ in range(workers)]
    while any(state == "waiting" for state, _ in states(database)):
        time.sleep(0.5)
    wall, own = time.monotonic() - started, time.process_time() - own
    stored = server.cpu() - stored if server else 0.0
    for process in processes:
        process.terminate()
        process.wait()
    return Work(wall, cpu(resource.RUSAGE_CHILDREN) - before, stored, own)


def cpu(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
