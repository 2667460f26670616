"""Requests to scan: each a row of the state and a job, in one transaction."""

from __future__ import annotations

from msgspec import Struct
from sqlalchemy import Connection, and_, insert, select, update

from sealock.net.registry.names import reference
from sealock.service.state.database import Database
from sealock.service.state.layercache import claim_owner, release_layers
from sealock.service.state.tables import scan
from sealock.service.state.tags import repository_number
from sealock.service.work.jobs import Job, Jobs

SCAN = "scan"
"""The kind of jobs that scan; the key is the number of the request."""


class ScanRequest(Struct, frozen=True):
    """What to scan: a repository ("registry/repository"), a tag or "", a digest or ""; and who wants it."""

    repository: str
    tag: str = ""
    digest: str = ""
    by: str = ""


def parse_request(text: str, by: str = "") -> ScanRequest:
    """A request by a reference, as people write it; TargetError where it is none."""
    name = reference(text)
    return ScanRequest(f"{name.registry}/{name.repository}", name.tag or "", name.digest or "", by)


def request_scan(connection: Connection, jobs: Jobs, request: ScanRequest, now: float) -> int:
    """Request a scan, and give its number: that of the same request where that waits already."""
    number = repository_number(connection, request.repository, now)
    same = and_(
        scan.c.repository_id == number,
        scan.c.tag == request.tag,
        scan.c.digest == request.digest,
        scan.c.state == "waiting",
    )
    waiting = connection.execute(select(scan.c.id).where(same).limit(1)).scalar()
    if waiting is None:
        row = {
            "repository_id": number,
            "tag": request.tag,
            "digest": request.digest,
            "state": "waiting",
            "requested_by": request.by,
            "requested": now,
        }
        key = connection.execute(insert(scan).values(**row)).inserted_primary_key
        waiting = int(key[0]) if key is not None else 0
    jobs.put(connection, SCAN, str(waiting))
    return waiting


def put_waiting(database: Database, jobs: Jobs) -> int:
    """Put a job in for each scan that waits, where it has none: a backup holds no jobs. Give how many scans wait."""
    with database.write() as connection:
        numbers = connection.execute(select(scan.c.id).where(scan.c.state == "waiting").order_by(scan.c.id)).scalars()
        waiting = numbers.all()
        for number in waiting:
            jobs.put(connection, SCAN, str(number))
    return len(waiting)


def give_up(connection: Connection, job: Job, reason: str) -> None:
    """Record with a scan that its job was parked; others need not wait for the layers that it claimed."""
    if job.kind == SCAN and job.key.isdecimal():
        release_layers(connection, claim_owner(job.key))
        failed = update(scan).where(scan.c.id == int(job.key), scan.c.state == "waiting")
        connection.execute(failed.values(state="failed", reason=reason, tries=job.tries))
