"""A worker: does jobs one after the other, and sees to it that what is due is put in."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Final

from cryptography.fernet import MultiFernet
from msgspec import Struct
from sqlalchemy import Connection, or_, select
from sqlalchemy.exc import OperationalError

from sealock.errors import SealockError
from sealock.service.state.credentials import StoredCredentials
from sealock.service.state.database import Database
from sealock.service.state.eventcounts import keep_event_counts
from sealock.service.state.moments import has_come, is_recent, note_jump
from sealock.service.state.retention import Retention, tidy
from sealock.service.state.rows import put, take_turn
from sealock.service.state.tables import parked, repository, setting
from sealock.service.work.advisories import (
    Advisories,
    AdvisorySource,
    is_matched,
    match_newest,
    update_advisories,
)
from sealock.service.work.carriers import open_jobs
from sealock.service.work.clockwatch import ClockWatch
from sealock.service.work.datedrules import count_acknowledged, evaluate_dated_rules
from sealock.service.work.jobs import Job, Jobs, JobSettings, Later
from sealock.service.work.requests import SCAN, give_up, put_waiting
from sealock.service.work.scanner import NotingRegistry, Scanner, ScanSettings, open_client
from sealock.service.work.watcher import POLL, poll

UPDATE: Final = "update"
"""The kind of the job that fetches advisories."""
MATCH: Final = "match"
"""The kind of the job that matches with advisories that somebody else fetched."""
TIDY: Final = "tidy"
"""The kind of the job that removes what is too old."""
_TICK: Final = 5.0
"""Seconds between two looks for what is due."""
_DAY: Final = 86_400.0
_YEAR: Final = 365.0
"""Days."""
_REST: Final = 3600.0
"""Seconds before a worker puts in a job again that was parked: each try may end a worker."""
_EVENTS: Final = 10_000
"""Events that who asks for metrics may have to count."""
_AGAIN: Final = 1800.0
"""Seconds before sources of advisories are asked again after one of them failed."""
_AWAY: Final = 10.0
"""Seconds before a job is tried again that met a full disk, or a database that is away."""


class WorkerSettings(Struct, frozen=True):
    """How a worker works. Times are in seconds; `update` and `poll` 0 mean never."""

    database: str
    advisories: str
    """The directory of the advisory database, which all workers of one machine share."""
    source: AdvisorySource = AdvisorySource()
    update: float = 6 * 3600.0
    poll: float = 300.0
    scans: ScanSettings = ScanSettings()
    retention: Retention = Retention()
    jobs: JobSettings = JobSettings()
    tick: float = _TICK


class Worker:
    """Does jobs of every kind."""

    def __init__(
        self,
        settings: WorkerSettings,
        key: MultiFernet | None = None,
        clock: Callable[[], float] = time.time,
        report: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """Open the database. `report` hears a line for each job, and each error."""
        self._settings, self._clock, self._report = settings, clock, report
        self._watch = ClockWatch(clock)
        self.database = Database(settings.database)
        self.jobs: Jobs = open_jobs(self.database, give_up, settings.jobs)
        self._credentials = StoredCredentials(self.database, key)
        self._advisories = Advisories(settings.advisories)
        self._scanner = Scanner(self.database, self._advisories, self._open_client, settings.scans, clock)

    def _open_client(self) -> NotingRegistry:
        return open_client(self._settings.scans, self._credentials)

    def run(self, stop: Event) -> None:
        """Work until `stop` is set; the job at hand is finished."""
        ticking = Thread(target=self._tick, args=(stop,), daemon=True)
        ticking.start()
        self.jobs.work(self.handle, stop)
        ticking.join()

    def close(self) -> None:
        """Close the databases."""
        self._advisories.close()
        self.database.close()

    def handle(self, job: Job) -> None:
        """Do a job."""
        started = time.monotonic()
        try:
            self._do(job)
        except Later as later:
            self._report(f"{job.kind} {job.key} waits {later.seconds:g} s: {later}")
            raise
        except (OperationalError, OSError) as error:
            # A full disk or a database that is away is no fault of the job.
            reason = " ".join(str(getattr(error, "orig", None) or error).split())[:300]
            self._report(f"{job.kind} {job.key} waits {_AWAY:g} s: {reason}")
            raise Later(_AWAY, reason) from error
        except Exception as error:
            self._report(f"{job.kind} {job.key} failed at try {job.tries}: {error}")
            raise
        self._report(f"{job.kind} {job.key} took {time.monotonic() - started:.1f} s")

    def _do(self, job: Job) -> None:
        now = self._clock()
        if job.kind == SCAN:
            self._scanner.scan(job)
        elif job.kind == POLL:
            if error := poll(self.database, self.jobs, self._open_client(), int(job.key), now):
                raise Later(self._settings.poll or _DAY, error)
        elif job.kind == UPDATE:
            if not update_advisories(self.database, self._advisories, self._settings.source, self._open_client(), now):
                self._update_again(now)
            keep_event_counts(self.database)
        elif job.kind == MATCH:
            match_newest(self.database, self._advisories, now)
            self._evaluate_dated_rules(now)
            keep_event_counts(self.database)
        elif job.kind == TIDY:
            self._evaluate_dated_rules(now)
            tidy(self.database, self._settings.retention, now)
            put_waiting(self.database, self.jobs)
        else:
            msg = f"this sealock does not know jobs of the kind {job.kind!r}: is this worker older than the service?"
            raise SealockError(msg)

    def _update_again(self, now: float) -> None:
        """Update sooner than usual, since a source did not answer."""
        if self._settings.update:
            with self.database.write() as connection:
                take_turn(connection)
                due = now + min(self._settings.update, _AGAIN)
                put(connection, setting, [{"name": f"due {UPDATE}", "value": repr(due)}])

    def _evaluate_dated_rules(self, now: float) -> None:
        """Each day, and when other days of support may have come: newer advisories are matched after each update."""
        evaluate_dated_rules(self.database, self._settings.scans.policy, self._advisories.support(), now)
        count_acknowledged(self.database, now, self._settings.retention.events or _YEAR)

    def _tick(self, stop: Event) -> None:
        advisories = Advisories(self._settings.advisories)
        while True:
            try:
                self.put_due(advisories)
            except Exception as error:  # noqa: BLE001  without this thread nothing would become due any more
                self._report(f"looking for what is due failed: {error}")
            if stop.wait(self._settings.tick):
                advisories.close()
                return

    def put_due(self, advisories: Advisories) -> None:
        """Put in the jobs that are due: any number of workers may do so, each is put in once."""
        now, settings = self._clock(), self._settings
        if seconds := self._watch.jumped():
            note_jump(self.database, now, seconds)
        keep_event_counts(self.database, _EVENTS)
        matched = is_matched(self.database, advisories)
        with self.database.read() as connection:
            due = [kind for kind in (UPDATE, TIDY) if self._is_due(connection, kind, now)]
            polls = self._polls(connection, now) if settings.poll else []
            recently = select(parked.c.kind, parked.c.key).where(is_recent(parked.c.at, now, _REST))
            resting = {(row.kind, row.key) for row in connection.execute(recently)}
        polls = [number for number in polls if (POLL, str(number)) not in resting]
        matches = not matched and (MATCH, "") not in resting
        if not (matches or due or polls):
            return
        with self.database.write() as connection:
            take_turn(connection)
            for kind in due:
                if self._is_due(connection, kind, now):
                    due_again = repr(now + self._every(kind))
                    put(connection, setting, [{"name": f"due {kind}", "value": due_again}])
                    self.jobs.put(connection, kind, "")
            for number in polls:
                self.jobs.put(connection, POLL, str(number))
            if matches:
                self.jobs.put(connection, MATCH, "")

    def _is_due(self, connection: Connection, kind: str, now: float) -> bool:
        if kind == UPDATE and not self._settings.update:
            return False
        value = connection.execute(select(setting.c.value).where(setting.c.name == f"due {kind}")).scalar()
        return value is None or bool(has_come(float(value), now, self._every(kind)))

    def _every(self, kind: str) -> float:
        return self._settings.update if kind == UPDATE else _DAY

    def _polls(self, connection: Connection, now: float) -> list[int]:
        late = or_(repository.c.polled.is_(None), ~is_recent(repository.c.polled, now, self._settings.poll))
        query = select(repository.c.id).where(repository.c.watched, late)
        return list(connection.execute(query).scalars())
