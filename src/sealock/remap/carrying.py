"""Changes the three files, all or none: subuid, subgid, daemon.json; and takes the changes back."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Final

import msgspec

from sealock import formats
from sealock.errors import FormatError, TargetError
from sealock.model.change import Set
from sealock.model.location import Source
from sealock.remap.looking import CONFIG
from sealock.remap.record import Changed, Record, keep, records
from sealock.remapping import Plan
from sealock.remapping.plan import USER
from sealock.remapping.ranges import added

_PATIENCE: Final = 15.0
"""Seconds to wait for a program that holds the lock of a file of accounts."""
_LARGEST: Final = 8 << 20


def enable(plan: Plan, root: str = "/") -> Record:
    """Write the ranges and the setting, after a backup; TargetError says what stood in the way, and nothing changed.

    The engine heeds it at its next start. Doing it twice changes nothing the second time.
    """
    if plan.uids is None or plan.gids is None:
        message = "the plan has no range of ids, so there is nothing to enable"
        raise TargetError(message)
    with _locked(root, "etc/subuid"), _locked(root, "etc/subgid"):
        files: list[Changed] = []
        wanted = (("etc/subuid", plan.uids, plan.new_uids), ("etc/subgid", plan.gids, plan.new_gids))
        for path, one, new in wanted:
            text = _read(root, path)
            # Somebody may have given the range away since the plan was made.
            if new and text is not None and any(line.startswith(f"{one.name}:") for line in text.split("\n")):
                message = f"/{path} was changed since the plan was made: make it anew"
                raise TargetError(message)
            if new:
                files.append(Changed(path, text, added(text or "", one)))
        before = _read(root, CONFIG)
        after = _set(before, "default" if plan.user == USER else plan.user)
        if after != (before or ""):
            files.append(Changed(CONFIG, before, after))
        record = Record(f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", plan.user, tuple(files))
        if files:
            keep(record, root)
            _write(root, [(one.path, one.after) for one in files], [(one.path, one.before) for one in files])
    return record


def disable(root: str = "/") -> Record:
    """Take the last change back: each file gets its former text, if nobody has changed it since.

    A file that was changed since keeps its other lines; only what was added goes. TargetError where there is no record.
    """
    held = [one for one in records(root) if not one.undone]
    if not held:
        message = "sealock has changed nothing here that could be taken back"
        raise TargetError(message)
    record = held[-1]
    with _locked(root, "etc/subuid"), _locked(root, "etc/subgid"):
        now = [(one.path, _read(root, one.path)) for one in record.files]
        new = [(one.path, _undone(one, text)) for one, (_, text) in zip(record.files, now, strict=True)]
        _write(root, new, now)
        keep(msgspec.structs.replace(record, undone=True), root)
    return record


def _undone(one: Changed, now: str | None) -> str | None:
    """The text without what was added."""
    if now is None or now == one.after:
        return one.before
    if one.path == CONFIG:
        return _set(now, None)
    mine = one.after.removeprefix(one.before or "").strip("\n")
    return "".join(line for line in now.splitlines(keepends=True) if line.rstrip("\n") != mine)


def _set(text: str | None, user: str | None) -> str:
    """daemon.json with the setting, or without it; TargetError where it cannot be changed safely."""
    from sealock.model.absent import UNSET  # noqa: PLC0415  only here

    held = text if text and text.strip() else "{}\n"
    document = formats.read("daemon", Source("daemon.json", held))
    if document.problems or not document.subjects:
        why = document.problems[0].message if document.problems else "it is empty"
        message = f"/{CONFIG} is not sound, and stays as it is: {why}"
        raise TargetError(message)
    try:
        edits = formats.edits(document, document.subjects[0], Set("userns_remap", UNSET if user is None else user))
    except FormatError as error:
        message = f"/{CONFIG} cannot be changed: {error}"
        raise TargetError(message) from error
    made = formats.apply(held, edits)
    return made if edits or text else ""


def _read(root: str, path: str) -> str | None:
    try:
        with open(os.path.join(root, path), "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"/{path} could not be read: {error.strerror or error}"
        raise TargetError(message) from error


def _write(root: str, new: list[tuple[str, str | None]], old: list[tuple[str, str | None]]) -> None:
    """Write all files; where one cannot be written, those before it get their former texts again."""
    done: list[tuple[str, str | None]] = []
    try:
        for (path, text), former in zip(new, old, strict=True):
            done.append(former)
            _put(root, path, text)
    except OSError as error:
        for path, text in reversed(done):
            try:
                _put(root, path, text)
            except OSError as second:
                message = f"/{path} could not be given back its former text ({second}); it is in the backup"
                raise TargetError(message) from second
        message = f"nothing was changed: {error.filename or 'a file'} could not be written: {error.strerror or error}"
        raise TargetError(message) from error


def _put(root: str, path: str, text: str | None) -> None:
    """Replace a file whole, keeping its mode and owner; None removes it."""
    target = os.path.join(root, path)
    if text is None:
        if os.path.lexists(target):
            os.unlink(target)
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    # A link stays one: what it leads to is written.
    target = os.path.realpath(target) if root == "/" else target
    temporary = f"{target}.sealock-new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        try:
            former = os.stat(target)
            os.fchmod(descriptor, former.st_mode & 0o7777)
            os.fchown(descriptor, former.st_uid, former.st_gid)
        except FileNotFoundError:
            os.fchmod(descriptor, 0o644)
        file.write(text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(descriptor)
    os.replace(temporary, target)


@contextmanager
def _locked(root: str, path: str) -> Iterator[None]:
    """Hold the lock that useradd and its like hold: FILE.lock, made by linking a file with our process id to it."""
    with ExitStack() as stack:
        name = os.path.join(root, f"{path}.lock")
        own = os.path.join(root, f"{path}.{os.getpid()}")
        try:
            os.makedirs(os.path.dirname(own), exist_ok=True)
            descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"/{path} cannot be locked, so it is not changed: {error.strerror or error}"
            raise TargetError(message) from error
        stack.callback(os.unlink, own)
        with os.fdopen(descriptor, "wb") as file:
            file.write(f"{os.getpid()}\0".encode())
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                os.link(own, name)
                break
            except FileExistsError:
                if _abandoned(name):
                    continue
                if time.monotonic() > until:
                    message = f"another program is changing /{path} (it holds {name})"
                    raise TargetError(message) from None
                time.sleep(0.2)
        stack.callback(os.unlink, name)
        yield


def _abandoned(name: str) -> bool:
    """Whether the program that made a lock has ended without removing it; the lock is then removed."""
    try:
        with open(name, "rb") as file:
            word = file.read(32).split(b"\0")[0].decode("ascii", "replace").strip()
        os.kill(int(word), 0)
    except FileNotFoundError:
        return True
    except ProcessLookupError:
        try:
            os.unlink(name)
        except OSError:
            return False
        return True
    except (OSError, ValueError):
        return False
    return False
