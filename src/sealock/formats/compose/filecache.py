"""Asks for each file once, however often a project is read again."""

from __future__ import annotations

from collections.abc import Mapping

from sealock.formats.files import NOTHING, FileRefusedError, FileWindow
from sealock.model.project import ProjectFile


class FileCache:
    """The files of a project as they were when they were first asked for, refusals too."""

    def __init__(self, files: FileWindow) -> None:
        self.files = files
        self.known: dict[str, str | FileRefusedError] = {}
        self.facts: dict[str, ProjectFile] = {}

    @property
    def blind(self) -> bool:
        """Whether there are no files at all, since the text came by itself."""
        return self.files is NOTHING

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables of the caller."""
        return self.files.environment

    def text(self, path: str) -> str:
        """Return the text of a file, or raise FileRefusedError."""
        held = self.known.get(path)
        if held is None:
            try:
                held = self.files.text(path)
            except FileRefusedError as refused:
                held = refused
            self.known[path] = held
        if isinstance(held, FileRefusedError):
            raise held
        return held

    def fact(self, path: str) -> ProjectFile:
        """Tell what can be seen of a file without reading it."""
        held = self.facts.get(path)
        if held is None:
            held = self.facts[path] = self.files.fact(path)
        return held

    def entries(self, folder: str) -> tuple[str, ...] | None:
        """Return the names in a folder."""
        return self.files.entries(folder)
