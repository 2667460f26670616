"""Which files programs need to start: their loader, their libraries, and theirs in turn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.advice.paths import Files
from sealock.model.advice import Closure

_MOST_MISSING: Final = 100


def closure(starts: Iterable[str], files: Files) -> Closure:
    """Follow the programs at these real paths."""
    programs = files.content.programs
    needed: dict[str, None] = {}
    missing: dict[tuple[str, str], None] = {}
    maybe: dict[str, None] = {}
    todo = [path for path in starts if path]
    while todo:
        path = todo.pop()
        if path in needed:
            continue
        needed[path] = None
        program = programs.get(path)
        if program is None:
            continue
        if program.interpreter:
            found = files.command(program.interpreter)
            if found:
                todo.append(found)
            elif len(missing) < _MOST_MISSING:
                missing[path, program.interpreter] = None
        for name in program.needed:
            found = files.library(name, path)
            if found:
                todo.append(found)
            elif not _is_the_loader_itself(name) and len(missing) < _MOST_MISSING:
                missing[path, name] = None
        for name in program.loads:
            if name not in program.needed and (found := files.library(name, path)):
                maybe[found] = None
    nodes = files.content.nodes
    return Closure(
        tuple(sorted(needed)),
        tuple(missing),
        tuple(sorted(path for path in maybe if path not in needed)),
        sum(nodes[path].size for path in needed if path in nodes),
    )


def _is_the_loader_itself(name: str) -> bool:
    """Whether it is musl's library, which is its loader, whatever name a program calls it by."""
    return name.startswith("libc.musl-")
