"""The files that processes have in use: their programs, what they have mapped, and what they have open.

/proc shows each as a path in the process's own root: nothing below /proc/PID/root is opened, and no link is followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

from msgspec import Struct

from sealock.patterns import compile_lazily
from sealock.runtime.kernel.tree import ProcTree, Silence

MOST_PROCESSES: Final = 5000
"""Processes of one container that are looked at."""
MOST_FILES: Final = 4096
"""Open files of one process that are looked at."""
_MAPPED: Final = compile_lazily(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ +(/.*)$", re.MULTILINE)
_ESCAPE: Final = compile_lazily(r"\\(\d{3})")
_DELETED: Final = " (deleted)"


class UsedFiles(Struct, frozen=True):
    """Paths without the leading slash; `unseen` says what could not be looked at, () for nothing."""

    paths: frozenset[str]
    unseen: tuple[str, ...] = ()


def used_files(tree: ProcTree, pids: Iterable[int]) -> UsedFiles:
    """The files that these processes have in use now. One that ended meanwhile has none."""
    paths: set[str] = set()
    unseen: dict[str, None] = {}
    some = tuple(islice(pids, MOST_PROCESSES + 1))
    for pid in some[:MOST_PROCESSES]:
        maps = tree.text(f"proc/{pid}/maps")
        if isinstance(maps, Silence):
            if maps is not Silence.GONE and maps is not Silence.MISSING:
                unseen[f"the files of process {pid}: {maps.value}"] = None
                continue
        else:
            paths.update(map(_mapped, _MAPPED.findall(maps)))
        names = tree.names(f"proc/{pid}/fd")
        if len(names) > MOST_FILES:
            unseen[f"process {pid} has more than {MOST_FILES} open files"] = None
        for link in (f"proc/{pid}/exe", *(f"proc/{pid}/fd/{name}" for name in names[:MOST_FILES])):
            target = tree.link(link)
            if isinstance(target, str) and target.startswith("/"):
                paths.add(target.removesuffix(_DELETED).lstrip("/"))
    if len(some) > MOST_PROCESSES:
        unseen[f"there are more than {MOST_PROCESSES} processes"] = None
    return UsedFiles(frozenset(paths), tuple(unseen))


def _mapped(path: str) -> str:
    """A path as maps has it: line breaks and the like as octal escapes, and a mark if the file was removed."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 8)), path).removesuffix(_DELETED).lstrip("/")
