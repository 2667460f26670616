"""Changes the three files, all or none: subuid, subgid, the engine's settings; and takes the changes back.

A record is on the disk before the first file changes. Who finds one that was begun and not ended takes the rest of it
back first, so that an interrupted change leaves nothing half done for longer than until the next run.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, TypeAlias

from msgspec.structs import replace

from sealock import formats
from sealock.errors import FormatError, TargetError
from sealock.model.absent import UNSET
from sealock.model.change import Set
from sealock.model.location import Source
from sealock.text import format_size
from sealock.userns.apply.locks import PATIENCE, locked
from sealock.userns.apply.record import Changed, ChangeRecord, ChangeState, keep, pending, records, synced
from sealock.userns.apply.survey import read_settings, settings_of
from sealock.userns.plan import RemappingPlan
from sealock.userns.plan.ranges import SubordinateRange, added, read

_RANGES: Final = ("etc/subuid", "etc/subgid")
_LARGEST: Final = 8 << 20
_NEW: Final = ".sealock-new"
_Text: TypeAlias = tuple[str, str | None]
"""A file's path and its text."""


def enable(plan: RemappingPlan, root: str = "/", patience: float = PATIENCE) -> ChangeRecord:
    """Write the ranges and the setting, after a backup; TargetError says what stood in the way, and nothing changed.

    The engine heeds it at its next start. Doing it twice changes nothing the second time.
    """
    if not plan.uids or not plan.gids:
        message = "the plan has no range of ids, so there is nothing to enable"
        raise TargetError(message)
    with locked(root, _RANGES, patience):
        heal(root)
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
            back=tuple(command for handover in plan.handovers for command in handover.back),
        )
        if files:
            new: list[_Text] = [(file.path, file.after) for file in files]
            old = [(file.path, file.before) for file in files]
            record = _all_or_none(root, keep(record, root), new, old, "done")
    return record


def _added(root: str, path: str, subordinate_range: SubordinateRange, *, new: bool) -> list[Changed]:
    """The file with a range more, if it is a new one and nobody took its ids since the plan was made."""
    text = _read(root, path)
    held = read(text or "").ranges
    if not new and subordinate_range in held:
        return []
    if not new or any(other.name == subordinate_range.name or other.overlaps(subordinate_range) for other in held):
        message = f"/{path} was changed since the plan was made, so nothing was changed: make it anew"
        raise TargetError(message)
    return [Changed(path, text, added(text or "", subordinate_range))]


def disable(root: str = "/", patience: float = PATIENCE) -> ChangeRecord:
    """Take the last change back: each file gets its former text, if nobody has changed it since.

    A file that was changed since keeps its other lines; only what was added goes. Ranges whose ids own an engine's
    data stay: given to somebody else, they would make that data theirs. TargetError where there is no record.
    """
    with locked(root, _RANGES, patience):
        healed = heal(root)
        held = [record for record in records(root) if record.state == "done"]
        if not held and healed is not None:
            return healed
        if not held:
            message = "sealock has changed nothing here that could be taken back"
            raise TargetError(message)
        record = held[-1]
        used = bool(record.data_root) and os.path.isdir(os.path.join(root, record.data_root.lstrip("/")))
        return _back(
            root, replace(record, files=tuple(file for file in record.files if not used or _fixed(file, record)))
        )


def _fixed(changed: Changed, record: ChangeRecord) -> bool:
    return changed.path == record.settings


def recover(root: str = "/", patience: float = PATIENCE) -> None:
    """Take back what an interrupted change left, so that a plan is made of the files as they were before it."""
    if pending(root):
        with locked(root, _RANGES, patience):
            heal(root)


def heal(root: str) -> ChangeRecord | None:
    """Take back what is there of a change that was begun and not ended; None where there is none."""
    begun = [record for record in records(root) if record.state == "begun"]
    for record in begun:
        _back(root, record)
    for path in _RANGES:
        # What cannot be removed is told by the writing that it is in the way of.
        with suppress(OSError):
            _drop(os.path.join(root, path) + _NEW)
    return begun[-1] if begun else None


def _back(root: str, record: ChangeRecord) -> ChangeRecord:
    """Take the record's files back, and say so in it; gives the record with the files that did change."""
    now = [(file.path, _read(root, file.path)) for file in record.files]
    new = [(one.path, _undone(one, text, record)) for one, (_, text) in zip(record.files, now, strict=True)]
    differing = [index for index, (old, made) in enumerate(zip(now, new, strict=True)) if old != made]
    for file in record.files:
        _drop(_place(root, file.path) + _NEW)
    # The record keeps all its files, those too that were not to be taken back.
    whole = next((one for one in records(root) if one.folder == record.folder), record)
    _all_or_none(root, whole, [new[index] for index in differing], [now[index] for index in differing], "undone")
    return replace(record, state="undone", files=tuple(record.files[index] for index in differing))


def _undone(changed: Changed, now: str | None, record: ChangeRecord) -> str | None:
    """The text without what was added."""
    if now in {changed.before, changed.after} or now is None:
        return changed.before if now == changed.after else now
    if changed.path == record.settings:
        noun, _ = settings_of(changed.before)
        return _set(now, noun.userns_remap if isinstance(noun.userns_remap, str) else None, changed.path)
    mine = changed.after.removeprefix(changed.before or "").strip("\n")
    return "".join(line for line in now.splitlines(keepends=True) if line.rstrip("\n") != mine)


def _settings(root: str, path: str) -> str | None:
    try:
        return read_settings(root, path)
    except (OSError, ValueError) as error:
        message = f"/{path} could not be read, so nothing was changed: {error}"
        raise TargetError(message) from error


def _set(text: str | None, user: str | None, path: str) -> str:
    """daemon.json with the setting, or without it; TargetError where it cannot be changed safely."""
    held = text if text and text.strip() else "{}\n"
    document = formats.read("daemon", Source("daemon.json", held))
    if document.errors or not document.subjects:
        why = document.errors[0].message if document.errors else "it is empty"
        message = f"/{path} is not sound, and stays as it is: {why}"
        raise TargetError(message)
    try:
        edits = formats.edits(document, document.subjects[0], Set("userns_remap", UNSET if user is None else user))
    except FormatError as error:
        message = f"/{path} cannot be changed: {error}"
        raise TargetError(message) from error
    return formats.apply_edits(held, edits) if edits else text or held


def _read(root: str, path: str) -> str | None:
    try:
        # A pipe must not be waited for.
        descriptor = os.open(os.path.join(root, path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb") as file:
            held = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"/{path} could not be read: {error.strerror or error}"
        raise TargetError(message) from error
    if len(held) > _LARGEST:
        message = f"/{path} is larger than {format_size(_LARGEST)}, and is left alone"
        raise TargetError(message)
    return held.decode("utf-8", "surrogateescape")


def _all_or_none(
    root: str, record: ChangeRecord, new: list[_Text], old: list[_Text], state: ChangeState
) -> ChangeRecord:
    """Write all files and what became of the record; where one cannot be written, all get their former texts again."""
    done: list[_Text] = []
    try:
        for (path, text), former in zip(new, old, strict=True):
            put(root, path, text)
            done.append(former)
        return keep(replace(record, state=state), root)
    except (OSError, TargetError) as error:
        why = f"/{path} could not be written: {error.strerror or error}" if isinstance(error, OSError) else str(error)
        for path, text in reversed(done):
            try:
                put(root, path, text)
            except OSError as second:
                message = f"/{path} could not be given back its former text ({second}): the next run tries it again"
                raise TargetError(message) from second
        if record.state == "begun":
            # What cannot be written down is found again by the next run, to which it makes no difference.
            with suppress(TargetError):
                keep(replace(record, state="undone"), root)
        message = f"nothing was changed: {why.removesuffix(', so nothing was changed')}"
        raise TargetError(message) from error


def _place(root: str, path: str) -> str:
    """Where a file really is: a link stays one, and what it leads to is written."""
    target = os.path.join(root, path)
    return os.path.realpath(target) if os.path.islink(target) else target


def put(root: str, path: str, text: str | None) -> None:
    """Replace a file whole, keeping its mode and owner; None removes it. OSError where that cannot be."""
    target = _place(root, path)
    folder = os.path.dirname(target)
    if text is None:
        _drop(target)
        synced(folder)
        return
    os.makedirs(folder, exist_ok=True)
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
    synced(folder)


def _drop(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
