"""How a format reads other files than its own text: through a window that the caller opens, and keeps small."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Final, Protocol

from sealock.model.project import ProjectFile


class FileRefusedError(Exception):
    """A file is missing, too large, not text, or outside of the target; the text says which."""


class FileWindow(Protocol):
    """The files that a document may refer to. Paths are as the document writes them, relative to its directory."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that the document may use (none by default)."""

    def text(self, path: str) -> str:
        """Return the text of a file, or raise FileRefusedError."""

    def fact(self, path: str) -> ProjectFile:
        """Return what is known of a file without reading it."""

    def entries(self, directory: str) -> tuple[str, ...] | None:
        """Return the names in a directory (at most a few thousand), or None where it may not be listed."""


class _Nothing:
    """No files at all: for texts without a directory, like `run:"…"` and standard input."""

    environment: Mapping[str, str] = {}

    def text(self, path: str) -> str:
        msg = f"{path} was not read: the text came without its directory"
        raise FileRefusedError(msg)

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path)

    def entries(self, _directory: str) -> None:
        return None


NOTHING: Final[FileWindow] = _Nothing()


class FilesBelow:
    """The files of a directory, for a text whose paths are relative to it; `directory` as `files` has it."""

    def __init__(self, files: FileWindow, directory: str) -> None:
        self._files, self._directory = files, directory

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that the document may use."""
        return self._files.environment

    def text(self, path: str) -> str:
        """Return the text of a file, or raise FileRefusedError."""
        return self._files.text(posixpath.join(self._directory, path))

    def fact(self, path: str) -> ProjectFile:
        """Return what is known of a file without reading it."""
        return self._files.fact(posixpath.join(self._directory, path))

    def entries(self, directory: str) -> tuple[str, ...] | None:
        """Return the names in a directory, or None where it may not be listed."""
        return self._files.entries(posixpath.join(self._directory, directory))
