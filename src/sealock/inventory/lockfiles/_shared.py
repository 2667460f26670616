"""The base of lock file analyzers."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, Final

from msgspec.structs import replace

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

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
CONFLICT: Final = compile_lazily(rb"^<{7} ", re.MULTILINE)


class LockFile(Analyzer):
    """A lock file of a project. One within a dependency lists what its authors use, not what is installed here."""

    stated: ClassVar[bytes] = rb"(?!)"
    """A pattern of the version of its format that a file states, a number in its first group."""
    newest: ClassVar[int] = 0
    """The newest version that is known. A newer one may have another form, in which no package would be found."""
    marks: ClassVar[tuple[bytes, ...]] = ()
    """What a file of a known form has even where it lists no package."""
    always: ClassVar[tuple[bytes, ...]] = ()
    """One of these is in every file of a form that is text in lines: no parser says that a text has another form."""

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """List each package once; a file without any is broken if it is of a newer version, or has another form.

        Where a part of it is broken, the packages before that are listed.
        """
        path = f"/{file.path}"
        if any(directory in path for directory in DEPENDENCIES):
            return
        if b"\n>>>>>>> " in file.data and CONFLICT.search(file.data):
            message = "has the conflict markers of a merge"
            raise BrokenFileError(message)
        packages: dict[tuple[object, ...], Package] = {}
        fault: BrokenFileError | None = None
        try:
            for package in self.packages(file):
                add(packages, package)
        except BrokenFileError as broken:
            fault = broken
        yield from packages.values()
        if fault is not None:
            raise fault
        if not packages and not any(mark in file.data for mark in self.marks):
            match = re.search(self.stated, file.data, re.MULTILINE)
            if match is not None and int(match[1][:9]) > self.newest:
                number = match[1][:9].decode()
                message = f"has version {number} of its format, and not the form of those up to {self.newest}"
                raise BrokenFileError(message)
        if self.always and not packages and file.data.strip() and not any(mark in file.data for mark in self.always):
            message = "has another form than such a file"
            raise BrokenFileError(message)

    @abstractmethod
    def packages(self, file: AnalyzedFile, /) -> Iterable[Package]:
        """Return the packages as the file lists them, perhaps several times."""


def text_of(file: AnalyzedFile) -> str:
    """The text of a file that is written in lines."""
    if b"\0" in file.data[:4096]:
        message = "is not text"
        raise BrokenFileError(message)
    return file.data.decode("utf-8-sig", errors="replace")


def add(packages: dict[tuple[object, ...], Package], package: Package) -> None:
    """Add a package that may be there, for development or optional only if every mention of it is."""
    key = (package.namespace, package.name, package.version, package.qualifiers)
    first = packages.setdefault(key, package)
    if first.development or first.optional:
        packages[key] = replace(
            first,
            development=first.development and package.development,
            optional=first.optional and package.optional,
        )


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
