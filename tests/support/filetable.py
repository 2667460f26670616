"""A table of files that a document may read in a test."""

from __future__ import annotations

from collections.abc import Mapping

from sealock.formats.files import FileRefusedError
from sealock.model.project import ProjectFile


class Table:
    """Files by their path; any other path is missing."""

    def __init__(self, texts: Mapping[str, str], environment: Mapping[str, str] | None = None) -> None:
        self.texts = texts
        self.environment = environment or {}

    def text(self, path: str) -> str:
        if path not in self.texts:
            msg = f"{path} does not exist"
            raise FileRefusedError(msg)
        return self.texts[path]

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path, exists=path in self.texts)

    def entries(self, directory: str) -> tuple[str, ...] | None:
        return tuple(sorted(self.texts)) if directory in {"", "."} else None
