"""packages.lock.json of .NET projects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from sealock.inventory._data import decode_json, keyed, named_entries, word
from sealock.inventory.analyzer import AnalyzedFile, FilePatterns
from sealock.inventory.lockfiles._shared import LockFile
from sealock.model.inventory import Package


class NugetLock(Struct):
    """`dependencies` by framework ("net8.0"), then by name."""

    dependencies: Any = None


class NugetPackage(Struct):
    """One of type Project belongs to the solution itself."""

    type: str = ""
    resolved: str = ""


class NuGet(LockFile):
    """NuGet's lock file."""

    name = "nuget lock"
    version = 2
    patterns = FilePatterns(names=("packages.lock.json",), limit=16 << 20)
    stated = rb'"version"\s*:\s*(\d+)'
    newest = 2
    marks = (b'"dependencies"',)

    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """List the packages."""
        return packages(decode_json(file.data, NugetLock).dependencies, file.path)


def packages(frameworks: object, path: str) -> Iterator[Package]:
    """The packages of every framework, without the solution's own."""
    for target, framework in keyed(frameworks, "dependencies").items():
        for name, package in named_entries(framework, NugetPackage, f"dependencies of {word(target)}"):
            if (version := word(package.resolved)) and word(package.type).lower() != "project":
                yield Package("nuget", name, version, path)
