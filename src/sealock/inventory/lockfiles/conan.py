"""conan.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from msgspec import Struct

from sealock.inventory._data import decode_json, keyed, listed, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package

PARTS: Final = {"requires": False, "build_requires": True, "python_requires": True, "config_requires": True}
"""The lists of Conan 2, and whether they are for development."""


class ConanLockFile(Struct):
    """Conan 1 has a graph of nodes, Conan 2 lists of references."""

    graph_lock: Any = None
    requires: Any = None
    build_requires: Any = None
    config_requires: Any = None
    python_requires: Any = None


class Conan(LockFile):
    """Conan's lock file: name/version@user/channel#revision."""

    name = "conan lock"
    version = 2
    patterns = FilePatterns(names=("conan.lock",), limit=8 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_json(file.data, ConanLockFile), file.path)


def packages(lock: ConanLockFile, path: str) -> Iterator[Package]:
    """The packages; those for the build are for development. A node with a path is the project's own."""
    references: list[tuple[object, bool]] = []
    for value in keyed(keyed(lock.graph_lock, "graph_lock").get("nodes"), "graph_lock.nodes").values():
        node = table(value)
        if node.get("path") is None:
            references.append((node.get("ref"), node.get("context") == "build"))
    for name, development in PARTS.items():
        references += [(text, development) for text in listed(getattr(lock, name), name)]
    for reference, development in references:
        name, slash, rest = word(reference).partition("#")[0].partition("@")[0].partition("/")
        if name and slash and rest:
            # A range is not locked.
            yield Package("conan", name, "" if rest[0] == "[" else rest, path, development=development)
