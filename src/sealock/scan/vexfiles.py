"""Opens the VEX documents of a run, each once, and records which of their statements matched a finding."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from sealock.formats.files import FileRefusedError
from sealock.formats.vex import LARGEST, Vex, read_vex
from sealock.model.finding import InputError
from sealock.model.location import Location, Source
from sealock.model.vex import AttachedVex, VexStatement
from sealock.policy.vex import VexStatements, VexUsage
from sealock.targets.files import read_text

_NONE: Final = AttachedVex()


class VexDocuments:
    """The documents of one run. An unreadable document is an error and has no statements."""

    def __init__(self) -> None:
        self._read: dict[str, Vex] = {}
        self._by_paths: dict[tuple[str, ...], VexStatements] = {}
        self._usage = VexUsage()
        self._attached: tuple[VexStatement, ...] = ()

    def statements(self, paths: tuple[str, ...], attached: AttachedVex = _NONE) -> VexStatements:
        """The statements of these documents, after those that are attached to the image.

        Among statements of the same time, the later document wins: what the user names, and last what was named last.
        """
        if attached.statements:
            self._attached += attached.statements
            own = self.statements(paths).statements
            return VexStatements((*attached.statements, *own), self._usage, attached.digests)
        if paths not in self._by_paths:
            statements = chain.from_iterable(self._document(path).statements for path in dict.fromkeys(paths))
            self._by_paths[paths] = VexStatements(tuple(statements), self._usage)
        return self._by_paths[paths]

    def _document(self, path: str) -> Vex:
        if path not in self._read:
            try:
                self._read[path] = read_vex(Source(path, read_text(path, LARGEST)))
            except FileRefusedError as refusal:
                self._read[path] = Vex(errors=(InputError(str(refusal), Location(path)),))
        return self._read[path]

    def errors(self) -> Iterator[tuple[str, tuple[InputError, ...]]]:
        """Yield each document with errors."""
        yield from ((path, document.errors) for path, document in self._read.items() if document.errors)

    def notes(self) -> tuple[str, ...]:
        """Name the statements that matched no finding."""
        read = chain.from_iterable(document.statements for document in self._read.values())
        return tuple(self._usage.notes((*self._attached, *read)))
