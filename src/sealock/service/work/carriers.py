"""Opens the jobs of a database: leases on SQLite, Procrastinate on PostgreSQL."""

from __future__ import annotations

from sealock.service.state.database import Database
from sealock.service.work.jobs import GivenUp, Jobs, JobSettings, ignore
from sealock.service.work.leases import LeasedJobs

_USUAL = JobSettings()


def open_jobs(database: Database, given_up: GivenUp = ignore, settings: JobSettings = _USUAL) -> Jobs:
    """Open the jobs of a database, and make what they need."""
    jobs: Jobs
    if database.is_postgresql:
        from sealock.service.work.procrastination import ProcrastinateJobs  # noqa: PLC0415  20 MB that SQLite spares

        jobs = ProcrastinateJobs(database, settings, given_up)
    else:
        jobs = LeasedJobs(database, settings, given_up)
    jobs.prepare()
    return jobs
