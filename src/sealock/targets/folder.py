"""The window through which a document sees the files around it: its own folder, and no further than was named."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from itertools import islice
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.model.project import ProjectFile
from sealock.targets.files import LIMIT, read_bytes, read_text

MANY: Final = 4096
"""Names of one folder that a document is shown at the most."""
FILES: Final = 1000
"""Files that one document may have read: an include that fans out ends here."""


class FolderWindow:
    """The files beside a document in `folder`; nothing outside of `root` is read or looked at unless `outside`."""

    def __init__(
        self, folder: str, root: str, environment: Mapping[str, str] | None = None, *, outside: bool = False
    ) -> None:
        self.folder = folder
        self.root = os.path.realpath(root)
        self.environment: Mapping[str, str] = environment or {}
        self.outside = outside
        self._read = 0

    def _path(self, path: str) -> str:
        """Resolve a path, its symbolic links too, and refuse what lies outside."""
        if "\0" in path or len(path) > 4096:
            msg = "a path with a NUL byte, or of more than 4096 characters, is no path"
            raise FileRefusedError(msg)
        full = os.path.realpath(os.path.join(self.folder, path))
        if not self.outside and not _within(full, self.root):
            msg = f"{path} lies outside of the folder that was named, and was not read (--allow-outside reads it)"
            raise FileRefusedError(msg)
        return full

    def text(self, path: str) -> str:
        """Return the text of a file, or raise FileRefusedError."""
        full = self._path(path)
        self._read += 1
        if self._read > FILES:
            msg = f"{path} was not read: the document has had {FILES} files read already"
            raise FileRefusedError(msg)
        try:
            return read_text(full, LIMIT)
        except FileRefusedError as refusal:
            # The document knows the file by the path that it wrote.
            raise FileRefusedError(str(refusal).replace(full, path, 1)) from None

    def fact(self, path: str) -> ProjectFile:
        """Tell what can be seen of a file without reading it."""
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

    def entries(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder, sorted, or None where it cannot be looked into."""
        try:
            with os.scandir(self._path(folder)) as found:
                return tuple(sorted(entry.name for entry in islice(found, MANY)))
        except (FileRefusedError, OSError):
            return None


def _within(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip("/") + "/")


def _repository(folder: str) -> str | None:
    """The folder at or above this one that holds a .git."""
    while True:
        if os.path.exists(os.path.join(folder, ".git")):
            return folder
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent


def _ignored(path: str, top: str, root: str) -> bool | None:
    """Whether .gitignore files within `root` leave the file out; None where one that counts may lie outside of it."""
    from pathspec import GitIgnoreSpec  # noqa: PLC0415  only documents with env_file or secrets come here

    folder = os.path.dirname(path)
    result: bool | None = None
    while True:
        try:
            lines = read_bytes(os.path.join(folder, ".gitignore"), 1 << 20).decode("utf-8", "replace").splitlines()
            result = GitIgnoreSpec.from_lines(lines).check_file(os.path.relpath(path, folder)).include
        except (FileRefusedError, ValueError):
            result = None
        if result is not None:
            return result
        if folder == top:
            return False
        if folder == root:
            return None
        folder = os.path.dirname(folder)
