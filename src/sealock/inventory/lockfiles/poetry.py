"""poetry.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import Table, decode_toml, entries, table, word, words
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class PoetryPackage(Struct):
    """A `[[package]]`; its source says where it comes from, if not from the index."""

    name: str
    version: str
    source: Any = None
    category: Any = ""
    groups: Any = ()


class Poetry(LockFile):
    """Poetry's lock file: version 1 has a category, 2 the groups of each package."""

    name = "poetry lock"
    version = 3
    patterns = FilePatterns(names=("poetry.lock",), limit=8 << 20)
    stated = rb'^lock-version\s*=\s*"(\d+)'
    newest = 2
    marks = (b"[[package]]", b"package = []")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without directories of the project."""
    for row in entries(lock.get("package"), PoetryPackage, "package"):
        name, version, source = word(row.name), word(row.version), table(row.source)
        if not name or not version or source.get("type") == "directory":
            continue
        groups = words(row.groups)
        revision = word(source.get("resolved_reference")) or word(source.get("reference"))
        yield Package(
            "pypi",
            _names.pypi(name),
            version,
            path,
            qualifiers=_names.vcs(word(source.get("url")), revision) if source.get("type") == "git" else (),
            development=row.category == "dev" or bool(groups and "main" not in groups),
        )
