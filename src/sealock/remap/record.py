"""What was changed, so that it can be undone: a folder for each time, with the files as they were."""

from __future__ import annotations

import os
from typing import Final

import msgspec
from msgspec import Struct

from sealock.errors import TargetError

FOLDER: Final = "var/lib/sealock/userns"
_RECORD: Final = "record.json"


class Changed(Struct, frozen=True):
    """A file: its path below the root, its text before (None where it was not there) and after."""

    path: str
    before: str | None
    after: str


class Record(Struct, frozen=True):
    """One change of the machine. `when` is UTC, as 20261125T023000Z; `undone` says that the way back was gone."""

    when: str
    user: str
    files: tuple[Changed, ...]
    undone: bool = False
    folder: str = ""


def records(root: str = "/") -> tuple[Record, ...]:
    """All records, the newest last; one that cannot be read is passed over."""
    base = os.path.join(root, FOLDER)
    found: list[Record] = []
    try:
        names = sorted(os.listdir(base))
    except OSError:
        return ()
    for name in names:
        try:
            with open(os.path.join(base, name, _RECORD), "rb") as file:
                held = msgspec.json.decode(file.read(8 << 20), type=Record)
        except (OSError, msgspec.MsgspecError):
            continue
        found.append(msgspec.structs.replace(held, folder=name))
    return tuple(found)


def keep(record: Record, root: str) -> str:
    """Write a record in a folder of its own, for root alone, and give the folder's path."""
    path = os.path.join(root, FOLDER, record.folder or record.when)
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        temporary = os.path.join(path, f"{_RECORD}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, os.path.join(path, _RECORD))
    except OSError as error:
        message = f"no backup could be written to {path}, so nothing was changed: {error.strerror or error}"
        raise TargetError(message) from error
    return path
