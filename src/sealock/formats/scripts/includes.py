"""Reads what a Makefile includes: the variables of these files decide about its recipes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from sealock.formats.files import FileRefusedError, FileWindow
from sealock.formats.scripts.makefile import MAX_VALUE, add_variables, expand
from sealock.model.location import Source
from sealock.patterns import compile_lazily

MAX_FILES: Final = 50
"""Files that one Makefile includes, and that these include."""
MAX_CHARACTERS: Final = 1_000_000
"""Characters of all of them."""
_INCLUDE: Final = compile_lazily(r"^ {0,8}([-s]?)include[ \t]+((?:[^\n#\\]|\\[\s\S])+)", re.MULTILINE)
_WILDCARD: Final = compile_lazily(r"\$[({]wildcard[ \t]++([^(){}$]+)[)}]")
_NAME: Final = compile_lazily(r"(?:\$\((?:[^()]|\([^()]*\))*\)|\S)+")
"""A name of a directive; a function that is not known may have blanks in it."""
_PATTERN: Final = compile_lazily(r"([^$*?\[]*/)?[^$/]*[*?\[][^$/]*")
"""A pattern in the last part of a path."""
_OPEN: Final = compile_lazily(r"[$*?\[]")


class IncludedFiles(NamedTuple):
    """The files that were read, and for each that was not why."""

    sources: tuple[Source, ...] = ()
    unread: tuple[str, ...] = ()


def may_include(source: Source) -> bool:
    """Whether a Makefile may include others."""
    return "include" in source.text and _INCLUDE.search(source.text) is not None


def read_included(source: Source, files: FileWindow) -> IncludedFiles:
    """Read what a Makefile includes, and what that includes; paths are relative to its directory, as make runs there.

    A file that may be missing (`-include`) and is, or whose name is not known, is left out in silence, as make does.
    """
    reader = _Reader(source, files)
    for pending in reader.texts:  # grows
        reader.read(pending)
    return IncludedFiles(tuple(reader.texts[1:]), tuple(dict.fromkeys(reader.unread)))


class _Reader:
    def __init__(self, source: Source, files: FileWindow) -> None:
        self.files = files
        self.texts: list[Source] = []
        self.values: dict[str, str | None] = {"CURDIR": "."}
        self.unread: list[str] = []
        self.taken: set[str] = set()
        self.left = MAX_CHARACTERS
        self._add(source)

    def _add(self, source: Source) -> None:
        self.texts.append(source)
        add_variables(self.values, source.text)

    def read(self, source: Source) -> None:
        """Read the files that one text includes."""
        for match in _INCLUDE.finditer(source.text):
            optional = bool(match[1])
            for name in self.names(match[2].replace("\\\n", " ")):
                if _OPEN.search(name) is None:
                    self.take(name, optional=optional)
                elif not optional:
                    self._name(f"{name}, whose name only make knows")

    def names(self, written: str) -> Iterator[str]:
        """The names in a directive, with variables and patterns resolved."""
        if "$" in written:
            written = _WILDCARD.sub(lambda match: match[1], expand(written, self.values))
        if len(written) > MAX_VALUE:
            self._name(f"{written[:100]}… (longer than {MAX_VALUE} characters)")
            return
        for match in _NAME.finditer(written):
            yield from self.matching(match[0]) if _PATTERN.fullmatch(match[0]) else (match[0],)

    def matching(self, pattern: str) -> Iterator[str]:
        """The files that a pattern in the last part of a path stands for."""
        directory, slash, last = pattern.rpartition("/")
        for name in self.files.entries(directory or ".") or ():
            if fnmatchcase(name, last) and (last.startswith(".") or not name.startswith(".")):
                yield f"{directory}{slash}{name}"

    def take(self, name: str, *, optional: bool) -> None:
        """Read one file, once."""
        name = name.removeprefix("./")
        if name in self.taken:
            return
        self.taken.add(name)
        if len(self.texts) > MAX_FILES or self.left <= 0:
            self._name(f"{name}, after {MAX_FILES} files or {MAX_CHARACTERS} characters")
            return
        if optional and self.files.fact(name).exists is False:
            return
        try:
            text = self.files.text(name)
        except FileRefusedError as refusal:
            self._name(str(refusal))
            return
        self.left -= len(text)
        self._add(Source(name, text))

    def _name(self, unread: str) -> None:
        """Note what was not read, as far as anybody reads a list."""
        if len(self.unread) <= MAX_FILES:
            self.unread.append(unread if len(self.unread) < MAX_FILES else "…")
