"""A worker of the service beside a simulated registry with images of few layers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from sqlalchemy import select

from sealock.net.http import AddressGuard
from sealock.policy.settings import Policy
from sealock.service.state.database import Database
from sealock.service.state.tables import scan
from sealock.service.work.jobs import JobSettings
from sealock.service.work.requests import parse_request, request_scan
from sealock.service.work.scanner import ScanSettings
from sealock.service.work.worker import Worker, WorkerSettings
from support.madeimages import config, info, tar
from support.simulators.registry import RegistrySimulator

QUICK = JobSettings(lease=5.0, pause=0.05, poll=0.05)
OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n'


def base_layer(*packages: tuple[str, str], release: bytes = OS_RELEASE) -> bytes:
    """A layer of Debian with packages by name and version."""
    status = "\n".join(
        f"Package: {name}\nStatus: install ok installed\nVersion: {version}\nArchitecture: amd64\n"
        for name, version in packages
    )
    return tar(info("etc/os-release", release), info("var/lib/dpkg/status", status.encode()))


def python_layer(name: str, version: str) -> bytes:
    """A layer with a package of Python."""
    where = f"usr/lib/python3/dist-packages/{name}-{version}.dist-info/METADATA"
    return tar(info(where, f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()))


def push(server: RegistrySimulator, repository: str, *tags: str, layers: tuple[bytes, ...], **more: Any) -> str:
    """Put an image on the registry's shelves; give its digest."""
    digest: str = server.add_image(repository, *tags, config=config(*layers, **more), layers=layers)["digest"]
    return digest


def settings_for(url: str, advisories: str = "/nonexistent/advisories", **more: Any) -> WorkerSettings:
    scans = ScanSettings(
        policy=more.pop("policy", Policy()), guard=AddressGuard(("127.0.0.0/8",)), platform="linux/amd64"
    )
    fields: dict[str, Any] = {"update": 0.0, "poll": 0.0, "scans": scans, "jobs": QUICK, "tick": 0.1} | more
    return WorkerSettings(url, advisories, **fields)


@contextmanager
def working(settings: WorkerSettings, number: int = 1, **more: Any) -> Iterator[Worker]:
    """Let workers work in threads; give the first."""
    stop = Event()
    workers = [Worker(settings, **more) for _ in range(number)]
    threads = [Thread(target=worker.run, args=(stop,), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield workers[0]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        for worker in workers:
            worker.close()


def submit(worker: Worker, *references: str) -> list[int]:
    with worker.database.write() as connection:
        return [request_scan(connection, worker.jobs, parse_request(text), time.time()) for text in references]


def idle(worker: Worker) -> bool:
    counts = worker.jobs.counts()
    return (counts.waiting, counts.running) == (0, 0)


def states(database: Database) -> list[tuple[str, str]]:
    """State and reason of each scan."""
    with database.read() as connection:
        return [(row.state, row.reason) for row in connection.execute(select(scan).order_by(scan.c.id))]


def make_advisories(folder: Path, ecosystem: str, records: list[dict[str, Any]]) -> str:
    """An advisory database with these records in place of the former; give its directory."""
    from support.madedatabases import database  # noqa: PLC0415  loads the feeds

    made = database(folder / str(time.time_ns()), {ecosystem.partition(":")[0]: records})
    where = folder / "advisories"
    where.mkdir(exist_ok=True)
    Path(made, "advisories.db").replace(where / "advisories.db")
    return str(where)


def record(name: str, ecosystem: str, package: str, fixed: str) -> dict[str, Any]:
    """A record of OSV."""
    events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
    return {
        "id": name,
        "modified": "2026-11-20T00:00:00Z",
        "published": "2026-11-20T00:00:00Z",
        "summary": f"{package} is broken",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
        "affected": [
            {"package": {"ecosystem": ecosystem, "name": package}, "ranges": [{"type": "ECOSYSTEM", "events": events}]}
        ],
    }
