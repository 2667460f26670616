"""The files that a document may read: those of its own directory, and none outside the directory that was named."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.model.project import ProjectFile
from sealock.targets.files import LIMIT, read_bytes, read_text
from sealock.targets.locks import decode_lock

MANY: Final = 4096
"""The largest number of names that a document sees of one directory."""
FILES: Final = 1000
"""The largest number of files that one document may read, so that includes that fan out end."""


class DirectoryWindow:
    """The files next to a document in `directory`; nothing outside of `root` is read or inspected unless `outside`."""

    def __init__(
        self, directory: str, root: str, environment: Mapping[str, str] | None = None, *, outside: bool = False
    ) -> None:
        self.directory = directory
        self._root = root
        self.environment: Mapping[str, str] = environment or {}
        self.outside = outside
        self._read = 0

    @cached_property
    def root(self) -> str:
        """The directory outside of which nothing is read, without links in its path."""
        return os.path.realpath(self._root)

    def _path(self, path: str) -> str:
        """Resolve a path, its symbolic links too, and refuse what lies outside."""
        if "\0" in path or len(path) > 4096:
            msg = "the path has a NUL byte or more than 4096 characters"
            raise FileRefusedError(msg)
        full = os.path.realpath(os.path.join(self.directory, path))
        if not self.outside and not _within(full, self.root):
            msg = f"{path} is outside of the directory that was named and was not read (--allow-outside reads it)"
            raise FileRefusedError(msg)
        return full

    def text(self, path: str) -> str:
        """Return the text of a file, or raise FileRefusedError."""
        full = self._path(path)
        self._read += 1
        if self._read > FILES:
            msg = f"{path} was not read: the document already read {FILES} files"
            raise FileRefusedError(msg)
        try:
            # pip finds the encoding of a file of requirements in it, also of one that another includes.
            return decode_lock(full, read_bytes(full, LIMIT)) if full.endswith(".txt") else read_text(full, LIMIT)
        except FileRefusedError as refusal:
            # The document knows the file by the path that it wrote.
            raise FileRefusedError(str(refusal).replace(full, path, 1)) from None

    def fact(self, path: str) -> ProjectFile:
        """What can be seen of a file without reading it."""
        try:
            full = self._path(path)
        except FileRefusedError:
            return ProjectFile(path)
        try:
            mode = stat.S_IMODE(os.stat(full).st_mode)
        except FileNotFoundError:
            return ProjectFile(path, exists=False)
        except OSError:
            return ProjectFile(path)
        top = _repository(os.path.dirname(full))
        ignored = None if top is None else _ignored(full, top, self.root)
        return ProjectFile(path, exists=True, mode=mode, ignored_by_git=ignored, in_repository=top is not None)

    def entries(self, directory: str) -> tuple[str, ...] | None:
        """The names in a directory, sorted; None where it cannot be read."""
        try:
            with os.scandir(self._path(directory)) as scan:
                return tuple(sorted(entry.name for entry in islice(scan, MANY)))
        except (FileRefusedError, OSError):
            return None


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _repository(directory: str) -> str | None:
    """The nearest directory at or above this one with a .git."""
    while True:
        if os.path.exists(os.path.join(directory, ".git")):
            return directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent


def _ignored(path: str, top: str, root: str) -> bool | None:
    """Whether .gitignore files within `root` ignore the file; None where one outside of it may decide."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  only documents with env_file or secrets come here

    directory = os.path.dirname(path)
    result: bool | None = None
    while True:
        try:
            lines = read_bytes(os.path.join(directory, ".gitignore"), 1 << 20).decode("utf-8", "replace").splitlines()
            result = GitIgnoreSpec.from_lines(lines).check_file(os.path.relpath(path, directory)).include
        except (FileRefusedError, ValueError):
            result = None
        if result is not None:
            return result
        if directory == top:
            return False
        if directory == root:
            return None
        directory = os.path.dirname(directory)
