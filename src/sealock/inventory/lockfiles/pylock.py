"""pylock.toml, which PEP 751 made the common lock file of Python's installers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory import _names
from sealock.inventory._data import Table, table, tables, toml, word
from sealock.inventory.analyzer import AnalyzedFile, WantedFiles
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class Pylock(LockFile):
    """The packages of any installer's lock file; it has no graph that could tell what is for development."""

    name = "pylock"
    wanted = WantedFiles(names=("pylock.toml",), limit=8 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """Give the packages."""
        return packages(toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without directories and archives that lie beside the lock file."""
    for row in tables(lock.get("packages")):
        name, version, vcs = word(row.get("name")), word(row.get("version")), table(row.get("vcs"))
        beside = "directory" in row or "path" in table(row.get("archive"))
        origin = _names.vcs(word(vcs.get("url")), word(vcs.get("commit-id")), word(vcs.get("type")) or "git")
        if name and not beside and (version or origin):
            yield Package("pypi", _names.pypi(name), version, path, qualifiers=origin)
