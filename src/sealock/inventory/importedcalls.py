"""The system calls that programs and libraries of an image could make, by the functions that they import.

This is a floor of what is possible, and no ceiling: numbers that a program hands to syscall(), and calls that it makes
without a C library, are not read. Files of which that is so are named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from msgspec import Struct

from sealock.image.entry import LayerEntry, LayerSource
from sealock.inventory import elf
from sealock.inventory._symbols import imported_names
from sealock.model.libccalls import calls_of

_LARGEST: Final = 256 << 20
_OF_LIBC: Final = ("libc.so", "libc-", "ld-linux", "ld-musl", "libpthread", "ld64")
"""Names of files whose own calls are those that others import."""


class PossibleCalls(Struct, frozen=True):
    """System calls, and the files that may make others: without a C library, or by number."""

    calls: frozenset[str]
    unread: tuple[str, ...] = ()


def possible_calls(layers: Iterable[LayerSource], paths: Collection[str], machine: str) -> PossibleCalls:
    """What the files at these absolute paths could call; files that the image does not have count for nothing."""
    wanted = frozenset(path.lstrip("/") for path in paths)
    functions: dict[str, frozenset[str] | None] = {}
    for source in layers:
        for entry in source.entries():
            if entry.kind == "file" and entry.path in wanted:
                functions[entry.path] = _functions(entry)
    imported = {name for names in functions.values() for name in names or ()}
    unread = (path for path, names in functions.items() if names is None or "syscall" in names)
    return PossibleCalls(calls_of(imported, machine), tuple(f"/{path}" for path in sorted(unread)))


def _functions(entry: LayerEntry) -> frozenset[str] | None:
    """What a file imports; None for a program without a C library. A C library itself and a script import nothing."""
    if entry.path.rpartition("/")[2].startswith(_OF_LIBC) or entry.size > _LARGEST:
        return frozenset()
    program = elf.read_if_valid(entry.read(_LARGEST))
    if program is None:
        return frozenset()
    names = frozenset(_texts(imported_names(program)))
    return names if names or program.dynamic.needed else None


def _texts(names: Iterable[bytes]) -> Iterator[str]:
    for name in names:
        yield name.decode("ascii", "replace")
