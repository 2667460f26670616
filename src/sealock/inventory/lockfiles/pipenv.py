"""Pipfile.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sealock.inventory import _names
from sealock.inventory._data import decoded, table, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class Pipenv(LockFile):
    """Pipenv's lock file: a section for each category; only `develop` is for development."""

    name = "pipenv lock"
    patterns = FilePatterns(names=("Pipfile.lock",), limit=16 << 20)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """Give the packages."""
        sections = table(decoded(file.data, object)).items()
        return (
            package
            for section, entries in sections
            if section != "_meta"
            for package in packages(entries, file.path, development=section == "develop")
        )


def packages(section: object, path: str, *, development: bool) -> Iterator[Package]:
    """The packages of a section: from an index with a version, or from a repository with a revision."""
    for key, value in table(section).items():
        entry, name = table(value), word(key)
        version = word(entry.get("version")).lstrip("=").strip()
        origin = _names.vcs(word(entry.get("git")), word(entry.get("ref")))
        if name and (version or origin):
            yield Package("pypi", _names.pypi(name), version, path, qualifiers=origin, development=development)
