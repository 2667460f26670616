"""The database's directory, and the lock for writing it."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sealock.errors import DatabaseError, reason_of

NAME: Final = "advisories.db"
_LOCK: Final = "lock"
_INCOMING: Final = "incoming-"


def database_directory() -> str:
    """The directory of the database: $SEALOCK_DB_DIR, else in $XDG_CACHE_HOME or ~/.cache."""
    if given := os.environ.get("SEALOCK_DB_DIR"):
        return os.path.abspath(given)
    cache = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG specification says to ignore relative paths.
    if not os.path.isabs(cache):
        cache = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(cache, "sealock", "db")


def is_absent(path: str) -> bool:
    """Whether nothing has this path; False where that cannot be seen, so that opening it says why."""
    try:
        os.stat(path)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def refuse_foreign(path: str) -> None:
    """Raise DatabaseError for a database or its directory that another user than root and this one could change.

    Whoever writes the database decides what is vulnerable.
    """
    for place in (os.path.dirname(path), path):
        try:
            facts = os.stat(place)
        except FileNotFoundError:
            continue
        except OSError as error:
            why = reason_of(error)
            msg = f"the advisory database {path} cannot be opened ({why}): set SEALOCK_DB_DIR to another directory"
            raise DatabaseError(msg) from None
        shared = facts.st_mode & stat.S_IWGRP and facts.st_gid != os.getegid()
        foreign = facts.st_uid not in {0, os.geteuid()}
        if foreign or shared or facts.st_mode & stat.S_IWOTH:
            why = "belongs to another user" if foreign else "is writable by others"
            msg = f"{place} {why}, so the advisory database is not used: set SEALOCK_DB_DIR to a directory of your own"
            raise DatabaseError(msg)


@contextmanager
def writing(where: str, wait: Callable[[], None] = lambda: None) -> Iterator[str]:
    """Hold the write lock, and give a directory for incoming files, which is removed at the end.

    `wait` is called once if another process holds the lock. The lock ends with the process.
    """
    import shutil  # noqa: PLC0415  loads lzma and bz2, and every check asks this module where the database is

    refuse_foreign(os.path.join(where, NAME))
    try:
        os.makedirs(where, mode=0o755, exist_ok=True)
        lock = os.open(os.path.join(where, _LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise DatabaseError(cannot(where, error)) from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in os.listdir(where):
            # Left by an update that was killed: only the holder of the lock has such a directory.
            if left.startswith(_INCOMING):
                shutil.rmtree(os.path.join(where, left), ignore_errors=True)
        incoming = os.path.join(where, f"{_INCOMING}{os.getpid()}")
        try:
            os.mkdir(incoming, 0o700)
        except OSError as error:
            raise DatabaseError(cannot(where, error)) from None
        try:
            yield incoming
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
    finally:
        os.close(lock)


def clear(where: str) -> bool:
    """Remove the database; False where there is none."""
    if not os.path.isdir(where):
        return False
    with writing(where):
        try:
            os.unlink(os.path.join(where, NAME))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise DatabaseError(cannot(where, error)) from None
    return True


def put(new: str, where: str) -> None:
    """Replace the database by a finished file, durably and atomically."""
    try:
        handle = os.open(new, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(new, os.path.join(where, NAME))
        with suppress(OSError):  # some file systems cannot
            handle = os.open(where, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    except OSError as error:
        raise DatabaseError(cannot(where, error)) from None


def cannot(where: str, error: OSError) -> str:
    """The message for a directory that cannot be written."""
    why = reason_of(error)
    return f"{where} cannot be written ({why}); set SEALOCK_DB_DIR to another directory for the advisory database"
