"""Pipfile.lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory import _names
from sealock.inventory._data import decode_json, keyed, named_entries, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class PipenvPackage(Struct):
    """A package from an index has a version, one from a repository a revision, one from an address neither."""

    version: str = ""
    git: str = ""
    ref: str = ""
    file: Any = ""
    path: Any = ""


class Pipenv(LockFile):
    """Pipenv's lock file: a section for each category; only `develop` is for development."""

    name = "pipenv lock"
    version = 3
    patterns = FilePatterns(names=("Pipfile.lock",), limit=16 << 20)
    stated = rb'"pipfile-spec"\s*:\s*(\d+)'
    newest = 6
    marks = (b'"default"',)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        sections = keyed(decode_json(file.data, object), "a value").items()
        return (
            package
            for section, entries in sections
            if section != "_meta"
            for package in packages(entries, word(section), file.path)
        )


def packages(listed: object, section: str, path: str) -> Iterator[Package]:
    """The packages of a section."""
    development = section == "develop"
    for name, package in named_entries(listed, PipenvPackage, section):
        version = word(package.version).lstrip("=").strip()
        origin = _names.vcs(word(package.git), word(package.ref))
        if version or origin or word(package.file) or _names.is_archive(word(package.path)):
            yield Package("pypi", _names.pypi(name), version, path, qualifiers=origin, development=development)
