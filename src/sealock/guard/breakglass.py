"""Break-glass: for a limited time the guard lets pass what it would deny, with a reason that every log line bears.

A file says so, which root or the guard's own user must own. Its end is kept by the clock that counts since the machine
started: a clock that is set back opens nothing longer.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec import Struct

from sealock.errors import UNDECODABLE, UsageError, reason_of

DIRECTORY: Final = "/run/sealock"
NAME: Final = "guard-open.json"
LONGEST: Final = 24 * 3600
"""The longest time, in seconds."""
_SIZE: Final = 16 << 10
_BOOT: Final = "/proc/sys/kernel/random/boot_id"


class BreakGlass(Struct, frozen=True):
    """The guard is open: why, since when (UTC), by which user, and until when in seconds since the machine started."""

    reason: str
    opened: str
    uid: int
    boot: str
    ends: float
    seconds: float

    @property
    def left(self) -> float:
        """Seconds until it closes; 0 or less once it did."""
        left = self.ends - time.clock_gettime(time.CLOCK_BOOTTIME)
        # More than was asked for is no end that this machine's clock gave.
        return left if left <= self.seconds <= LONGEST else 0.0


def open_guard(directory: str, seconds: float, reason: str) -> BreakGlass:
    """Open the guard; UsageError for a time or reason that it does not take, or a file that cannot be written."""
    if not 0 < seconds <= LONGEST:
        message = "--for is a time of at most 24 hours, as in 10m or 1h"
        raise UsageError(message)
    if not reason.strip():
        message = "--reason is empty: say why, since the log of the guard will show it"
        raise UsageError(message)
    opened = datetime.now(UTC).isoformat(timespec="seconds")
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    glass = BreakGlass(reason.strip(), opened, os.getuid(), _boot(), now + seconds, seconds)
    path = os.path.join(directory, NAME)
    made = f"{path}.{os.getpid()}"
    try:
        os.makedirs(directory, 0o755, exist_ok=True)
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(glass))
        os.rename(made, path)
    except OSError as error:
        message = f"the guard was not opened: {path}: {reason_of(error)}; run this as root"
        raise UsageError(message) from None
    return glass


def close_guard(directory: str) -> bool:
    """Close the guard; returns whether it was open. UsageError where the file cannot be removed."""
    path = os.path.join(directory, NAME)
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    except OSError as error:
        message = f"the guard was not closed: {path}: {reason_of(error)}; run this as root"
        raise UsageError(message) from None
    return True


class GlassWatch:
    """Looks whether the guard is open. What is doubtful about the file counts as closed."""

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, NAME)
        self._seen: tuple[int, int, int] | None = None
        self._glass: BreakGlass | None = None

    def current(self) -> BreakGlass | None:
        """Return the opening that holds now, or None."""
        try:
            status = os.lstat(self._path)
        except OSError:
            self._seen = self._glass = None
            return None
        seen = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        if seen != self._seen:
            self._seen, self._glass = seen, self._read()
        return self._glass if self._glass is not None and self._glass.left > 0 else None

    def _read(self) -> BreakGlass | None:
        with suppress(OSError, *UNDECODABLE):
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                if not _is_ours(os.fstat(descriptor)) or not _is_ours(os.stat(os.path.dirname(self._path))):
                    return None
                glass = msgspec.json.decode(file.read(_SIZE), type=BreakGlass)
            return glass if glass.boot == _boot() else None
        return None


def _is_ours(status: os.stat_result) -> bool:
    """Whether only root and the guard's own user can write it."""
    return status.st_uid in {0, os.geteuid()} and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _boot() -> str:
    with open(_BOOT, encoding="utf-8") as file:
        return file.read().strip()
