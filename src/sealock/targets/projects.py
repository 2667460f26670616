"""Where a project begins and ends, and which symbolic links lead out of it.

In a checkout a link is the text of whoever sent it: what it leads to was not named by the user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

POLICY_FILE: Final = "sealock.toml"
_SYSTEM: Final = ("/dev", "/proc")
"""Where links are the kernel's: /dev/stdout, /dev/fd/3."""


def project_of(directory: str) -> str:
    """The directory of a project's policy: the outermost in its repository, else the nearest; else the repository.

    "" where a directory has none of these at or above it.
    """
    upward = tuple(_upward(os.path.abspath(directory)))
    repository = repository_of(directory)
    holders = [path for path in upward if is_there(os.path.join(path, POLICY_FILE))]
    own = [path for path in holders if repository and len(path) >= len(repository)]
    return own[-1] if own else holders[0] if holders else repository


def has_policy(directory: str) -> bool:
    """Whether a project's policy applies in a directory."""
    project = project_of(directory)
    return bool(project) and is_there(os.path.join(project, POLICY_FILE))


def repository_of(directory: str) -> str:
    """The nearest directory at or above one that holds a repository, "" for none."""
    upward = _upward(os.path.abspath(directory))
    return next((path for path in upward if is_there(os.path.join(path, ".git"))), "")


def is_there(path: str) -> bool:
    """Whether there is anything at a path but an empty directory.

    `sealock run --for agent` makes these in a workspace, in place of what is not to be made there: they are no policy
    and no repository to whoever works in it meanwhile.
    """
    if os.path.islink(path) or not os.path.isdir(path):
        return os.path.lexists(path)
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is not None
    except OSError:
        return True


def _upward(directory: str) -> Iterator[str]:
    """This directory and those above it."""
    below = ""
    while directory != below:
        yield directory
        directory, below = os.path.dirname(directory), directory


def is_within(path: str, directory: str) -> bool:
    """Whether a path lies in a directory once the links of both are resolved."""
    return _is_in(os.path.realpath(path), os.path.realpath(directory))


def link_out(path: str) -> str:
    """The symbolic link by which a path leaves its project, in words; "" where it does not.

    A file that is a link may lead to other places of its project, or of its directory where there is none. A link to a
    directory counts only within a project: elsewhere it is how a machine is set up.
    """
    full = os.path.abspath(path)
    for current in _upward(full) if ".." not in path.split("/") else _as_written(path):
        above = os.path.dirname(current)
        if not os.path.islink(current) or any(_is_in(above, system) for system in _SYSTEM):
            continue
        holder = project_of(above if current == full else os.path.realpath(above)) or (
            above if current == full and not os.path.isdir(current) else ""
        )
        if holder and not is_within(current, holder):
            shown = path if current == full else current
            return f"{shown} is a symbolic link to {os.path.realpath(current)}, which is outside of {holder}"
    return ""


def _as_written(path: str) -> Iterator[str]:
    """The path and those above it, with each "..": after a link to a directory it is above what the link leads to."""
    parts = os.path.join(os.getcwd(), path).rstrip("/").split("/")
    for end in range(len(parts), 1, -1):
        if parts[end - 1] not in {"", ".", ".."}:
            yield "/".join(parts[:end])


def _is_in(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")
