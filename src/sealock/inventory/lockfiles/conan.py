"""conan.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory._data import decode_json, table, word, words
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class ConanLockFile(Struct):
    """Conan 1 has a graph of nodes, Conan 2 lists of references."""

    graph_lock: Any = None
    requires: Any = ()
    build_requires: Any = ()
    python_requires: Any = ()


class Conan(LockFile):
    """Conan's lock file: name/version@user/channel#revision."""

    name = "conan lock"
    patterns = FilePatterns(names=("conan.lock",), limit=8 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_json(file.data, ConanLockFile), file.path)


def packages(lock: ConanLockFile, path: str) -> Iterator[Package]:
    """The packages; those for the build are for development."""
    nodes = table(table(lock.graph_lock).get("nodes")).values()
    references = [(word(table(node).get("ref")), False) for node in nodes]
    references += [(text, False) for text in words(lock.requires)]
    references += [(text, True) for text in (*words(lock.build_requires), *words(lock.python_requires))]
    for reference, development in references:
        name, slash, rest = reference.partition("#")[0].partition("@")[0].partition("/")
        if name and slash and rest:
            yield Package("conan", name, rest, path, development=development)
