"""A folder of files that is only a table: what a document may see in a test."""

from __future__ import annotations

from collections.abc import Mapping

from sealock.formats.files import FileRefusedError
from sealock.model.project import ProjectFile


class Table:
    """Files by their path; what is not in the table is not there."""

    def __init__(self, texts: Mapping[str, str], environment: Mapping[str, str] | None = None) -> None:
        self.texts = texts
        self.environment = environment or {}

    def text(self, path: str) -> str:
        if path not in self.texts:
            msg = f"{path} is not there"
            raise FileRefusedError(msg)
        return self.texts[path]

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path, exists=path in self.texts)

    def entries(self, folder: str) -> tuple[str, ...] | None:
        return tuple(sorted(self.texts)) if folder in {"", "."} else None
