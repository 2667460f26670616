"""What many lock files have in common."""

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
"""Where package managers put what they install or fetch."""


class LockFile(Analyzer):
    """A lock file of a project; one that came within a dependency says what its authors work with, not what is here."""

    def read(self, file: AnalyzedFile, /) -> Iterable[Fact]:
        """Give each package once."""
        path = f"/{file.path}"
        return () if any(directory in path for directory in DEPENDENCIES) else unique(self.packages(file))

    @abstractmethod
    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """Give the packages as the file tells them, perhaps several times."""


def text_of(file: AnalyzedFile) -> str:
    """The text of a file that is written in lines."""
    if b"\0" in file.data[:4096]:
        message = "is no text"
        raise BrokenFileError(message)
    return file.data.decode("utf-8-sig", errors="replace")


def unique(packages: Iterable[Package]) -> Iterable[Package]:
    """Each package once; it is for development alone if every mention of it is."""
    found: dict[tuple[object, ...], Package] = {}
    for package in packages:
        key = (package.namespace, package.name, package.version, package.qualifiers)
        first = found.get(key)
        if first is None or (first.development and not package.development):
            found[key] = replace(first, development=False) if first else package
    return found.values()


def reachable(roots: Iterable[str], edges: Callable[[str], Iterable[str]]) -> set[str]:
    """All that the roots need, and they themselves."""
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting.extend(edges(one))
    return seen
