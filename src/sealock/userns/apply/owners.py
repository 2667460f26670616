"""Looks at who owns what in a folder, never following a link out of it, on one file system, within bounds."""

from __future__ import annotations

import os
import stat
from typing import Final

from sealock.userns.plan.facts import Owned, PathEntry, PathKind

ENTRIES: Final = 200_000
"""Entries of one folder that are looked at."""
_TOLD: Final = 1000
"""Paths that are kept of each kind that a change of owner harms."""
_CAPABILITY: Final = "security.capability"
_ACL: Final = frozenset({"system.posix_acl_access", "system.posix_acl_default"})
_READ: Final = 0o004
_WALK: Final = 0o005
_SET: Final = stat.S_ISUID | stat.S_ISGID
_BLOCK: Final = 512


def owners(path: str, most: int = ENTRIES, *, each: bool = False, shown: str = "") -> Owned:
    """Look at it. `each` lists every entry; `shown` is the path to tell, where it is not that which is looked at."""
    try:
        first = os.lstat(path)
    except FileNotFoundError:
        return Owned(path=shown or path, kind="missing", whole=False)
    except OSError:
        return Owned(path=shown or path, kind="unknown", whole=False)
    counting = _Counting(path, shown or path, each=each)
    whole = True
    counting.note(path, first)
    folders = [path] if stat.S_ISDIR(first.st_mode) else []
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if counting.seen >= most:
                        return counting.owned(first, whole=False)
                    try:
                        held = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if held.st_dev != first.st_dev:
                        continue
                    counting.note(entry.path, held)
                    if stat.S_ISDIR(held.st_mode):
                        folders.append(entry.path)
        except OSError:
            whole = False
    return counting.owned(first, whole=whole)


def kind_of(mode: int) -> PathKind:
    """What an entry is; links are followed by nobody, and so are "other"."""
    if stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISSOCK(mode):
        return "socket"
    return "device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "other"


class _Counting:
    """What was seen so far."""

    def __init__(self, path: str, shown: str, *, each: bool) -> None:
        self.base, self.shown, self.each = path, shown, each
        self.seen, self.size = 0, 0
        self.counts: dict[tuple[int, int], int] = {}
        self.hidden: dict[tuple[int, int], int] = {}
        self.setuid: list[str] = []
        self.capable: list[str] = []
        self.acls: list[str] = []
        self.entries: list[PathEntry] = []

    def note(self, path: str, stat_result: os.stat_result) -> None:
        """Count one entry."""
        self.seen += 1
        who = stat_result.st_uid, stat_result.st_gid
        self.counts[who] = self.counts.get(who, 0) + 1
        folder, link = stat.S_ISDIR(stat_result.st_mode), stat.S_ISLNK(stat_result.st_mode)
        needed = _WALK if folder else _READ
        if not link and stat_result.st_mode & needed != needed:
            self.hidden[who] = self.hidden.get(who, 0) + 1
        self.size += stat_result.st_blocks * _BLOCK
        if self.each:
            self.entries.append(PathEntry(self._told(path), *who))
        # A folder's bits stay; those of a file that nobody may run do nothing.
        if stat.S_ISREG(stat_result.st_mode) and stat_result.st_mode & _SET:
            self._keep(self.setuid, path)
        if link:
            return
        try:
            names = os.listxattr(path, follow_symlinks=False)
        except OSError:
            return
        if _CAPABILITY in names:
            self._keep(self.capable, path)
        if not _ACL.isdisjoint(names):
            self._keep(self.acls, path)

    def _keep(self, kept: list[str], path: str) -> None:
        if len(kept) < _TOLD:
            kept.append(self._told(path))

    def _told(self, path: str) -> str:
        return self.shown + path[len(self.base) :]

    def owned(self, first: os.stat_result, *, whole: bool) -> Owned:
        """All of it as a noun."""
        return Owned(
            path=self.shown,
            kind=kind_of(first.st_mode),
            mode=stat.S_IMODE(first.st_mode),
            device=first.st_dev,
            size=self.size,
            owners=_counted(self.counts),
            hidden=_counted(self.hidden),
            setuid=tuple(sorted(self.setuid)),
            capable=tuple(sorted(self.capable)),
            acls=tuple(sorted(self.acls)),
            entries=tuple(sorted(self.entries, key=lambda entry: entry.path)),
            whole=whole,
        )


def _counted(counts: dict[tuple[int, int], int]) -> tuple[tuple[int, int, int], ...]:
    return tuple((uid, gid, count) for (uid, gid), count in sorted(counts.items()))
