"""Which files programs need to start: their loader, their libraries, and theirs in turn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.baseimage.paths import ImageFiles
from sealock.model.advice import Closure

_MOST_MISSING: Final = 100
_OF_MUSL: Final = frozenset({"libc", "libpthread", "librt", "libm", "libdl", "libutil", "libxnet"})
"""Names of libraries, up to their first dot, for which musl's loader stands itself."""


def closure(starts: Iterable[str], files: ImageFiles) -> Closure:
    """Follow the programs at these real paths."""
    follow = _Following(files)
    for path in starts:
        if path:
            follow.todo.append((path, False))
    follow.all()
    nodes = files.content.nodes
    return Closure(
        tuple(sorted(follow.needed)),
        tuple(follow.missing),
        tuple(sorted(path for path in follow.maybe if path not in follow.needed)),
        sum(nodes[path].size for path in follow.needed if path in nodes),
    )


class _Following:
    """What was found so far."""

    def __init__(self, files: ImageFiles) -> None:
        self.files = files
        self.needed: dict[str, None] = {}
        self.missing: dict[tuple[str, str], None] = {}
        self.maybe: dict[str, None] = {}
        self.todo: list[tuple[str, bool]] = []
        """Files to look at, and whether musl's loader loads them."""

    def all(self) -> None:
        """Follow what is to be followed, each file once."""
        while self.todo:
            path, musl = self.todo.pop()
            if path not in self.needed:
                self.needed[path] = None
                self.one(path, musl=musl)

    def one(self, path: str, *, musl: bool) -> None:
        """Look at one file."""
        program = self.files.content.programs.get(path)
        if program is None:
            return
        if program.interpreter:
            loader = self.files.command(program.interpreter)
            musl = loader.rpartition("/")[2].startswith("ld-musl")
            self.found(path, program.interpreter, loader, musl=musl)
        for name in program.needed:
            if not (musl and name.partition(".")[0] in _OF_MUSL):
                self.found(path, name, self.files.library(name, path), musl=musl)
        for name in program.loads:
            if name not in program.needed and (at := self.files.library(name, path)):
                self.maybe[at] = None

    def found(self, path: str, name: str, at: str, *, musl: bool) -> None:
        """Note what a file needs, or that it is nowhere."""
        if at:
            self.todo.append((at, musl))
        elif len(self.missing) < _MOST_MISSING:
            self.missing[path, name] = None
