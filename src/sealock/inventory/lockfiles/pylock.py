"""pylock.toml, which PEP 751 made the common lock file of Python's installers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory import _names
from sealock.inventory._data import Table, table, tables, toml, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class Pylock(LockFile):
    """The lock file of any installer; it has no graph that could show what is for development."""

    name = "pylock"
    patterns = FilePatterns(names=("pylock.toml",), limit=8 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """Give the packages."""
        return packages(toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without local directories and archives."""
    for row in tables(lock.get("packages")):
        name, version, vcs = word(row.get("name")), word(row.get("version")), table(row.get("vcs"))
        is_local = "directory" in row or "path" in table(row.get("archive"))
        origin = _names.vcs(word(vcs.get("url")), word(vcs.get("commit-id")), word(vcs.get("type")) or "git")
        if name and not is_local and (version or origin):
            yield Package("pypi", _names.pypi(name), version, path, qualifiers=origin)
