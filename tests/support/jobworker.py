"""A worker of the service in a process of its own, whose jobs leave a row in the state and may end it.

    python -m support.jobworker URL LEASE

A job of the kind "count" adds a row for its key, in one transaction with what it does; "slow" takes a while first,
and "endless" for ever; "poison" kills the process; "late" waits three times first; "broken" fails. The worker prints
"ready" once it obeys SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Event

from msgspec.structs import replace
from sqlalchemy import insert, select

from sealock.service.state.database import Database
from sealock.service.state.rows import insert_new
from sealock.service.state.tables import setting
from sealock.service.work.carriers import open_jobs
from sealock.service.work.jobs import Job, JobSettings, Later

QUICK = JobSettings(lease=2.5, pause=0.05, poll=0.05)


def main(url: str, lease: float) -> None:
    database = Database(url)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    os.write(sys.stdout.fileno(), b"ready\n")

    def handle(job: Job) -> None:
        with database.write() as connection:
            connection.execute(
                insert(setting).values(name=f"try {job.kind} {job.key} {time.time_ns()}", value=str(job.tries))
            )
        if job.kind == "poison":
            os.kill(os.getpid(), signal.SIGKILL)
        if job.kind == "broken":
            message = "the registry sends what is no manifest"
            raise ValueError(message)
        if job.kind == "late":
            with database.read() as connection:
                tried = connection.execute(
                    select(setting.c.name).where(setting.c.name.startswith(f"try late {job.key}"))
                ).all()
            if len(tried) <= 4:
                raise Later(0.05, "the registry is away")
        if job.kind == "slow":
            time.sleep(0.3)
        if job.kind == "endless":
            Event().wait()
        with database.write() as connection:
            insert_new(connection, setting, [{"name": f"done {job.kind} {job.key}", "value": ""}])

    open_jobs(database, settings=replace(QUICK, lease=lease)).work(handle, stop)
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
