"""Computes the files that programs need to start: their loader and their libraries, transitively."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import Closure

_MOST_MISSING: Final = 100
_OF_MUSL: Final = frozenset({"libc", "libpthread", "librt", "libm", "libdl", "libutil", "libxnet"})
"""Names of libraries, up to their first dot, that musl's loader contains."""


def closure(starts: Iterable[str], files: ImageFiles) -> Closure:
    """Follow the programs at these real paths."""
    search = _Search(files)
    search.todo += [(path, False) for path in starts if path]
    search.run()
    nodes = files.content.nodes
    return Closure(
        tuple(sorted(search.needed)),
        tuple(search.missing),
        tuple(sorted(path for path in search.maybe if path not in search.needed)),
        sum(nodes[path].size for path in search.needed if path in nodes),
    )


class _Search:
    """The state of the search."""

    def __init__(self, files: ImageFiles) -> None:
        self.files = files
        self.needed: dict[str, None] = {}
        self.missing: dict[tuple[str, str], None] = {}
        self.maybe: dict[str, None] = {}
        self.todo: list[tuple[str, bool]] = []
        """Files to visit, and whether musl's loader loads them."""

    def run(self) -> None:
        """Visit all files once."""
        while self.todo:
            path, musl = self.todo.pop()
            if path not in self.needed:
                self.needed[path] = None
                self.visit(path, musl=musl)

    def visit(self, path: str, *, musl: bool) -> None:
        """Add what a file needs."""
        program = self.files.content.programs.get(path)
        if program is None:
            return
        if program.interpreter:
            loader = self.files.command(program.interpreter)
            musl = loader.rpartition("/")[2].startswith("ld-musl")
            self.add(path, program.interpreter, loader, musl=musl)
        for name in program.needed:
            if not (musl and name.partition(".")[0] in _OF_MUSL):
                self.add(path, name, self.files.library(name, path), musl=musl)
        for name in program.loads:
            if name not in program.needed and (at := self.files.library(name, path)):
                self.maybe[at] = None

    def add(self, path: str, name: str, at: str, *, musl: bool) -> None:
        """Add a needed file, or a missing one where `at` is ""."""
        if at:
            self.todo.append((at, musl))
        elif len(self.missing) < _MOST_MISSING:
            self.missing[path, name] = None
