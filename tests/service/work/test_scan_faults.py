"""Workers are killed while they scan: no scan is lost or doubled, and each event is there once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from sealock.service.state.database import Database
from sealock.service.state.tables import event, finding, image
from sealock.service.work.carriers import open_jobs
from sealock.service.work.requests import parse_request, request_scan
from support.scanworker import HASTY
from support.serviceworld import base_layer, make_advisories, push, python_layer, record, states
from support.simulators.registry import registry
from support.waiting import wait_until

ROOT = Path(__file__).parents[3]
BASE = base_layer(("openssl", "3.0.14-1"), ("bash", "5.2-1"))
IMAGES = 8
KILLS = 2
"""One less than would park a job, should each of them hit the same."""


@pytest.mark.repeats
def test_scans_survive_the_death_of_their_workers(migrated: str, tmp_path: Path) -> None:
    where = make_advisories(tmp_path, "Debian:12", [record("CVE-2026-0001", "Debian:12", "openssl", "3.0.15-1")])
    database = Database(migrated)
    jobs = open_jobs(database, settings=HASTY)
    draw = random.Random(2)  # noqa: S311  the same moments in every run

    def start() -> subprocess.Popen[bytes]:
        path = os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))
        command = [sys.executable, "-m", "support.scanworker", migrated, where]
        return subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path})

    with registry() as server:
        with database.write() as connection:
            for number in range(IMAGES):
                layers = (BASE, python_layer(f"p{number % 4}", "1.0"))
                push(server, f"team/app{number % 2}", f"v{number}", layers=layers, author=str(number))
                request = parse_request(f"{server.host}/team/app{number % 2}:v{number}")
                request_scan(connection, jobs, request, time.time())
        workers = [start(), start()]
        try:
            for _ in range(KILLS):
                asked = len(server.asked)
                wait_until(lambda asked=asked: len(server.asked) > asked + 3 or is_done(database))  # type: ignore[misc]
                time.sleep(draw.random() * 0.2)
                victim = workers.pop(0)
                victim.kill()
                victim.wait()
                workers.append(start())
            wait_until(lambda: is_done(database))
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
    counts, ended = jobs.counts(), Counter(states(database))
    with database.read() as connection:
        images = connection.execute(select(image.c.id)).all()
        open_ = connection.execute(select(finding).where(finding.c.gone.is_(None))).all()
        added = connection.execute(select(event.c.repository_id, event.c.rule, event.c.thing, event.c.kind)).all()
    database.close()
    assert ended == {("scanned", ""): IMAGES}
    assert {(row.repository_id, row.rule) for row in open_} >= {(1, "CVE-2026-0001"), (2, "CVE-2026-0001")}
    assert Counter((*row[:3], row.kind) for row in added) == {
        (row.repository_id, row.rule, row.thing, "added"): 1 for row in open_
    }
    assert (len(images), counts.parked) == (IMAGES, 0)


def is_done(database: Database) -> bool:
    return all(state != "waiting" for state, _ in states(database))
