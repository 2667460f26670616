"""What containers made while remapping was on: who owns it now, and how its data gets back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from shlex import quote
from typing import Final

from msgspec import Struct

from sealock.text import count, list_first
from sealock.userns.apply.owners import ENTRIES, owners
from sealock.userns.apply.record import ChangeRecord
from sealock.userns.plan.ownership import Ids, losses, returned, returning

_MOST: Final = 1000
"""Volumes whose way back is shown."""
_SHOWN: Final = 12
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
