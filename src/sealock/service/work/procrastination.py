"""Jobs on PostgreSQL: Procrastinate, with a sweep of our own for the jobs of workers that were killed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from threading import Event
from typing import Any, Final

from msgspec import Struct
from procrastinate import App, JobContext, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.jobs import Job as CarriedJob
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from psycopg.conninfo import make_conninfo
from psycopg.errors import Error
from sqlalchemy import ColumnElement, Connection, delete, func, inspect, literal_column, select, table, text

from sealock.service.state.database import Database
from sealock.service.state.moments import SLACK
from sealock.service.state.rows import take_turn
from sealock.service.state.tables import parked
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
)

_TASK: Final = "sealock"
_TABLE: Final = "procrastinate_jobs"
_NEVER: Final = 10_000_000_000
"""Seconds: Procrastinate must take no worker for dead, since it goes by PostgreSQL's clock, which may be set."""
_ATTEMPTS: Final = 3.0
"""Seconds before a worker that lost the database tries to reach it again."""


class _Retries(BaseRetryStrategy):
    """When a job that failed is tried again: always, since `_do` ends well where it parked the job or put it in again.

    What fails after the last try is only that: the database was away, and the job would be lost.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause

    def get_retry_decision(self, *, exception: BaseException, job: CarriedJob) -> RetryDecision:  # noqa: ARG002
        return RetryDecision(retry_in={"seconds": int(self._pause * 2 ** min(job.attempts, TRIES))})


def _lock(kind: str, key: str) -> str:
    """What keeps the same job from waiting or running twice."""
    return f"{kind}:{key}"


class _Silence(Struct, frozen=True):
    """The last heartbeat that was seen of a worker, and for how many seconds there was no other."""

    beat: datetime
    seconds: float = 0.0


class ProcrastinateJobs:
    """Jobs in Procrastinate's tables."""

    def __init__(self, database: Database, settings: JobSettings, given_up: GivenUp = ignore) -> None:
        self._database, self._settings, self._given_up = database, settings, given_up
        # Not as a URL: SQLAlchemy leaves characters in it that libpq does not take, such as spaces in passwords.
        parts = database.url.translate_connect_args(username="user", database="dbname")
        self._place = make_conninfo(**{**database.url.query, **parts})
        self._deferring = App(connector=SyncPsycopgConnector(conninfo=self._place, open=False))
        self._silences: dict[int, _Silence] = {}
        self._looked = time.monotonic()
        self._deferring.task(name=_TASK)(lambda kind, key: None)  # noqa: ARG005  its parameters are what matters

    def prepare(self) -> None:
        """See Jobs."""
        with self._database.write() as connection:
            take_turn(connection)
            if not inspect(connection).has_table(_TABLE):
                # The driver's own cursor: SQLAlchemy would look for parameters in it.
                schema = self._deferring.schema_manager.get_schema()
                connection.connection.cursor().execute(schema)

    def put(self, connection: Connection, kind: str, key: str, after: float = 0.0) -> None:
        """See Jobs."""
        connection.execute(delete(parked).where(parked.c.kind == kind, parked.c.key == key))
        name = _lock(kind, key)
        options: dict[str, Any] = {"schedule_in": {"milliseconds": int(min(after, LONGEST) * 1000)}} if after else {}
        task = self._deferring.configure_task(
            _TASK, lock=name, queueing_lock=name, connection=connection.connection.driver_connection, **options
        )
        savepoint = connection.begin_nested()
        try:
            task.defer(kind=kind, key=key)
        except AlreadyEnqueued:
            savepoint.rollback()
        else:
            savepoint.commit()

    def work(self, handle: Handler, stop: Event) -> None:
        """See Jobs."""
        while not stop.is_set():
            try:
                asyncio.run(self._work(handle, stop))
            except (ConnectorException, Error, OSError):
                stop.wait(_ATTEMPTS)  # the database is away: nothing is lost, and it comes back

    def _app(self) -> App:
        return App(connector=PsycopgConnector(conninfo=self._place, min_size=1, max_size=4))

    async def _work(self, handle: Handler, stop: Event) -> None:
        app = self._app()

        def do(context: JobContext, kind: str, key: str) -> None:
            self._do(handle, Job(kind, key, context.job.attempts + 1))

        app.task(name=_TASK, pass_context=True, retry=_Retries(self._settings.pause))(do)
        app.job_manager.retry_job = partial(self._put_again, app.job_manager.retry_job)  # type: ignore[method-assign]
        beat = self._settings.lease / 3
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    concurrency=1,
                    install_signal_handlers=False,
                    fetch_job_polling_interval=self._settings.poll,
                    update_heartbeat_interval=beat,
                    stalled_worker_timeout=_NEVER,
                    delete_jobs=DeleteJobCondition.ALWAYS,
                )
            )
            swept = time.monotonic()
            try:
                while not stop.is_set() and not working.done():
                    await asyncio.wait({working}, timeout=min(0.2, self._settings.poll))
                    if time.monotonic() - swept > beat:
                        swept = time.monotonic()
                        await self._sweep(app)
            finally:
                if not working.done():
                    # It finishes the job that it has.
                    working.cancel()
                await asyncio.gather(working, return_exceptions=True)
            if not working.cancelled() and (error := working.exception()) is not None:
                raise error

    def _do(self, handle: Handler, job: Job) -> None:
        try:
            handle(job)
        except Later as later:
            with self._database.write() as connection:
                self.put(connection, job.kind, job.key, later.seconds)
        except Exception as error:
            if job.tries < TRIES:
                raise
            with self._database.write() as connection:
                park(connection, job, failed(error), time.time(), self._given_up)

    def sweep(self) -> int:
        """See Jobs."""
        return asyncio.run(self._swept())

    async def _swept(self) -> int:
        app = self._app()
        async with app.open_async():
            return await self._sweep(app)

    async def _sweep(self, app: App) -> int:
        """Procrastinate leaves the job of a killed worker as it is, for ever."""
        await asyncio.to_thread(self._bound)
        await asyncio.to_thread(self._remove_dead)
        stalled = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_NEVER))
        for carried in stalled:
            job = Job(str(carried.task_kwargs["kind"]), str(carried.task_kwargs["key"]), carried.attempts + 1)
            with suppress(ConnectorException):  # another worker swept it at the same time
                if job.tries < TRIES:
                    await self._put_again(app.job_manager.retry_job, carried)
                else:
                    # First the word of it: where this process ends in between, the next sweep does it again.
                    await asyncio.to_thread(self._give_up, job)
                    await app.job_manager.finish_job(carried, status=Status.FAILED, delete_job=True)
        return len(stalled)

    def _bound(self) -> None:
        """Procrastinate goes by the clock of PostgreSQL: no wait is longer because that, or a worker's, went back."""
        waiting = text(
            f"UPDATE {_TABLE} SET scheduled_at = now()"  # noqa: S608  our own name
            " WHERE status = 'todo' AND scheduled_at > now() + make_interval(secs => :longest)"
        )
        with self._database.write() as connection:
            connection.execute(waiting, {"longest": LONGEST + SLACK})

    def _remove_dead(self) -> None:
        """Remove the workers whose heartbeat stayed the same for the length of a lease; their jobs stall.

        It is counted here, since a clock that is set ahead makes all heartbeats old. Of the time between two looks, a
        third of a lease counts at most: where all of this stood still, the workers did too.
        """
        now = time.monotonic()
        passed = min(now - self._looked, self._settings.lease / 3)
        self._looked = now
        removing = text("DELETE FROM procrastinate_workers WHERE id = :id AND last_heartbeat = :beat")
        with self._database.write() as connection:
            beats = connection.execute(text("SELECT id, last_heartbeat FROM procrastinate_workers")).all()
            before, self._silences = self._silences, {}
            for worker, beat in beats:
                former = before.get(worker)
                silent = former.seconds + passed if former is not None and former.beat == beat else 0.0
                self._silences[worker] = _Silence(beat, silent)
                if silent >= self._settings.lease:
                    connection.execute(removing, {"id": worker, "beat": beat})

    async def _put_again(self, retry: Callable[..., Awaitable[None]], job: CarriedJob, **options: Any) -> None:  # noqa: ANN401  Procrastinate's
        """Put a job in again for its next try, as Procrastinate's `retry_job` does.

        The same one may have been put in while this one ran, up to this very moment. Procrastinate would then leave
        this one as it is: it would count as running for ever, and keep the other from running.
        """
        while True:
            try:
                await retry(job, **options)
            except UniqueViolation:
                await asyncio.to_thread(self._drop_twin, job)
            else:
                return

    def _drop_twin(self, job: CarriedJob) -> None:
        """Remove the same job that was put in meanwhile. This one stays, since it knows how often it was tried."""
        query = text(f"DELETE FROM {_TABLE} WHERE status = 'todo' AND queueing_lock = :lock AND id <> :number")  # noqa: S608  our own name
        with self._database.write() as connection:
            connection.execute(query, {"lock": job.queueing_lock, "number": job.id})

    def _give_up(self, job: Job) -> None:
        with self._database.write() as connection:
            park(connection, job, lost(job.tries), time.time(), self._given_up)

    def counts(self) -> JobCounts:
        """See Jobs."""
        with self._database.read() as connection:
            status: ColumnElement[str] = literal_column("status::text")
            query = select(status, func.count()).select_from(table(_TABLE)).group_by(text("1"))
            counts = {word: number for word, number in connection.execute(query)}  # noqa: C416  rows are no pairs
            return JobCounts(counts.get("todo", 0), counts.get("doing", 0), count_parked(connection))
