"""Records of changes, so that they can be reverted: a directory for each, with the former files."""

from __future__ import annotations

import json
import os
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from sealock.errors import TargetError, reason_of
from sealock.userns.plan.ranges import SubordinateRange

DIRECTORY: Final = "var/lib/sealock/userns"
_RECORD: Final = "record.json"
_LARGEST: Final = 64 << 20
_MOST: Final = 10_000
ChangeState: TypeAlias = Literal["begun", "done", "undone"]


class Changed(Struct, frozen=True):
    """A file: its path below the root, its text before (None where it did not exist) and after."""

    path: str
    before: str | None
    after: str


class HandedDirectory(Struct, frozen=True):
    """A directory whose owners the plan changes, and the commands that revert that."""

    path: str
    back: tuple[str, ...]


class ChangeRecord(Struct, frozen=True, kw_only=True):
    """One change of the machine. `when` is UTC, as in 20261125T023000Z.

    It is "begun" before the first file changes, "done" after the last, and "undone" when it was reverted.
    """

    when: str
    user: str
    files: tuple[Changed, ...]
    state: ChangeState = "begun"
    settings: str = "etc/docker/daemon.json"
    """The engine's daemon.json."""
    data_root: str = ""
    """The engine's data directory with these ranges."""
    back: tuple[str, ...] = ()
    """Commands that revert the plan's changes of owners, in records of earlier versions."""
    handed: tuple[HandedDirectory, ...] = ()
    uids: tuple[SubordinateRange, ...] = ()
    gids: tuple[SubordinateRange, ...] = ()
    directory: str = ""


def records(root: str = "/") -> tuple[ChangeRecord, ...]:
    """All records, the newest last; unreadable ones are skipped."""
    base = os.path.join(root, DIRECTORY)
    readable: list[ChangeRecord] = []
    try:
        names = sorted(os.listdir(base))
    except OSError:
        return ()
    for name in names[-_MOST:]:
        try:
            with open(os.path.join(base, name, _RECORD), "rb") as file:
                record = msgspec.convert(json.loads(file.read(_LARGEST)), ChangeRecord)
        except (OSError, ValueError, RecursionError):
            continue
        readable.append(msgspec.structs.replace(record, directory=name))
    return tuple(readable)


def pending(root: str) -> bool:
    """Whether a change was begun and not finished."""
    return any(record.state == "begun" for record in records(root))


def keep(record: ChangeRecord, root: str) -> ChangeRecord:
    """Write a record in a directory of its own that only root can read; TargetError where that fails."""
    base = os.path.join(root, DIRECTORY)
    name = record.directory
    try:
        os.makedirs(base, 0o700, exist_ok=True)
        number = 0
        while not name:
            # Two changes within a second need different names.
            candidate = f"{record.when}-{number}" if number else record.when
            try:
                os.mkdir(os.path.join(base, candidate), 0o700)
                name = candidate
            except FileExistsError:
                number += 1
        path = os.path.join(base, name)
        record = msgspec.structs.replace(record, directory=name)
        temporary = os.path.join(path, f"{_RECORD}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            # Undecodable bytes are lone surrogates here, which the json module writes and reads, and msgspec does not.
            file.write(json.dumps(msgspec.to_builtins(record), indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, os.path.join(path, _RECORD))
        sync_directory(path)
        sync_directory(base)
    except OSError as error:
        why = reason_of(error)
        message = f"the backup could not be written below {base} ({why}), so nothing was changed"
        raise TargetError(message) from error
    return record


def sync_directory(directory: str) -> None:
    """Flush a directory's entries to disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
