"""The narrow interface for jobs: put one into the transaction that wants it done, work on them, park those that fail.

A job is a kind and a key: all else that it needs is in the state. It is done at least once: a worker that is killed in
the middle of a job loses it to another one. So a handler writes its result in one transaction, and does
nothing where that is there already.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from threading import Event
from typing import Final, Protocol, TypeAlias

from msgspec import Struct
from sqlalchemy import Connection, func, select

from sealock.service.state.rows import put
from sealock.service.state.tables import parked

TRIES: Final = 3
"""How often a job may end its worker, or fail, before it is parked."""
LEASE: Final = 60.0
"""Seconds without a sign of life after which a worker counts as dead."""
PAUSE: Final = 10.0
"""Seconds before a job that failed is tried again; twice as many after each try."""
LONGEST: Final = 900.0
"""Seconds that a job waits at most, whoever asks for more."""
_REASON: Final = 2000


class Job(Struct, frozen=True):
    """A job. `tries` counts this one."""

    kind: str
    key: str
    tries: int = 1


class Later(Exception):  # noqa: N818  it is no error
    """A job cannot be done now, through no fault of its own: it waits, and that counts as no try."""

    def __init__(self, seconds: float, reason: str) -> None:
        super().__init__(reason)
        self.seconds = seconds


class JobCounts(Struct, frozen=True):
    """How many jobs wait, are being done, and were parked."""

    waiting: int
    running: int
    parked: int


Handler: TypeAlias = Callable[[Job], None]
"""Does a job; Later where it cannot be done now, any other exception where it failed."""
GivenUp: TypeAlias = Callable[[Connection, Job, str], None]
"""Hears of a job that is parked and why, in the transaction that does it."""


class JobSettings(Struct, frozen=True):
    """Times in seconds: without a sign of life, before a failed job is tried again, between two looks for new jobs."""

    lease: float = LEASE
    pause: float = PAUSE
    poll: float = 1.0


class Jobs(Protocol):
    """Carries jobs."""

    def prepare(self) -> None:
        """Make what it needs in the database. Any number of processes may do so."""

    def put(self, connection: Connection, kind: str, key: str, after: float = 0.0) -> None:
        """Put a job into a transaction, to be done `after` so many seconds, at most `LONGEST`.

        Nothing where the same one waits.
        """

    def work(self, handle: Handler, stop: Event) -> None:
        """Do jobs, one at a time, until `stop` is set; the last one is finished."""

    def sweep(self) -> int:
        """Give jobs of dead workers to others, or park them; give how many there were."""

    def counts(self) -> JobCounts:
        """Count the jobs."""


def worker_name() -> str:
    """A name for this process: its host, its number, and bits that no other process draws."""
    return f"{socket.gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"


def park(connection: Connection, job: Job, reason: str, now: float, given_up: GivenUp) -> None:
    """Park a job: it is not tried again until it is asked for again."""
    row = {"kind": job.kind, "key": job.key, "reason": reason[:_REASON], "tries": job.tries, "at": now}
    put(connection, parked, [row])
    given_up(connection, job, reason[:_REASON])


def lost(tries: int) -> str:
    """Why a job is parked whose workers died."""
    return f"its worker ended {tries} times in the middle of it, without a word: it may take more memory than there is"


def failed(error: BaseException) -> str:
    """Why a job failed."""
    return str(error) or type(error).__name__


def count_parked(connection: Connection) -> int:
    """How many jobs were parked."""
    return connection.execute(select(func.count()).select_from(parked)).scalar_one()


def ignore(_connection: Connection, _job: Job, _reason: str) -> None:
    """Hear of a job that is parked, and do nothing."""
