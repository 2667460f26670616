"""How scanning grows with workers: 1,000 images made of 300 distinct layers, at a registry on loopback.

    python bench/servicescans.py [--images 1000] [--layers 300] [--workers 1,2]

Each layer has 200 packages of Python. Prints the seconds until all images are scanned, how often a layer was fetched,
and, with one worker, the share of the time that distinct layers take. Exits 1 where a layer is fetched twice.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from sealock.service.state.database import Database, migrate
from sealock.service.work.carriers import open_jobs
from sealock.service.work.requests import parse_request, request_scan
from support.madeimages import info, tar
from support.serviceworld import push, states
from support.simulators.registry import RegistrySimulator, registry

PACKAGES = 200
WORKER = """\
import signal, sys, threading
from support.serviceworld import settings_for
from sealock.service.work.worker import Worker
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
Worker(settings_for(sys.argv[1])).run(stop)
"""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--layers", type=int, default=300)
    parser.add_argument("--workers", default="1,2")
    given = parser.parse_args()
    failed = False
    with registry() as server:
        references = fill(server, given.images, given.layers)
        first = 0.0
        for number in map(int, given.workers.split(",")):
            server.asked.clear()
            wall, cpu = scan(references, number)
            times = Counter(a.path for a in server.asked if a.method == "GET" and "/blobs/" in a.path)
            layers = [count for path, count in times.items() if len(server.blobs[path.rpartition("/")[2]]) > 10_000]
            first = first or wall
            print(
                f"{number} workers: {given.images} images of {len(layers)} layers in {wall:.1f} s ({cpu:.1f} s of CPU),"
            )
            print(f"  {first / wall:.2f} times as fast as the first; each layer fetched {max(layers)} times at most")
            failed = failed or max(layers) > 1
    return int(failed)


def fill(server: RegistrySimulator, images: int, layers: int) -> list[str]:
    draw = random.Random(1)
    made = [layer(number) for number in range(layers)]
    references = []
    for number in range(images):
        chosen = tuple(made[place] for place in draw.sample(range(layers), 5))
        push(server, f"team/app{number % 50}", f"v{number}", layers=chosen, author=str(number))
        references.append(f"{server.host}/team/app{number % 50}:v{number}")
    return references


def layer(number: int) -> bytes:
    members = []
    for package in range(PACKAGES):
        where = f"usr/lib/python3/dist-packages/p{number}x{package}-1.0.dist-info/METADATA"
        members.append(info(where, f"Metadata-Version: 2.1\nName: p{number}x{package}\nVersion: 1.0\n".encode()))
    return tar(*members)


def scan(references: list[str], workers: int) -> tuple[float, float]:
    directory = Path(tempfile.mkdtemp(prefix="service"))
    database = Database(str(directory / "state.db"))
    migrate(database)
    jobs = open_jobs(database)
    with database.write() as connection:
        for text in references:
            request_scan(connection, jobs, parse_request(text), time.time())
    before, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(directory / "state.db")], env=environment)
        for _ in range(workers)
    ]
    while any(state == "waiting" for state, _ in states(database)):
        time.sleep(0.5)
    wall = time.monotonic() - wall
    for process in processes:
        process.terminate()
        process.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    database.close()
    shutil.rmtree(directory)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
