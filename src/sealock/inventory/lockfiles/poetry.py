"""poetry.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory import _names
from sealock.inventory._data import Table, table, tables, toml, word, words
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class Poetry(LockFile):
    """Poetry's lock file: version 1 has a category, 2 the groups of each package."""

    name = "poetry lock"
    patterns = FilePatterns(names=("poetry.lock",), limit=8 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """Give the packages."""
        return packages(toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without directories and files of the project."""
    for row in tables(lock.get("package")):
        name, version, source = word(row.get("name")), word(row.get("version")), table(row.get("source"))
        kind = word(source.get("type"))
        if not name or not version or kind in {"directory", "file"}:
            continue
        groups = words(row.get("groups", []))
        revision = word(source.get("resolved_reference")) or word(source.get("reference"))
        yield Package(
            "pypi",
            _names.pypi(name),
            version,
            path,
            qualifiers=_names.vcs(word(source.get("url")), revision) if kind == "git" else (),
            development=row.get("category") == "dev" or bool(groups and "main" not in groups),
        )
