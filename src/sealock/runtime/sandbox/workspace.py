"""The workspace of a sandbox: the directory that alone is writable, and what in it runs on this machine later.

A hook of git or a task of an editor is a file that somebody else's program starts without being asked. Written from
within the sandbox, it is a way out of it. So these paths are read-only there, and so is what does not exist yet.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from msgspec import Struct

from sealock.errors import TargetError, reason_of
from sealock.model.process import Mounted
from sealock.runtime.kernel.procfiles import mounts

PROTECTED: Final = {
    ".git": "git runs its hooks, and what its config names",
    ".hg": "Mercurial runs its hooks, and what its hgrc names",
    ".githooks": "git runs them where core.hooksPath names this directory",
    ".husky": "git runs them as hooks",
    ".pre-commit-config.yaml": "pre-commit runs what it names at each commit",
    "lefthook.yml": "Lefthook runs what it names at each commit",
    ".vscode": "the editor runs its tasks, and programs that its settings name, when the directory is opened",
    "*.code-workspace": "the editor runs its tasks when the workspace is opened",
    ".idea": "the editor runs what its configurations name",
    ".zed": "the editor runs what its settings and tasks name",
    ".nvim.lua": "the editor runs it when the directory is opened",
    ".exrc": "the editor runs it when the directory is opened",
    ".dir-locals.el": "the editor evaluates it when a file is opened",
    ".devcontainer": "the editor runs its initializeCommand on this machine",
    ".devcontainer.json": "the editor runs its initializeCommand on this machine",
    ".envrc": "direnv runs it when a shell enters the directory",
    "mise.toml": "mise runs its hooks when a shell enters the directory",
    ".mise.toml": "mise runs its hooks when a shell enters the directory",
    ".claude": "agents run its hooks, outside of the sandbox",
    ".cursor": "agents run what it names, outside of the sandbox",
    ".codex": "agents run what it names, outside of the sandbox",
    ".gemini": "agents run what it names, outside of the sandbox",
    ".mcp.json": "agents start the servers that it names, outside of the sandbox",
    ".github": "CI runs its workflows, with the repository's secrets",
    ".gitlab-ci.yml": "CI runs it, with the repository's secrets",
    ".jj": "Jujutsu runs what its config names",
    "sealock.toml": "it is the policy of the next run",
}
"""Names of files and directories, and what runs them; a * stands for any characters."""
BARE: Final = "git takes this directory for a repository, and runs its hooks and what its config names"
MOST_MOUNTS: Final = 200
"""Paths that are protected at most."""
SECONDS: Final = 10.0
"""Time for another run to remove what it made in the workspace."""
_MOST_ENTRIES: Final = 50_000
_UNSEARCHED: Final = frozenset({"node_modules", ".venv", "venv", "__pycache__", ".tox", "target"})
"""Directories of what others wrote, which no editor is opened in."""
_SYSTEM: Final = ("/boot", "/dev", "/etc", "/proc", "/run", "/sys", "/usr", "/var/lib/docker")
"""Directories of the system, with all that is below them."""
_OF_KERNEL: Final = ("/dev", "/proc", "/sys")
_KINDS_OF_KERNEL: Final = frozenset({
    "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "proc", "securityfs", "sysfs", "tracefs",
})  # fmt: skip
"""File systems that are interfaces of the kernel. /proc/PID/root leads out of a container, however it is mounted."""
_PARENTS: Final = frozenset({"/bin", "/home", "/lib", "/lib64", "/media", "/mnt", "/opt", "/root", "/sbin", "/srv"})
"""Directories of the system that hold projects."""


class Workspace(Struct, frozen=True):
    """A directory as it is now. Paths are relative to it.

    `protected` are the paths whose names PROTECTED has, with their inodes, `missing` such names that are not there,
    `sockets` what listens there. `links` are protected paths that are symbolic links. `complete` is False where there
    is more than was looked at, or what the caller owns and cannot read.
    """

    path: str
    owner: tuple[int, int] = (0, 0)
    protected: tuple[tuple[str, int], ...] = ()
    missing: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    complete: bool = True


def look_at(directory: str) -> Workspace:
    """Find what of a workspace is to be protected; TargetError for a directory that cannot be one."""
    path = os.path.realpath(directory)
    if why := _unfit(path):
        message = f"{path} cannot be a workspace: {why}; name a directory of a project with --workspace"
        raise TargetError(message)
    try:
        return _seen(path)
    except OSError as error:
        message = f"the workspace {directory} cannot be read: {reason_of(error)}"
        raise TargetError(message) from None


def _seen(path: str) -> Workspace:
    facts = os.stat(path)
    names = {entry.name for entry in _entries(path)}
    protected: list[tuple[str, int]] = []
    sockets: list[str] = []
    links: list[str] = []
    unread: list[str] = []
    walk = _walk(path, unread)
    for entry, relative, why in islice(walk, _MOST_ENTRIES):
        if _is_socket(entry):
            sockets.append(relative)
        elif not why:
            continue
        elif entry.is_symlink():
            links.append(relative)
        else:
            protected.append((relative, entry.inode()))
    missing = (name for name in PROTECTED if "*" not in name and name not in names)
    return Workspace(
        path, (facts.st_uid, facts.st_gid), tuple(sorted(protected)), tuple(missing), tuple(sorted(sockets)),
        tuple(sorted(links)), next(walk, None) is None and not unread,
    )  # fmt: skip


def reason(name: str) -> str:
    """Why a file or directory with this name is protected; "" where it is not."""
    folded = name.casefold()
    return next((why for pattern, why in PROTECTED.items() if fnmatchcase(folded, pattern)), "")


def appeared(before: Workspace, places: Collection[str] = ()) -> Iterator[str]:
    """What a run left in a workspace that others run: paths that were not there, or not of this kind.

    `places` are directories that were made for mounts.
    """
    if _is_repository(before.path):
        yield f"HEAD: {BARE}"
    try:
        now = _seen(before.path)
    except OSError as error:
        yield f"a workspace that cannot be read: {reason_of(error)}"
        return
    known = {*before.protected}
    made = [path for path, inode in now.protected if (path, inode) not in known]
    for path in (*made, *(link for link in now.links if link not in before.links)):
        if os.path.join(before.path, path) not in places:
            yield f"{path}: {reason(path.rpartition('/')[2]) or BARE}"
    if not now.complete:
        yield "too many files, or directories that cannot be read, to find all that other programs run"


def hold(directory: str) -> int:
    """Keep what other runs made for mounts in a workspace in place, until the descriptor is closed.

    A directory that is removed loses its mounts in other sandboxes too, and what they protect could be written there.
    So hold a workspace before you look at it. TargetError where it cannot be locked.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        message = f"the workspace {directory} cannot be read: {reason_of(error)}"
        raise TargetError(message) from None
    try:
        _lock(descriptor, fcntl.LOCK_SH)
    except OSError as error:
        os.close(descriptor)
        message = f"the workspace {directory} cannot be locked: {reason_of(error)}"
        raise TargetError(message) from None
    return descriptor


def check_unchanged(workspace: Workspace) -> None:
    """Raise TargetError where a protected path is no longer what it was: its mount would not be where it is to be."""
    for path, inode in workspace.protected:
        try:
            same = os.lstat(os.path.join(workspace.path, path)).st_ino == inode
        except OSError:
            same = False
        if not same:
            message = f"{path} in the workspace changed while sealock was starting: run the command again"
            raise TargetError(message)


def _lock(descriptor: int, kind: int) -> None:
    """Lock for others that remove; OSError after SECONDS, since what runs in a sandbox can hold this lock too."""
    deadline = monotonic() + SECONDS
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if monotonic() > deadline:
                raise
            sleep(0.05)
        else:
            return


def find_sockets(path: str) -> Iterator[str]:
    """The sockets at a path or below it, as far as _MOST_ENTRIES; links are followed only where the path is one."""
    path = os.path.expanduser(path)
    with suppress(OSError):
        if stat.S_ISSOCK(os.stat(path).st_mode):
            yield path
        waiting = [path] if os.path.isdir(path) else []
        seen = 0
        for directory in waiting:
            with suppress(OSError):
                for entry in _entries(directory):
                    seen += 1
                    if _is_socket(entry):
                        yield entry.path
                    elif entry.is_dir(follow_symlinks=False) and seen < _MOST_ENTRIES:
                        waiting.append(entry.path)


def mount_refusal(source: str) -> str:
    """Why a read-only mount of a path would open more than files to read; "" where it does not."""
    path = os.path.realpath(os.path.expanduser(source))
    if any(path == name or path.startswith(f"{name}/") for name in _OF_KERNEL):
        return "is an interface of the kernel, which leads out of the container"
    for mount in _mounts_below(path):
        return f"has another mount at {mount.target}, which may stay writable"
    if socket := next(find_sockets(path), ""):
        return f"holds the socket {socket}, on which something outside of the container listens"
    return ""


def _mounts_below(path: str) -> Iterator[Mounted]:
    """The mounts of this machine below a path; none where it does not show them."""
    with suppress(OSError):
        text = Path("/proc/self/mountinfo").read_text("utf-8", errors="surrogateescape")
        start = path.rstrip("/") + "/"
        yield from (mount for mount in mounts(text) if mount.target.startswith(start) and mount.target != start)


def make_places(workspace: Workspace, names: Iterable[str]) -> tuple[str, ...]:
    """Make an empty directory in place of each name, for a mount to hold; return those that were made."""
    made: list[str] = []
    try:
        for name in names:
            path = os.path.join(workspace.path, name)
            os.mkdir(path, 0o755)
            made.append(path)
            with suppress(OSError):
                os.chown(path, *workspace.owner)
    except OSError as error:
        remove_places(made)
        if isinstance(error, FileExistsError):
            message = f"{path} appeared while sealock was starting: run the command again"
        else:
            message = f"{path} cannot be kept from being written: {reason_of(error)}"
        raise TargetError(message) from None
    return tuple(made)


def remove_places(paths: Collection[str], lock: int | None = None, *, wait: bool = True) -> None:
    """Remove the directories that are still empty, when no other run holds the workspace; else `wait`, or leave them.

    They are left on a file system without locks too: an empty directory does no harm.
    """
    if lock is not None and paths:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
    for path in paths:
        with suppress(OSError):
            os.rmdir(path)


def _unfit(path: str) -> str:
    if path == "/" or path in _PARENTS or (path.count("/") < 3 and os.path.basename(path) in {"lib", "tmp", "var"}):
        return "it is a directory of the system"
    for system in _SYSTEM:
        if path == system or path.startswith(f"{system}/"):
            return f"it is of the system, in {system}"
    home = os.path.realpath(os.path.expanduser("~"))
    if home == path or home.startswith(f"{path}/"):
        return "it holds the home directory, with its keys and what its shells start"
    if _is_repository(path):
        return "it is a repository of git itself, whose hooks and config would be writable"
    for mount in _mounts_below(path):
        if mount.kind in _KINDS_OF_KERNEL:
            return f"it has an interface of the kernel at {mount.target}"
    return ""


def _walk(path: str, unread: list[str]) -> Iterator[tuple[os.DirEntry[str], str, str]]:
    """Every entry below a path, by breadth, with its relative path and why it is protected ("" where it is not).

    Links are not followed; of protected directories, the entries are listed, and not what is below these. `unread`
    collects directories that are the caller's and cannot be read.
    """
    waiting = [("", False)]
    for below, within in waiting:
        try:
            entries = _entries(os.path.join(path, below))
        except OSError:
            # Another user's is closed to the owner of the workspace too.
            if _is_own(os.path.join(path, below)):
                unread.append(below)
            continue
        for entry in entries:
            relative = f"{below}/{entry.name}" if below else entry.name
            is_directory = entry.is_dir(follow_symlinks=False)
            why = "" if within else reason(entry.name)
            if is_directory and not why and not within and _is_repository(entry.path):
                why = BARE
            yield entry, relative, why
            if is_directory and not within and entry.name not in _UNSEARCHED:
                waiting.append((relative, bool(why)))


def _is_repository(path: str) -> bool:
    """Whether git takes a directory for a repository without a working tree, or a part of one."""
    if not os.path.lexists(os.path.join(path, "HEAD")):
        return False
    parts = (os.path.join(path, name) for name in ("objects", "refs"))
    return os.path.lexists(os.path.join(path, "commondir")) or all(map(os.path.isdir, parts))


def _is_own(path: str) -> bool:
    try:
        return os.lstat(path).st_uid == os.geteuid()
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _entries(path: str) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_socket(entry: os.DirEntry[str]) -> bool:
    if entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False):
        return False
    with suppress(OSError):
        return stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode)
    return False
