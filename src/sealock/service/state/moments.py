"""Moments in the state, and clocks that jump: what decides whether a moment has come, or lies back less than a time.

A moment in the future was put at most so far ahead. One that lies further ahead was written before the clock went back,
and counts as past: no lease, wait or schedule holds longer than it may, whatever the clock did. What looks as if it
had happened in the future is likewise not recent. So a jump ends nothing for good, and nothing waits for a year.
"""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, select

from sealock.service.state.database import Database
from sealock.service.state.rows import put
from sealock.service.state.tables import setting

SLACK: Final = 300.0
"""Seconds by which the clocks of a service's machines may differ."""
_EVEN: Final[int | None] = getattr(time, "CLOCK_BOOTTIME", None)
"""Linux's; the monotonic clock stands still there while the machine sleeps."""
_JUMP: Final = "clock jump"


def has_come(at: Any, now: Any, longest: Any) -> Any:  # noqa: ANN401  columns, or numbers
    """Whether a moment has come that was at most `longest` seconds ahead; of a column, the condition for it."""
    return (at <= now) | (at > now + longest + SLACK)


def is_recent(at: Any, now: float, length: float) -> Any:  # noqa: ANN401  a column, or a number
    """Whether a moment lies back at most `length` seconds; of a column, the condition for it."""
    return (at > now - length) & (at <= now + SLACK)


class ClockJump(Struct, frozen=True):
    """A clock of the service's machines that was set: when, by it, and by how many seconds, back where negative."""

    at: float
    seconds: float


def note_jump(database: Database, now: float, seconds: float) -> None:
    """Keep the last jump of a clock, so that people hear of it."""
    value = msgspec.json.encode(ClockJump(now, seconds)).decode()
    with database.write() as connection:
        put(connection, setting, [{"name": _JUMP, "value": value}])


def last_jump(connection: Connection) -> ClockJump | None:
    """The last jump of a clock, None where none was noticed."""
    value = connection.execute(select(setting.c.value).where(setting.c.name == _JUMP)).scalar()
    return msgspec.json.decode(value, type=ClockJump) if value else None


def machine_time() -> float:
    """Seconds that go on evenly for all processes of a machine until it starts again, whatever its clock is set to."""
    return time.monotonic() if _EVEN is None else time.clock_gettime(_EVEN)
