"""The base of lock file analyzers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact
from sealock.model.inventory import Package

DEPENDENCIES: Final = (
    "/node_modules/",
    "/usr/share/nodejs/",
    "/site-packages/",
    "/dist-packages/",
    "/vendor/",
    "/gems/",
    "/pkg/mod/",
    "/.cargo/",
    "/cargo/registry/",
    "/cargo/git/",
)
"""Directories into which package managers install or download."""


class LockFile(Analyzer):
    """A lock file of a project. One within a dependency lists what its authors use, not what is installed here."""

    def read(self, file: AnalyzedFile, /) -> Iterable[Fact]:
        """List each package once."""
        path = f"/{file.path}"
        return () if any(directory in path for directory in DEPENDENCIES) else unique(self.packages(file))

    @abstractmethod
    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """Return the packages as the file lists them, perhaps several times."""


def text_of(file: AnalyzedFile) -> str:
    """The text of a file that is written in lines."""
    if b"\0" in file.data[:4096]:
        message = "is not text"
        raise BrokenFileError(message)
    return file.data.decode("utf-8-sig", errors="replace")


def unique(packages: Iterable[Package]) -> Iterable[Package]:
    """Each package once, for development only if every mention of it is."""
    packages_by_key: dict[tuple[object, ...], Package] = {}
    for package in packages:
        key = (package.namespace, package.name, package.version, package.qualifiers)
        first = packages_by_key.get(key)
        if first is None or (first.development and not package.development):
            packages_by_key[key] = replace(first, development=False) if first else package
    return packages_by_key.values()


def reachable(roots: Iterable[str], edges: Callable[[str], Iterable[str]]) -> set[str]:
    """The roots and everything that they need."""
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(edges(name))
    return reached
