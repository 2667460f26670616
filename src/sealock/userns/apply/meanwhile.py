"""What containers made while remapping was on: who owns it now, and how its data gets back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from shlex import quote
from typing import Final

from msgspec import Struct

from sealock.formats.files import FileRefusedError
from sealock.formats.jsonobject import JsonObject, decode_object
from sealock.targets.files import read_text
from sealock.text import count, list_first
from sealock.userns.apply.owners import ENTRIES, owners
from sealock.userns.apply.record import ChangeRecord
from sealock.userns.plan.ownership import Ids, losses, reason_to_keep, returned, returning

_MOST: Final = 1000
"""Volumes whose way back is shown."""
_SHOWN: Final = 12
_PSEUDO: Final = ("/proc/", "/sys/", "/dev/")
"""Where files belong to processes, and are none of a container's making."""
_OPTIONS: Final = "opts.json"
"""Where Docker's driver `local` keeps the options of a volume whose data is elsewhere."""


class Return(Struct, frozen=True):
    """A directory or volume, what is in it, the commands that give it back, and what they do not."""

    name: str
    what: str
    commands: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def directories(record: ChangeRecord, root: str = "/") -> Iterator[Return]:
    """The directories that changed owners, with every id that files there have in containers now."""
    ids = Ids(record.uids, record.gids)
    for handed in record.handed:
        owned = owners(_below(root, handed.path), ENTRIES, reported=handed.path)
        counts = returned(owned, ids)
        notes = [*losses(owned)]
        if not owned.whole:
            notes.append("not everything in it could be looked at; the commands shift whatever they meet")
        what = f"files of {_ids(counts)}" if counts else "no files with shifted ids"
        yield Return(handed.path, what, handed.back if counts or not owned.whole else (), tuple(notes))


def mounted(record: ChangeRecord, root: str = "/") -> Iterator[Return]:
    """The directories and files that containers with remapping mount, of which nothing was planned.

    Those that hold no shifted ids are left out. What a container that was removed had mounted is not known any more.
    """
    ids = Ids(record.uids, record.gids)
    planned = [f"{handed.path}/" for handed in record.handed]
    looked: list[str] = []
    for path in sorted(_binds(f"{_below(root, record.data_root)}/containers")):
        if f"{path}/".startswith((*planned, *looked, *_PSEUDO)):
            continue
        owned = owners(_below(root, path), ENTRIES, reported=path)
        counts = returned(owned, ids)
        if not counts:
            continue
        what = f"files of {_ids(counts)}"
        if reason_to_keep(path, record.data_root) or f"{record.data_root}/".startswith(f"{path}/"):
            yield Return(path, what, (), ("not only containers use it: give back the files that they made one by one",))
            continue
        looked.append(f"{path}/")
        notes = [*losses(owned)]
        if not owned.whole:
            notes.append("not everything in it could be looked at; the commands shift whatever they meet")
        yield Return(path, what, tuple(returning(path, ids)), tuple(notes))


def _binds(directory: str) -> set[str]:
    """The sources of the bind mounts of an engine's containers, from its files: it does not run with these any more."""
    found: set[str] = set()
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return found
    for name in names[:_MOST]:
        try:
            text = read_text(f"{directory}/{name}/config.v2.json")
        except FileRefusedError:
            continue
        for mount in decode_object(text).child("MountPoints").members.values():
            point = JsonObject(mount)
            source = os.path.normpath(point.text("Source") or ".")
            if point.text("Type") == "bind" and source.startswith("/"):
                found.add(source)
    return found


def volumes(record: ChangeRecord, root: str = "/") -> Iterator[Return]:
    """The volumes of the engine's data with remapping that hold something."""
    ids = Ids(record.uids, record.gids)
    base, former = f"{record.data_root}/volumes", f"{os.path.dirname(record.data_root)}/volumes"
    try:
        names = sorted(os.listdir(_below(root, base)))
    except OSError:
        return
    for name in names[:_MOST]:
        new, old = f"{base}/{name}/_data", f"{former}/{name}/_data"
        if os.path.exists(_below(root, f"{base}/{name}/{_OPTIONS}")):
            yield Return(name, "a volume with options: its data is where these say, and keeps its shifted owners")
            continue
        owned = owners(_below(root, new), ENTRIES, reported=old)
        entries = sum(number for _, _, number in owned.owners)
        if owned.kind != "directory" or (entries <= 1 and owned.whole):
            continue
        create = "" if os.path.isdir(_below(root, old)) else f"docker volume create {quote(name)} && "
        copy = f"{create}cp -a {quote(new)}/. {quote(old)}/"
        yield Return(name, count(entries - 1, "entry", "entries"), (copy, *returning(old, ids)), tuple(losses(owned)))
    if len(names) > _MOST:
        yield Return(base, f"{len(names) - _MOST} more volumes, which are not listed here")


def _below(root: str, path: str) -> str:
    return os.path.join(root, path.lstrip("/"))


def _ids(counts: tuple[tuple[int, int], ...]) -> str:
    return list_first([f"{number} ({entries})" for number, entries in counts], _SHOWN)
