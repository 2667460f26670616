"""Opens the VEX documents of a run, each once, and keeps which of their statements were about something."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from sealock.formats.files import FileRefusedError
from sealock.formats.vex import LARGEST, Vex, read_vex
from sealock.model.finding import InputError
from sealock.model.location import Location, Source
from sealock.policy.vex import VexStatements, VexUsage
from sealock.targets.files import read_text


class VexDocuments:
    """The documents of one run. One that cannot be read is a problem, and has no statements."""

    def __init__(self) -> None:
        self._read: dict[str, Vex] = {}
        self._statements: dict[tuple[str, ...], VexStatements] = {}
        self._usage = VexUsage()

    def statements(self, named: tuple[str, ...], policy: str = "", of_policy: tuple[str, ...] = ()) -> VexStatements:
        """The statements of some documents: those named, then those of a policy, whose paths start in its folder.

        Of statements of the same time, the later document's counts.
        """
        paths = (*named, *(str(Path(policy).parent / path) for path in of_policy))
        if paths not in self._statements:
            told = chain.from_iterable(self._document(path).statements for path in dict.fromkeys(paths))
            self._statements[paths] = VexStatements(tuple(told), self._usage)
        return self._statements[paths]

    def _document(self, path: str) -> Vex:
        if path not in self._read:
            try:
                self._read[path] = read_vex(Source(path, read_text(path, LARGEST)))
            except FileRefusedError as refusal:
                self._read[path] = Vex(errors=(InputError(str(refusal), Location(path)),))
        return self._read[path]

    def errors(self) -> Iterator[tuple[str, tuple[InputError, ...]]]:
        """Each document in which something is wrong, with what it is."""
        yield from ((path, document.errors) for path, document in self._read.items() if document.errors)

    def notes(self) -> tuple[str, ...]:
        """Say which statements were about nothing that was found."""
        return tuple(self._usage.notes(chain.from_iterable(one.statements for one in self._read.values())))
