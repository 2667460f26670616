"""The compose files that a run fixes: which of them read others, and what they are with the texts fixed so far.

The texts include those of Dockerfiles: what is fixed in one is not fixed again in the services that build it.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from sealock.formats.files import FileWindow
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.model.project import ProjectFile
from sealock.scan.documents import read_file
from sealock.targets.inputs import FileInput


class _ChangedWindow:
    """A file's window in which changed files have their new text."""

    def __init__(self, files: FileWindow, directory: str, texts: Mapping[str, str]) -> None:
        self._files, self._directory, self._texts = files, directory, texts

    @property
    def environment(self) -> Mapping[str, str]:
        return self._files.environment

    def text(self, path: str) -> str:
        changed = self._texts.get(_path(posixpath.join(self._directory, path)))
        return self._files.text(path) if changed is None else changed

    def fact(self, path: str) -> ProjectFile:
        return self._files.fact(path)

    def entries(self, directory: str) -> tuple[str, ...] | None:
        return self._files.entries(directory)


class ComposeInputs:
    """The compose files of a run; a single one reads nothing that the run changes."""

    def __init__(self, inputs: Iterable[FileInput]) -> None:
        self._inputs = tuple(inputs)
        self._texts: dict[str, str] = {}
        several = len(self._inputs) > 1
        self._errors: dict[int, int] = {}
        self._read_by: dict[str, list[FileInput]] = {}
        """The inputs that read a file, by its path."""
        for input_ in self._inputs if several else ():
            document = read_file(input_)
            self._errors[id(input_)] = len(document.errors)
            for path in _paths_read(document):
                self._read_by.setdefault(path, []).append(input_)

    def in_order(self) -> list[FileInput]:
        """The inputs, each after those that it reads."""
        order: dict[int, FileInput] = {}
        seen: set[int] = set()
        for first in self._inputs:
            stack = [first]
            while stack:
                input_ = stack[-1]
                above = [reader for reader in self._readers(input_) if id(reader) not in seen]
                seen.add(id(input_))
                if above:
                    stack.append(above[0])
                else:
                    order.setdefault(id(input_), stack.pop())
        return list(order.values())[::-1]

    def change(self, input_: FileInput, text: str) -> None:
        """Note a file's new text, which those that read it see from now on."""
        if input_.path and text != input_.source.text:
            self._texts[_path(input_.path)] = text

    def current(self, input_: FileInput) -> FileInput:
        """An input with the texts changed so far in what it reads."""
        return self._with(input_, self._texts) if self._texts else input_

    def breaks(self, input_: FileInput) -> Callable[[str], str]:
        """Return what says why a new text of this input would break another, "" where it breaks none."""
        readers = self._readers(input_)

        def why(text: str) -> str:
            for reader in readers:
                document = read_file(self._with(reader, {**self._texts, _path(input_.path): text}))
                if len(document.errors) > self._errors[id(reader)]:
                    return f"the change would break {reader.target}: {document.errors[-1].message}"
            return ""

        return why

    def _readers(self, input_: FileInput) -> list[FileInput]:
        return self._read_by.get(_path(input_.path), [])

    def _with(self, input_: FileInput, texts: Mapping[str, str]) -> FileInput:
        directory = posixpath.dirname(input_.source.name)
        more = tuple(Source(source.name, texts.get(_path(source.name), source.text)) for source in input_.more)
        return replace(input_, files=_ChangedWindow(input_.files, directory, texts), more=more)


def _paths_read(document: Document) -> list[str]:
    return [_path(source.name) for key, source in document.sources.items() if key]


def _path(path: str) -> str:
    return os.path.realpath(path)
