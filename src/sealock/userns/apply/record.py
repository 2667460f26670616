"""What was changed, so that it can be undone: a folder for each time, with the files as they were."""

from __future__ import annotations

import json
import os
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec import Struct

from sealock.errors import TargetError

FOLDER: Final = "var/lib/sealock/userns"
_RECORD: Final = "record.json"
_LARGEST: Final = 64 << 20
_MOST: Final = 10_000
ChangeState: TypeAlias = Literal["begun", "done", "undone"]


class Changed(Struct, frozen=True):
    """A file: its path below the root, its text before (None where it was not there) and after."""

    path: str
    before: str | None
    after: str


class ChangeRecord(Struct, frozen=True, kw_only=True):
    """One change of the machine. `when` is UTC, as 20261125T023000Z.

    It is "begun" before the first file changes, "done" after the last, and "undone" when the way back was gone.
    """

    when: str
    user: str
    files: tuple[Changed, ...]
    state: ChangeState = "begun"
    settings: str = "etc/docker/daemon.json"
    """The engine's file of settings."""
    data_root: str = ""
    """Where the engine keeps what it makes with these ranges."""
    back: tuple[str, ...] = ()
    """Commands that take the plan's changes of owners back."""
    folder: str = ""


def records(root: str = "/") -> tuple[ChangeRecord, ...]:
    """All records, the newest last; one that cannot be read is passed over."""
    base = os.path.join(root, FOLDER)
    found: list[ChangeRecord] = []
    try:
        names = sorted(os.listdir(base))
    except OSError:
        return ()
    for name in names[-_MOST:]:
        try:
            with open(os.path.join(base, name, _RECORD), "rb") as file:
                held = msgspec.convert(json.loads(file.read(_LARGEST)), ChangeRecord)
        except (OSError, ValueError, RecursionError):
            continue
        found.append(msgspec.structs.replace(held, folder=name))
    return tuple(found)


def pending(root: str) -> bool:
    """Whether a change was begun and not ended."""
    return any(record.state == "begun" for record in records(root))


def keep(record: ChangeRecord, root: str) -> ChangeRecord:
    """Write a record in a folder of its own, for root alone; TargetError where that cannot be."""
    base = os.path.join(root, FOLDER)
    name = record.folder
    try:
        os.makedirs(base, 0o700, exist_ok=True)
        number = 0
        while not name:
            # Two changes within a second have folders of their own all the same.
            wanted = f"{record.when}-{number}" if number else record.when
            try:
                os.mkdir(os.path.join(base, wanted), 0o700)
                name = wanted
            except FileExistsError:
                number += 1
        path = os.path.join(base, name)
        record = msgspec.structs.replace(record, folder=name)
        temporary = os.path.join(path, f"{_RECORD}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            # Bytes that are no text are lone surrogates here, which this library alone writes and reads again.
            file.write(json.dumps(msgspec.to_builtins(record), indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, os.path.join(path, _RECORD))
        synced(path)
        synced(base)
    except OSError as error:
        why = error.strerror or str(error)
        message = f"the backup could not be written below {base} ({why}), so nothing was changed"
        raise TargetError(message) from error
    return record


def synced(folder: str) -> None:
    """See to it that a folder's names are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
