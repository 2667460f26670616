"""Where a path of the host leads once all links are followed, and who could make it lead elsewhere.

It asks for each directory on the way who may replace an entry in it, since a decision about a path holds only as long
as the path leads to the same file.
"""

from __future__ import annotations

import os
import stat
from collections import deque
from contextlib import suppress
from typing import Final, Literal, TypeAlias

from sealock.errors import reason_of
from sealock.guard.decision.exchange import PathAnswer

_LINKS: Final = 40
"""Most links on the way, as the kernel has it."""
_PARTS: Final = 512
_ACL: Final = "system.posix_acl_access"

_Kind: TypeAlias = Literal["directory", "file", "socket", "device", "missing"]


class PathError(Exception):
    """A path that cannot be followed to its end; the text says why."""


class _Walk:
    """One way through the file system: where it is, and who can change the way up to there."""

    def __init__(self) -> None:
        self.users: set[int] = set()
        self.groups: set[int] = set()
        self.everybody = False
        self.links = 0

    def pass_entry(self, directory: os.stat_result, entry: os.stat_result | None, path: str) -> None:
        """Note who can replace an entry of a directory, or make it where it is missing."""
        mode = directory.st_mode
        self.users.add(directory.st_uid)
        sticky = bool(mode & stat.S_ISVTX) and entry is not None
        if sticky and entry is not None and mode & (stat.S_IWGRP | stat.S_IWOTH):
            self.users.add(entry.st_uid)
            return
        if mode & stat.S_IWOTH:
            self.everybody = True
        if mode & stat.S_IWGRP:
            self.groups.add(directory.st_gid)
            with suppress(OSError):
                # With a list of its own the group's bits are the mask of all its entries, which may name anybody.
                os.getxattr(path, _ACL)
                self.everybody = True


def resolve(path: str) -> PathAnswer:
    """Follow a path; PathError where it cannot be followed (no permission, a loop), never for a missing end."""
    if not path.startswith("/") or "\0" in path:
        message = "it is not absolute"
        raise PathError(message)
    walk, current = _Walk(), "/"
    todo = deque(part for part in path.split("/") if part not in {"", "."})
    try:
        while todo:
            if len(todo) > _PARTS:
                message = "it has too many parts"
                raise PathError(message)
            part = todo.popleft()
            if part == "..":
                current = os.path.dirname(current)
                continue
            following = os.path.join(current, part)
            entry = _entry(following)
            walk.pass_entry(os.stat(current), entry, current)
            if entry is None:
                if ".." in todo:
                    message = f"{following} does not exist, and .. follows"
                    raise PathError(message)
                return _answer(os.path.join(following, *todo), "missing", walk)
            if stat.S_ISLNK(entry.st_mode):
                walk.links += 1
                if walk.links > _LINKS:
                    message = "it has too many links"
                    raise PathError(message)
                target = os.readlink(following)
                if target.startswith("/"):
                    current = "/"
                todo.extendleft(reversed([word for word in target.split("/") if word not in {"", "."}]))
                continue
            if todo and not stat.S_ISDIR(entry.st_mode):
                message = f"{following} is no directory"
                raise PathError(message)
            current = following
        return _answer(current, _kind(os.lstat(current).st_mode), walk)
    except OSError as error:
        message = f"{error.filename or current}: {reason_of(error)}"
        raise PathError(message) from None


def _entry(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _answer(path: str, kind: _Kind, walk: _Walk) -> PathAnswer:
    writers = tuple(sorted(walk.users - {0}))
    return PathAnswer(path, kind, writers, tuple(sorted(walk.groups - {0})), walk.everybody)


def _kind(mode: int) -> _Kind:
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISBLK(mode) or stat.S_ISCHR(mode):
        return "device"
    return "file"
