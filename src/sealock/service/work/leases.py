"""Jobs on SQLite: a table with leases. A worker that does not renew its lease in time loses its job.

All workers are on one machine, so leases and waits go by its even time, which no clock that is set changes. After a
restart of the machine it begins again: a lease or wait that is longer than any can be is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import OperationalError

from sealock.service.state.database import Database
from sealock.service.state.moments import has_come, machine_time
from sealock.service.state.rows import insert_new
from sealock.service.state.tables import job, parked
from sealock.service.work.jobs import (
    LONGEST,
    TRIES,
    GivenUp,
    Handler,
    Job,
    JobCounts,
    JobSettings,
    Later,
    count_parked,
    failed,
    ignore,
    lost,
    park,
    worker_name,
)

_NOW: Final[ColumnElement[float]] = bindparam("now", type_=job.c.due.type)
_LENGTH: Final[ColumnElement[float]] = bindparam("length", type_=job.c.due.type)
"""Seconds of a lease."""
_IS_LOST: Final[ColumnElement[bool]] = has_come(job.c.lease, _NOW, _LENGTH)
_NEXT: Final = (
    select(job)
    .where(has_come(job.c.due, _NOW, LONGEST), or_(job.c.owner == "", _IS_LOST))
    .order_by(job.c.due, job.c.id)
    .limit(1)
)
"""The job that waits for longest, or that a dead worker left; it is built once, since workers look for it often."""


class LeasedJobs:
    """Jobs in the table `job`."""

    def __init__(
        self,
        database: Database,
        settings: JobSettings,
        given_up: GivenUp = ignore,
        clock: Callable[[], float] = machine_time,
    ) -> None:
        self._database, self._settings, self._given_up, self._clock = database, settings, given_up, clock
        self._name = worker_name()

    def prepare(self) -> None:
        """Nothing: the table is one of the state's."""

    def put(self, connection: Connection, kind: str, key: str, after: float = 0.0) -> None:
        """See Jobs."""
        connection.execute(delete(parked).where(parked.c.kind == kind, parked.c.key == key))
        insert_new(connection, job, [{"kind": kind, "key": key, "due": self._clock() + min(after, LONGEST)}])

    def work(self, handle: Handler, stop: Event) -> None:
        """See Jobs."""
        more = False
        while not stop.is_set():
            try:
                taken = self.take() if more or self._is_any_free() else None
                more = taken is not None
                if taken is None:
                    stop.wait(self._settings.poll)
                else:
                    self._do(taken, handle)
            except OperationalError:
                # The disk is full, or another holds the database for a minute: nothing is lost, and it may pass.
                stop.wait(max(self._settings.poll, 1.0))

    def take(self) -> Job | None:
        """Take the next job; None where there is none."""
        while True:
            with self._database.write() as connection:
                row = connection.execute(_NEXT, self._now()).first()
                if row is None:
                    return None
                if row.tries >= TRIES:
                    self._park(connection, row.id, Job(row.kind, row.key, row.tries), lost(row.tries))
                    continue
                mine = {"owner": self._name, "lease": self._clock() + self._settings.lease, "tries": row.tries + 1}
                connection.execute(update(job).where(job.c.id == row.id).values(**mine))
                return Job(row.kind, row.key, row.tries + 1)

    def _is_any_free(self) -> bool:
        """Whether there is a job to take: most looks find nothing, and need not wait for those that write."""
        with self._database.read() as connection:
            return connection.execute(_NEXT, self._now()).first() is not None

    def _now(self) -> dict[str, float]:
        return {"now": self._clock(), "length": self._settings.lease}

    def _park(self, connection: Connection, number: int, given: Job, reason: str) -> None:
        connection.execute(delete(job).where(job.c.id == number))
        park(connection, given, reason, time.time(), self._given_up)

    def _do(self, taken: Job, handle: Handler) -> None:
        done = Event()
        beat = Thread(target=self._renew, args=(taken, done), daemon=True)
        beat.start()
        try:
            handle(taken)
        except Later as later:
            self._release(taken, later.seconds, taken.tries - 1)
        except Exception as error:  # noqa: BLE001  whatever it is, the next job must not suffer
            if taken.tries >= TRIES:
                self._give_up(taken, failed(error))
            else:
                self._release(taken, self._settings.pause * 2 ** (taken.tries - 1), taken.tries)
        else:
            with self._database.write() as connection:
                connection.execute(delete(job).where(self._is_mine(taken)))
        finally:
            done.set()
            beat.join()

    def _is_mine(self, taken: Job) -> ColumnElement[bool]:
        return and_(job.c.kind == taken.kind, job.c.key == taken.key, job.c.owner == self._name)

    def _renew(self, taken: Job, done: Event) -> None:
        while not done.wait(self._settings.lease / 3):
            # Where it fails, the next time may be in time.
            with suppress(OperationalError), self._database.write() as connection:
                lease = self._clock() + self._settings.lease
                connection.execute(update(job).where(self._is_mine(taken)).values(lease=lease))

    def _release(self, taken: Job, seconds: float, tries: int) -> None:
        values = {"owner": "", "lease": None, "due": self._clock() + min(seconds, LONGEST), "tries": tries}
        with self._database.write() as connection:
            connection.execute(update(job).where(self._is_mine(taken)).values(**values))

    def _give_up(self, taken: Job, reason: str) -> None:
        with self._database.write() as connection:
            number = connection.execute(select(job.c.id).where(self._is_mine(taken))).scalar()
            if number is not None:
                self._park(connection, number, taken, reason)

    def sweep(self) -> int:
        """See Jobs. A look for a job takes those of dead workers too: here, those that come to be parked are left."""
        with self._database.write() as connection:
            rows = connection.execute(select(job).where(job.c.owner != "", _IS_LOST), self._now()).all()
            for row in rows:
                if row.tries >= TRIES:
                    self._park(connection, row.id, Job(row.kind, row.key, row.tries), lost(row.tries))
                else:
                    connection.execute(update(job).where(job.c.id == row.id).values(owner="", lease=None))
        return len(rows)

    def counts(self) -> JobCounts:
        """See Jobs."""
        with self._database.read() as connection:
            running = and_(job.c.owner != "", ~_IS_LOST)
            query = select(func.count(), func.count().filter(running)).select_from(job)
            total, busy = connection.execute(query, self._now()).one()
            return JobCounts(total - busy, busy, count_parked(connection))
