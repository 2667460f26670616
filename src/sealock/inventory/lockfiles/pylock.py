"""pylock.toml, which PEP 751 made the common lock file of Python's installers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import Table, decode_toml, entries, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.inventory.lockfiles.requirements import PURPOSES
from sealock.model.inventory import Package


class PylockRepository(Struct, frozen=True, rename="kebab"):
    """The repository of a package that is not from an index."""

    type: str = "git"
    url: str = ""
    commit_id: str = ""


class PylockPackage(Struct):
    """A `[[packages]]`; those with a directory are local, and one may have no version."""

    name: str
    version: str = ""
    vcs: PylockRepository = PylockRepository()
    directory: Any = None


class Pylock(LockFile):
    """The lock file of any installer; it has no graph that could show what is for development."""

    name = "pylock"
    version = 3
    patterns = FilePatterns(names=("pylock.toml", *(f"pylock.{purpose}.toml" for purpose in PURPOSES)), limit=8 << 20)
    stated = rb'^lock-version\s*=\s*"(\d+)'
    newest = 1
    marks = (b"[[packages]]", b"packages = []")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without local directories."""
    for row in entries(lock.get("packages"), PylockPackage, "packages"):
        name, version = word(row.name), word(row.version)
        origin = _names.vcs(word(row.vcs.url), word(row.vcs.commit_id), word(row.vcs.type) or "git")
        if name and row.directory is None:
            yield Package("pypi", _names.pypi(name), version, path, qualifiers=origin)
