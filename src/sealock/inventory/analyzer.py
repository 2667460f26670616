"""The base of all analyzers, which select paths and make facts of their bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, TypeAlias

from msgspec import Struct

from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.inventory.window import FileContent
from sealock.model.inventory import Distribution, FileFact, Package

Fact: TypeAlias = Package | FileFact | Distribution


class FilePatterns(Struct, frozen=True):
    """The regular files that an analyzer reads. One match is enough; all comparisons use the normal path.

    `paths` whole paths ("var/lib/dpkg/status"); `directories` all files right in such ("var/lib/dpkg/status.d");
    `parents` all right in a directory of this name, wherever it is ("conda-meta"); `names` last components
    ("package-lock.json"); `endings` ends of the name (".dist-info/METADATA" may hold a slash, ".jar"); `elf` every file
    that begins as an ELF file does; `foreign` as programs of Windows and macOS do; `zip` zip archives that no other
    pattern selects. All three are windows. `limit` is the maximum number of bytes to read; with `whole`, no larger file
    is read at all. `homes` are the directories that an analyzer's files must lie in, by their name or their whole path:
    links in their place are followed.
    """

    paths: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    elf: bool = False
    foreign: bool = False
    zip: bool = False
    whole: bool = False
    homes: tuple[str, ...] = ()
    limit: int = 64 << 20


class AnalyzedFile(Struct, frozen=True, gc=False):
    """A file as an analyzer sees it. `content` may be a window, for those who need no more than pieces of it."""

    path: str
    content: FileContent
    mode: int = 0
    uid: int = 0
    gid: int = 0

    @property
    def data(self) -> bytes:
        """All bytes."""
        return self.content[:]


class BrokenFileError(Exception):
    """A file is broken; the text says why. It becomes an error with layer and path."""


class Analyzer(ABC):
    """Reads one kind of file. `catalog` loads every analyzer of this package and its subpackages.

    Raise `version` when the same bytes give other facts: caches depend on it.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    patterns: ClassVar[FilePatterns]
    placed: ClassVar[bool] = False
    """Whether `claims` goes by the directory of a file, and not by its name or a fixed path alone."""

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        """Keep to these bounds."""
        self.bounds = bounds

    @property
    def finds_packages(self) -> bool:
        """Whether it can find packages; analyzers of `onfiles` cannot."""
        return ".onfiles." not in type(self).__module__

    def claims(self, _path: str, /) -> bool:
        """Whether a file at this path, which matches the patterns, may have facts; by default, every one."""
        return True

    @abstractmethod
    def read(self, file: AnalyzedFile, /) -> Iterable[Fact]:
        """Yield the facts of a file; BrokenFileError at the first error, after the facts before it."""

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Join the facts of several files of one layer (dpkg's lists with its status); by default, change nothing."""
        yield from facts
