"""Changes three files, all or none: subuid, subgid and the engine's settings; and reverts the changes.

A record is on disk before the first file changes. The next run reverts an interrupted change first.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec.structs import replace

from sealock import formats
from sealock.errors import FormatError, TargetError, reason_of
from sealock.model.absent import UNSET
from sealock.model.change import Set
from sealock.model.location import Source
from sealock.text import format_size
from sealock.userns.apply.locks import PATIENCE, locked
from sealock.userns.apply.record import (
    Changed,
    ChangeRecord,
    ChangeState,
    HandedDirectory,
    keep,
    pending,
    records,
    sync_directory,
)
from sealock.userns.apply.survey import read_settings, settings_of
from sealock.userns.plan import RemappingPlan
from sealock.userns.plan.ranges import SubordinateRange, added, read

_RANGES: Final = ("etc/subuid", "etc/subgid")
_LARGEST: Final = 8 << 20
_NEW: Final = ".sealock-new"
_Text: TypeAlias = tuple[str, str | None]
"""A file's path and text."""


def enable(plan: RemappingPlan, root: str = "/", patience: float = PATIENCE) -> ChangeRecord:
    """Write the ranges and the setting, after a backup; TargetError where that fails, and then nothing has changed.

    It applies from the engine's next start. It is idempotent.
    """
    if not plan.uids or not plan.gids:
        message = "the plan has no range of ids, so sealock cannot enable it"
        raise TargetError(message)
    with locked(root, _RANGES, patience):
        revert_interrupted(root)
        files = [
            *_added(root, "etc/subuid", plan.uids[0], new=plan.new_uids),
            *_added(root, "etc/subgid", plan.gids[0], new=plan.new_gids),
        ]
        before = _settings(root, plan.settings)
        after = _set(before, plan.setting, plan.settings)
        if after != before:
            files.append(Changed(plan.settings, before, after))
        record = ChangeRecord(
            when=f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}",
            user=plan.user,
            files=tuple(files),
            settings=plan.settings,
            data_root=plan.data_root,
            handed=tuple(HandedDirectory(handover.path, handover.back) for handover in plan.handovers),
            uids=plan.uids,
            gids=plan.gids,
        )
        if files:
            new: list[_Text] = [(file.path, file.after) for file in files]
            old = [(file.path, file.before) for file in files]
            record = _all_or_none(root, keep(record, root), new, old, "done")
    return record


def _added(root: str, path: str, subordinate_range: SubordinateRange, *, new: bool) -> list[Changed]:
    """The file with a new range, unless the file has changed since the plan."""
    text = _read(root, path)
    ranges = read(text or "").ranges
    if not new and subordinate_range in ranges:
        return []
    if not new or any(other.name == subordinate_range.name or other.overlaps(subordinate_range) for other in ranges):
        message = f"/{path} has changed since the plan, so nothing was changed: plan again"
        raise TargetError(message)
    return [Changed(path, text, added(text or "", subordinate_range))]


def disable(root: str = "/", patience: float = PATIENCE) -> ChangeRecord:
    """Revert the last change: each file gets its former text, unless something else has changed it since.

    A file that has changed since loses only what sealock added. Ranges whose ids own an engine's data stay: another
    user with these ids would own that data. TargetError where there is no record.
    """
    with locked(root, _RANGES, patience):
        reverted = revert_interrupted(root)
        done = [record for record in records(root) if record.state == "done"]
        if not done and reverted is not None:
            return reverted
        if not done:
            message = "there is no change by sealock to revert"
            raise TargetError(message)
        record = done[-1]
        in_use = bool(record.data_root) and os.path.isdir(os.path.join(root, record.data_root.lstrip("/")))
        files = tuple(file for file in record.files if not in_use or file.path == record.settings)
        return _revert(root, replace(record, files=files))


def recover(root: str = "/", patience: float = PATIENCE) -> None:
    """Revert an interrupted change, so that a plan uses the files from before it."""
    if pending(root):
        with locked(root, _RANGES, patience):
            revert_interrupted(root)


def revert_interrupted(root: str) -> ChangeRecord | None:
    """Revert a change that was begun and not finished; None where there is none."""
    begun = [record for record in records(root) if record.state == "begun"]
    for record in begun:
        _revert(root, record)
    for path in _RANGES:
        # If this cannot be removed, the next write fails and reports it.
        with suppress(OSError):
            _drop(os.path.join(root, path) + _NEW)
    return begun[-1] if begun else None


def _revert(root: str, record: ChangeRecord) -> ChangeRecord:
    """Revert the record's files and mark the record; return it with only the files that changed."""
    now = [(file.path, _read(root, file.path)) for file in record.files]
    new = [(file.path, _reverted(file, text, record)) for file, (_, text) in zip(record.files, now, strict=True)]
    differing = [index for index, (old, text) in enumerate(zip(now, new, strict=True)) if old != text]
    for file in record.files:
        _drop(_place(root, file.path) + _NEW)
    # The record on disk keeps all its files, even those that were not to be reverted.
    whole = next((other for other in records(root) if other.directory == record.directory), record)
    _all_or_none(root, whole, [new[index] for index in differing], [now[index] for index in differing], "undone")
    return replace(record, state="undone", files=tuple(record.files[index] for index in differing))


def _reverted(changed: Changed, now: str | None, record: ChangeRecord) -> str | None:
    """The text without what sealock added."""
    if now in {changed.before, changed.after} or now is None:
        return changed.before if now == changed.after else now
    if changed.path == record.settings:
        noun, _ = settings_of(changed.before)
        return _set(now, noun.userns_remap if isinstance(noun.userns_remap, str) else None, changed.path)
    added_line = changed.after.removeprefix(changed.before or "").strip("\n")
    return "".join(line for line in now.splitlines(keepends=True) if line.rstrip("\n") != added_line)


def _settings(root: str, path: str) -> str | None:
    try:
        return read_settings(root, path)
    except (OSError, ValueError) as error:
        message = f"/{path} could not be read, so nothing was changed: {error}"
        raise TargetError(message) from error


def _set(text: str | None, user: str | None, path: str) -> str:
    """daemon.json with the setting, or without it; TargetError where it cannot be changed safely."""
    settings = text if text and text.strip() else "{}\n"
    document = formats.read("daemon", Source("daemon.json", settings))
    if document.errors or not document.subjects:
        why = document.errors[0].message if document.errors else "it is empty"
        message = f"/{path} has errors, and stays as it is: {why}"
        raise TargetError(message)
    try:
        edits = formats.edits(document, document.subjects[0], Set("userns_remap", UNSET if user is None else user))
    except FormatError as error:
        message = f"/{path} cannot be changed: {error}"
        raise TargetError(message) from error
    return formats.apply_edits(settings, edits) if edits else text or settings


def _read(root: str, path: str) -> str | None:
    try:
        # O_NONBLOCK: never wait for a pipe.
        descriptor = os.open(os.path.join(root, path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"/{path} could not be read: {reason_of(error)}"
        raise TargetError(message) from error
    if len(content) > _LARGEST:
        message = f"/{path} is larger than {format_size(_LARGEST)}, so sealock does not change it"
        raise TargetError(message)
    return content.decode("utf-8", "surrogateescape")


def _all_or_none(
    root: str, record: ChangeRecord, new: list[_Text], old: list[_Text], state: ChangeState
) -> ChangeRecord:
    """Write all files and the record's state; where one cannot be written, restore the others."""
    done: list[_Text] = []
    try:
        for (path, text), former in zip(new, old, strict=True):
            put(root, path, text)
            done.append(former)
        return keep(replace(record, state=state), root)
    except (OSError, TargetError) as error:
        why = f"/{path} could not be written: {reason_of(error)}" if isinstance(error, OSError) else str(error)
        for path, text in reversed(done):
            try:
                put(root, path, text)
            except OSError as second:
                message = f"/{path} could not be restored ({second}): the next run tries again"
                raise TargetError(message) from second
        if record.state == "begun":
            # If the record cannot be written, the next run reverts it again, which changes nothing.
            with suppress(TargetError):
                keep(replace(record, state="undone"), root)
        message = f"nothing was changed: {why.removesuffix(', so nothing was changed')}"
        raise TargetError(message) from error


def _place(root: str, path: str) -> str:
    """The path to write: the target of a link, which stays a link."""
    target = os.path.join(root, path)
    return os.path.realpath(target) if os.path.islink(target) else target


def put(root: str, path: str, text: str | None) -> None:
    """Replace a file atomically, keeping its mode and owner; None removes it. OSError where that fails."""
    target = _place(root, path)
    directory = os.path.dirname(target)
    if text is None:
        _drop(target)
        sync_directory(directory)
        return
    os.makedirs(directory, exist_ok=True)
    temporary = target + _NEW
    _drop(temporary)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            try:
                former = os.stat(target)
                os.fchown(file.fileno(), former.st_uid, former.st_gid)
                os.fchmod(file.fileno(), former.st_mode & 0o7777)
            except FileNotFoundError:
                os.fchmod(file.fileno(), 0o644)
            file.write(text.encode("utf-8", "surrogateescape"))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError:
        _drop(temporary)
        raise
    sync_directory(directory)


def _drop(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
