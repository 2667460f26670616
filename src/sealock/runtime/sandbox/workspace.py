"""The workspace of a sandbox: the directory that alone is writable, and what in it runs on this machine later.

A hook of git or a task of an editor is a file that somebody else's program starts without being asked. Written from
within the sandbox, it is a way out of it. So these paths are read-only there, and so is what does not exist yet.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from msgspec import Struct

from sealock.errors import TargetError
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
    "sealock.toml": "it is the policy of the next run",
}
"""Names of files and directories, and what runs them; a * stands for any characters."""
MOST_MOUNTS: Final = 200
"""Paths that are protected at most."""
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
    is more than was looked at.
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
    try:
        facts = os.stat(path)
        names = {entry.name for entry in _entries(path)}
    except OSError as error:
        message = f"the workspace {directory} cannot be read: {error.strerror or error}"
        raise TargetError(message) from None
    if why := _unfit(path):
        message = f"{path} cannot be a workspace: {why}; name a directory of a project with --workspace"
        raise TargetError(message)
    protected: list[tuple[str, int]] = []
    sockets: list[str] = []
    links: list[str] = []
    seen = 0
    for entry, relative, within in _walk(path):
        seen += 1
        if seen > _MOST_ENTRIES:
            break
        if _is_socket(entry):
            sockets.append(relative)
        elif within or not reason(entry.name):
            continue
        elif entry.is_symlink():
            links.append(relative)
        else:
            protected.append((relative, entry.inode()))
    missing = (name for name in PROTECTED if "*" not in name and name not in names)
    return Workspace(
        path, (facts.st_uid, facts.st_gid), tuple(sorted(protected)), tuple(missing), tuple(sorted(sockets)),
        tuple(sorted(links)), seen <= _MOST_ENTRIES,
    )  # fmt: skip


def reason(name: str) -> str:
    """Why a file or directory with this name is protected; "" where it is not."""
    folded = name.casefold()
    return next((why for pattern, why in PROTECTED.items() if fnmatchcase(folded, pattern)), "")


def appeared(before: Workspace) -> Iterator[str]:
    """What a run left in a workspace that others run: paths that were not there, or not of this kind."""
    with suppress(TargetError):
        now = look_at(before.path)
        known = {*before.protected}
        appeared_now = [path for path, inode in now.protected if (path, inode) not in known]
        for path in (*appeared_now, *(link for link in now.links if link not in before.links)):
            yield f"{path}: {reason(path.rpartition('/')[2])}"


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
    made = []
    for name in names:
        path = os.path.join(workspace.path, name)
        try:
            os.mkdir(path, 0o755)
        except FileExistsError:
            message = f"{path} appeared while sealock was starting: run the command again"
            raise TargetError(message) from None
        except OSError as error:
            message = f"{path} cannot be kept from being written: {error.strerror or error}"
            raise TargetError(message) from None
        made.append(path)
        with suppress(OSError):
            os.chown(path, *workspace.owner)
    return tuple(made)


def remove_places(paths: Iterable[str]) -> None:
    """Remove the directories that are still empty."""
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
    for mount in _mounts_below(path):
        if mount.kind in _KINDS_OF_KERNEL:
            return f"it has an interface of the kernel at {mount.target}"
    return ""


def _walk(path: str) -> Iterator[tuple[os.DirEntry[str], str, bool]]:
    """Every entry below a path, by breadth, with its relative path and whether it is in a protected directory.

    Links are not followed; of protected directories, the entries are listed, and not what is below these.
    """
    waiting = [("", False)]
    for below, within in waiting:
        try:
            entries = _entries(os.path.join(path, below))
        except OSError:
            continue  # it is another user's, and closed to the owner of the workspace too
        for entry in entries:
            relative = f"{below}/{entry.name}" if below else entry.name
            yield entry, relative, within
            if not within and entry.name not in _UNSEARCHED and entry.is_dir(follow_symlinks=False):
                waiting.append((relative, bool(reason(entry.name))))


def _entries(path: str) -> list[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_socket(entry: os.DirEntry[str]) -> bool:
    if entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False):
        return False
    with suppress(OSError):
        return stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode)
    return False
