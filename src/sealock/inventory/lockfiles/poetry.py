"""poetry.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import Table, decode_toml, records, word, words
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class PoetrySource(Struct, frozen=True):
    """Where a package comes from, if not from the index."""

    type: str = ""
    url: str = ""
    reference: str = ""
    resolved_reference: str = ""


class PoetryPackage(Struct):
    """A `[[package]]`."""

    name: str
    version: str
    source: PoetrySource = PoetrySource()
    category: Any = ""
    groups: Any = ()


class Poetry(LockFile):
    """Poetry's lock file: version 1 has a category, 2 the groups of each package."""

    name = "poetry lock"
    patterns = FilePatterns(names=("poetry.lock",), limit=8 << 20)
    stated = rb'^lock-version\s*=\s*"(\d+)'
    newest = 2
    marks = (b"[[package]]", b"package = []")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without directories and files of the project."""
    for row in records(lock.get("package"), PoetryPackage):
        name, version, source = word(row.name), word(row.version), row.source
        if not name or not version or source.type in {"directory", "file"}:
            continue
        groups = words(row.groups)
        revision = word(source.resolved_reference) or word(source.reference)
        yield Package(
            "pypi",
            _names.pypi(name),
            version,
            path,
            qualifiers=_names.vcs(word(source.url), revision) if source.type == "git" else (),
            development=row.category == "dev" or bool(groups and "main" not in groups),
        )
