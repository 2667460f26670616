"""The service's figures: matching 10,000 images again, and how large their index is.

    python bench/service.py [--images 10000] [--packages 60] [--names 2000] [--only sqlite|postgresql]

Each database gets 10,000 images in 500 repositories, each made of 5 of 300 distinct layers with 60 packages: 3 million
packages of images. An update of 1,000 advisories is about half of all names. `--images 100000` shows how it grows, and
`--packages 10000 --names 20000` what happens where the layers themselves have 3 million rows: repositories of 80,000
packages each.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from servicestate import LAYERS_OF_IMAGE, MadeAdvisories, fill, name_of
from sqlalchemy import func, select, text

from sealock.service.state.database import Database
from sealock.service.state.matchagain import match_again
from sealock.service.state.tables import event, finding, slice_package
from support.postgresql import postgres_server, programs


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--layers", type=int, default=300)
    parser.add_argument("--packages", type=int, default=60)
    parser.add_argument("--names", type=int, default=2_000)
    parser.add_argument("--advisories", type=int, default=1000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    if given.only != "postgresql":
        directory = Path(tempfile.mkdtemp(prefix="service"))
        try:
            measure("SQLite", f"sqlite:///{directory}/state.db", given)
        finally:
            shutil.rmtree(directory)
    if given.only != "sqlite" and programs():
        with postgres_server(fsync="on", shared_buffers="512MB") as server:
            measure("PostgreSQL", server.database(), given, server.cpu)


def measure(what: str, url: str, given: argparse.Namespace, others: Callable[[], float] = lambda: 0.0) -> None:
    database = Database(url)
    started = time.monotonic()
    fill(database, images=given.images, layers=given.layers, packages=given.packages, names=given.names)
    with database.read() as connection:
        rows = connection.execute(select(func.count()).select_from(slice_package)).scalar_one()
        size = _size(database)
    seen = given.images * LAYERS_OF_IMAGE * given.packages
    print(f"{what}: {given.images} images with {seen} packages, of {given.layers} distinct layers with {rows},")
    print(f"  made in {time.monotonic() - started:.0f} s; the index takes {size / 1e6:.0f} MB")
    match_again(database, MadeAdvisories([]), "before", 10.0)
    some = MadeAdvisories(name_of(number * (given.names // given.advisories)) for number in range(given.advisories))
    for label, lookup in (
        (f"{given.advisories} advisories are new", some),
        ("all of them are withdrawn", MadeAdvisories([])),
    ):
        wall, cpu = time.monotonic(), time.process_time() + others()
        result = match_again(database, lookup, label, 20.0)
        wall, cpu = time.monotonic() - wall, time.process_time() + others() - cpu
        with database.read() as connection:
            open_ = connection.execute(
                select(func.count()).select_from(finding).where(finding.c.gone.is_(None))
            ).scalar_one()
            events = connection.execute(select(func.count()).select_from(event)).scalar_one()
        print(f"  {label}: {wall:.1f} s ({cpu:.1f} s of CPU, the server's included); {result.changed} names changed,")
        print(f"    {result.packages} packages matched, {open_} findings open, {events} events in all")
    database.close()


def _size(database: Database) -> int:
    with database.read() as connection:
        if database.is_postgresql:
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        return Path(str(database.url.database)).stat().st_size


if __name__ == "__main__":
    main()
