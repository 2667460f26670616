"""Opens files of an untrusted directory without following links out of it or blocking on pipes and devices."""

from __future__ import annotations

import os
import stat
from typing import Final

from sealock.errors import reason_of
from sealock.image.bytesources import OpenFile, UnreadableError

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def open_directory(path: str) -> OpenFile:
    """Open the directory that the user named; its path may contain links."""
    return OpenFile(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))


def open_directory_below(root: OpenFile, path: str) -> OpenFile:
    """Open a directory by its normal path below an open one, part by part; OSError if a part is a link."""
    at = root
    for part in path.split("/") if path else ():
        at = OpenFile(os.open(part, _DIRECTORY, dir_fd=at.fd))
    return at


def open_in(directory: OpenFile, name: str) -> OpenFile:
    """Open a file of an open directory; UnreadableError if it is not a regular file."""
    file = OpenFile(os.open(name, _FILE, dir_fd=directory.fd))
    if not stat.S_ISREG(os.fstat(file.fd).st_mode):
        raise UnreadableError(why="it is not a regular file")
    return file


def open_below(root: OpenFile, path: str) -> OpenFile:
    """Open a regular file below an open directory; UnreadableError, with the reason, where it cannot be read."""
    directory, _, name = path.rpartition("/")
    try:
        return open_in(open_directory_below(root, directory), name)
    except OSError as error:
        raise UnreadableError(why=reason_of(error)) from error
