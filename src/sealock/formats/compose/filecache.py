"""Reads each file once, however often a project is read again."""

from __future__ import annotations

from collections.abc import Mapping

from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.model.project import ProjectFile


class FileCache:
    """A project's files as they were first read, refusals too."""

    def __init__(self, files: FileWindow) -> None:
        self.files = files
        self.texts: dict[str, str | FileRefusedError] = {}
        self.facts: dict[str, ProjectFile] = {}

    @property
    def blind(self) -> bool:
        """Whether there are no files at all, since the text has no directory."""
        return self.files is NOTHING

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of the caller."""
        return self.files.environment

    def text(self, path: str) -> str:
        """Return the text of a file, or raise FileRefusedError."""
        text = self.texts.get(path)
        if text is None:
            try:
                text = self.files.text(path)
            except FileRefusedError as refused:
                text = refused
            self.texts[path] = text
        if isinstance(text, FileRefusedError):
            raise text
        return text

    def fact(self, path: str) -> ProjectFile:
        """Return what is known of a file without reading it."""
        if path not in self.facts:
            self.facts[path] = self.files.fact(path)
        return self.facts[path]

    def entries(self, directory: str) -> tuple[str, ...] | None:
        """Return the names in a directory."""
        return self.files.entries(directory)
