"""How a format sees the files beside its own text: through a window that somebody else opens, and keeps small."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from sealock.model.project import ProjectFile


class FileRefusedError(Exception):
    """A file that was asked for is not there, too large, no text, or outside of what was named; the text says which."""


class FileWindow(Protocol):
    """The files that a document may refer to. Paths are as the document writes them, relative to its own folder."""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that the caller lets the document see (none, unless asked for)."""

    def text(self, path: str) -> str:
        """Return the text of a file, or raise FileRefusedError."""

    def fact(self, path: str) -> ProjectFile:
        """Tell what can be seen of a file without reading it."""

    def entries(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder (at most a few thousand), or None where nobody may look."""


class _Nothing:
    """No files at all: for texts that came by themselves, such as `run:"…"` or standard input."""

    environment: Mapping[str, str] = {}

    def text(self, path: str) -> str:
        msg = f"{path} was not read: the text came without its folder"
        raise FileRefusedError(msg)

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path)

    def entries(self, _folder: str) -> None:
        return None


NOTHING: Final[FileWindow] = _Nothing()
