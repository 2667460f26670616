"""Counts the owners in a directory tree: it follows no links, stays on one file system, and has a bound."""

from __future__ import annotations

import os
import stat
from typing import Final

from sealock.userns.plan.facts import Owned, PathEntry, PathKind

ENTRIES: Final = 200_000
"""The most entries of one tree."""
_PATHS: Final = 1000
"""The most paths kept of each kind that a change of owner affects."""
_CAPABILITY: Final = "security.capability"
_ACL: Final = frozenset({"system.posix_acl_access", "system.posix_acl_default"})
_READ: Final = 0o004
_WALK: Final = 0o005
_SET: Final = stat.S_ISUID | stat.S_ISGID
_BLOCK: Final = 512


def owners(path: str, most: int = ENTRIES, *, each: bool = False, reported: str = "") -> Owned:
    """Count the owners. `each` lists every entry; `shown` is the path to report, where it differs."""
    try:
        first = os.lstat(path)
    except FileNotFoundError:
        return Owned(path=reported or path, kind="missing", whole=False)
    except OSError:
        return Owned(path=reported or path, kind="unknown", whole=False)
    counter = _OwnerCounter(path, reported or path, each=each)
    whole = True
    counter.add(path, first)
    directories = [path] if stat.S_ISDIR(first.st_mode) else []
    while directories:
        try:
            with os.scandir(directories.pop()) as entries:
                for entry in entries:
                    if counter.total >= most:
                        return counter.owned(first, whole=False)
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except FileNotFoundError:
                        continue
                    if status.st_dev != first.st_dev:
                        continue
                    counter.add(entry.path, status)
                    if stat.S_ISDIR(status.st_mode):
                        directories.append(entry.path)
        except OSError:
            whole = False
    return counter.owned(first, whole=whole)


def kind_of(mode: int) -> PathKind:
    """The kind of an entry; a link is "other"."""
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISSOCK(mode):
        return "socket"
    return "device" if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) else "other"


class _OwnerCounter:
    """The counts so far."""

    def __init__(self, path: str, reported: str, *, each: bool) -> None:
        self.base, self.reported, self.each = path, reported, each
        self.total, self.size = 0, 0
        self.counts: dict[tuple[int, int], int] = {}
        self.hidden: dict[tuple[int, int], int] = {}
        self.setuid: list[str] = []
        self.capable: list[str] = []
        self.acls: list[str] = []
        self.entries: list[PathEntry] = []

    def add(self, path: str, status: os.stat_result) -> None:
        """Count one entry."""
        self.total += 1
        owner = status.st_uid, status.st_gid
        self.counts[owner] = self.counts.get(owner, 0) + 1
        link = stat.S_ISLNK(status.st_mode)
        needed = _WALK if stat.S_ISDIR(status.st_mode) else _READ
        if not link and status.st_mode & needed != needed:
            self.hidden[owner] = self.hidden.get(owner, 0) + 1
        self.size += status.st_blocks * _BLOCK
        if self.each:
            self.entries.append(PathEntry(self._reported(path), *owner))
        # chown keeps these bits on directories.
        if stat.S_ISREG(status.st_mode) and status.st_mode & _SET:
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
        if len(kept) < _PATHS:
            kept.append(self._reported(path))

    def _reported(self, path: str) -> str:
        return self.reported + path[len(self.base) :]

    def owned(self, first: os.stat_result, *, whole: bool) -> Owned:
        """The counts as a noun."""
        return Owned(
            path=self.reported,
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
