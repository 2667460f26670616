"""C libraries that are part of a program, and main programs of images: no package manager or loader knows of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, TypeAlias

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from sealock.inventory import _texts as texts
from sealock.inventory import elf
from sealock.inventory._libraries import LIBRARIES
from sealock.inventory._library import Library
from sealock.inventory._programs import PROGRAMS
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, FilePatterns
from sealock.inventory.elf import Elf
from sealock.inventory.window import FileContent
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

_CHUNK: Final = 512 << 10
"""Bytes to search at a time, so that a file full of anchors does not fill memory with matches."""
_OVERLAP: Final = 128
_MAX_TRIES: Final = 48
"""Maximum false matches of one library's anchor."""
_ANCHORS: Final = 64
"""Anchors of an automaton."""
_MAX_MATCHES: Final = 2_000_000
_WHEELS_HASH: Final = compile_lazily(rb"-[0-9a-f]{8}(?:\.\d+)*\.so")


class StaticLibraries(Analyzer):
    """Libraries and programs by the texts in their data; a shared object that is the library has `linkage=shared`."""

    name = "staticlibs"
    version = 5
    patterns = FilePatterns(elf=True, limit=256 << 20)

    def read(self, file: AnalyzedFile, /) -> Iterator[Package]:
        """Yield each library once."""
        program = elf.read(file.content)
        for (name, version), shared in sorted(_libraries(program, file.path).items()):
            yield Package(
                type="generic",
                name=name,
                version=version,
                path=file.path,
                qualifiers=(("linkage", "shared"),) if shared else (),
                found_by=self.name,
            )
        if not program.whole:
            message = "ends before the tables that its ELF header announces"
            raise BrokenFileError(message)


_Searcher: TypeAlias = tuple[BytesAhoCorasick, tuple[tuple[Library, ...], ...]]


@cache
def _searchers() -> tuple[_Searcher, ...]:
    """Make the automata, each with the libraries that its anchors stand for.

    Few anchors are searched with vector instructions, several times as fast as an automaton for more.
    """
    by_anchor: dict[bytes, list[Library]] = {}
    for library in (*LIBRARIES, *PROGRAMS):
        for anchor in library.anchors:
            by_anchor.setdefault(anchor, []).append(library)
    anchors = list(by_anchor)
    count = -(-len(anchors) // _ANCHORS)
    return tuple(
        (
            BytesAhoCorasick(anchors[part::count], matchkind=MatchKind.LeftmostFirst),
            tuple(tuple(by_anchor[anchor]) for anchor in anchors[part::count]),
        )
        for part in range(count)
    )


def _libraries(program: Elf, path: str) -> dict[tuple[str, str], bool]:
    """Map (name, version) of what the file holds to whether the file is the library itself, as a shared object."""
    libraries: dict[tuple[str, str], bool] = {}
    declared: dict[str, set[str]] = {}
    """Versions of header files, by library."""
    hidden: set[str] = set()
    tries: dict[int, int] = {}
    text = _ProgramText(program.data, texts.stretches(program))
    # musl's loader, which is its library too, has no name of its own but that of its file.
    file = _plain_name(program.dynamic.soname or path.rpartition("/")[2].encode("utf-8", "replace"))
    needs = [_plain_name(needed) for needed in program.dynamic.needed]
    for candidates, at in _anchors(text):
        for library in candidates:
            if (count := tries.get(id(library), 0)) >= _MAX_TRIES:
                continue
            tries[id(library)] = count + 1
            own = file.startswith(library.shared)
            if not own and any(needed.startswith(library.shared) for needed in needs):
                tries[id(library)] = _MAX_TRIES
                continue
            version = _version(library, text, at)
            if version is None:
                continue
            if library.version is not None:
                tries[id(library)] = _MAX_TRIES  # it looked through the whole file, and would find the same
            if library.header and not own:
                declared.setdefault(library.name, set()).add(version)
            else:
                libraries[library.name, version] = own
                hidden.add(library.hides)
    known = {name for name, version in libraries if version}
    for name, versions in declared.items():
        # Of several versions in header files any may be the linked one.
        if (name, "") in libraries and name not in known and len(versions) == 1:
            libraries[name, versions.pop()] = libraries[name, ""]
            known.add(name)
    return {
        (name, version): own
        for (name, version), own in libraries.items()
        if name not in hidden and (version or name not in known)
    }


def _plain_name(name: bytes) -> bytes:
    """The name of a shared library without the hash that auditwheel puts into those of Python's wheels."""
    return _WHEELS_HASH.sub(b".so", name)


def _anchors(text: _ProgramText) -> Iterator[tuple[tuple[Library, ...], int]]:
    matches = 0
    for start, chunk in text.chunks():
        for automaton, libraries in _searchers():
            places = automaton.find_matches_as_indexes(chunk)
            if not places:
                continue
            matches += len(places)
            if matches > _MAX_MATCHES:
                message = "repeats the texts of libraries more often than any program does"
                raise BrokenFileError(message)
            for index, first, _ in places:
                yield libraries[index], start + first


class _ProgramText:
    """The bytes of a program; iterating gives all that may be text, in chunks, for those libraries that need it."""

    def __init__(self, data: FileContent, searched: list[tuple[int, int]]) -> None:
        self.data, self._searched = data, searched

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """Yield chunks with their offsets; each overlaps the next one."""
        for begin, end in self._searched:
            for start in range(begin, end, _CHUNK):
                yield start, self.data[start : min(end, start + _CHUNK + _OVERLAP)]

    def __iter__(self) -> Iterator[bytes]:
        return (chunk for _, chunk in self.chunks())


def _version(library: Library, text: _ProgramText, at: int) -> str | None:
    window = text.data[max(0, at - library.before) : at + library.after]
    match = re.search(library.pattern, window, re.DOTALL)
    if match is None:
        return None
    if library.version is not None:
        # Only a few libraries need the code as well.
        return library.version(match[1], [text.data[:]] if library.code else text)
    return (match[1] or b"").decode("ascii", "replace")
