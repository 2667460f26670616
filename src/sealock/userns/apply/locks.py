"""The locks that useradd and similar programs hold while they change account files, so that no change is lost.

First /etc/.pwd.lock (lckpwdf(3)), then FILE.lock, a hard link to a file with the pid (shadow-utils, lib/commonio.c).
The timeout is the same as theirs.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Final

from sealock.errors import TargetError, reason_of

_ACCOUNTS: Final = "etc/.pwd.lock"
PATIENCE: Final = 15.0
"""Seconds."""
_PAUSE: Final = 0.1
_BUSY: Final = frozenset({errno.EACCES, errno.EAGAIN})


@contextmanager
def locked(root: str, paths: tuple[str, ...], patience: float = PATIENCE) -> Iterator[None]:
    """Hold the locks of files below the root; TargetError where they cannot be acquired in time."""
    until = time.monotonic() + patience
    with ExitStack() as stack:
        stack.enter_context(_accounts(os.path.join(root, _ACCOUNTS), until))
        for path in paths:
            stack.enter_context(_file(os.path.join(root, path), path, until))
        yield


def _impossible(path: str, error: OSError) -> TargetError:
    hint = ": run sealock as root" if error.errno in {errno.EACCES, errno.EPERM} else ""
    return TargetError(f"/{path} cannot be locked, so nothing was changed: {reason_of(error)}{hint}")


@contextmanager
def _accounts(name: str, until: float) -> Iterator[None]:
    """The kernel releases this lock when its holder ends."""
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _impossible(_ACCOUNTS, error) from error
    try:
        while True:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in _BUSY:
                    raise _impossible(_ACCOUNTS, error) from error
            if time.monotonic() > until:
                message = f"another program is changing accounts (it holds {name}): nothing was changed"
                raise TargetError(message)
            time.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _file(full: str, path: str, until: float) -> Iterator[None]:
    own, name = f"{full}.{os.getpid()}", f"{full}.lock"
    with ExitStack() as stack:
        try:
            with suppress(FileNotFoundError):
                # Left by an earlier process with this pid that was interrupted.
                os.unlink(own)
            descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            stack.callback(os.unlink, own)
            with os.fdopen(descriptor, "wb") as file:
                file.write(f"{os.getpid()}\0".encode())
            while not _linked(own, name):
                if _abandoned(name):
                    continue
                if time.monotonic() > until:
                    message = f"another program is changing /{path} (it holds {name}): nothing was changed"
                    raise TargetError(message)
                time.sleep(_PAUSE)
        except OSError as error:
            raise _impossible(path, error) from error
        stack.callback(os.unlink, name)
        yield


def _linked(own: str, name: str) -> bool:
    try:
        os.link(own, name)
    except FileExistsError:
        return False
    return True


def _abandoned(name: str) -> bool:
    """Whether the program that made a lock has ended without removing it; the lock is then removed.

    Only the holder of /etc/.pwd.lock does this, so it cannot remove a new lock instead of the old one.
    """
    try:
        with open(name, "rb") as file:
            word = file.read(32).split(b"\0")[0].decode("ascii", "replace").strip()
        number = int(word)
        if number > 0:
            os.kill(number, 0)
            return False
    except ProcessLookupError:
        pass
    except (OSError, ValueError, OverflowError):
        return False
    try:
        os.unlink(name)
    except OSError:
        return False
    with suppress(OSError):
        # The file that the lock was linked to.
        os.unlink(f"{name.removesuffix('.lock')}.{number}")
    return True
