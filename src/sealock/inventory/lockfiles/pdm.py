"""pdm.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import Table, decode_toml, entries, word, words
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class PdmPackage(Struct):
    """A `[[package]]`; `groups` names the groups of dependencies that need it."""

    name: str
    version: str
    groups: Any = ()
    git: Any = ""
    revision: Any = ""
    path: Any = ""


class Pdm(LockFile):
    """PDM's lock file."""

    name = "pdm lock"
    version = 3
    patterns = FilePatterns(names=("pdm.lock",), limit=8 << 20)
    stated = rb'^lock_version\s*=\s*"(\d+)'
    newest = 4
    marks = (b"[[package]]", b"package = []")

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_toml(file.data), file.path)


def packages(lock: Table, path: str) -> Iterator[Package]:
    """The packages, without those of local directories."""
    for row in entries(lock.get("package"), PdmPackage, "package"):
        name, version, groups = word(row.name), word(row.version), words(row.groups)
        if name and version and (not word(row.path) or _names.is_archive(word(row.path))):
            yield Package(
                "pypi",
                _names.pypi(name),
                version,
                path,
                qualifiers=_names.vcs(word(row.git), word(row.revision)),
                development=bool(groups and "default" not in groups),
            )
