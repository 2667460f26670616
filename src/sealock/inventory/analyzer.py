"""What every analyzer is made of: it names the paths that it wants, and makes facts of their bytes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import ClassVar, TypeAlias

from msgspec import Struct

from sealock.image.entry import DEFAULT_BOUNDS, Bounds
from sealock.inventory.window import FileContent
from sealock.model.inventory import Distribution, FileFact, Package

Fact: TypeAlias = Package | FileFact | Distribution


class WantedFiles(Struct, frozen=True):
    """Which regular files an analyzer asks for. Any of these is enough; all comparisons are on the normal path.

    `paths` whole paths ("var/lib/dpkg/status"); `directories` all files right in such ("var/lib/dpkg/status.d");
    `parents` all right in a directory of this name, wherever it is ("conda-meta"); `names` last components
    ("package-lock.json"); `endings` ends of the name (".dist-info/METADATA" may hold a slash, ".jar"); `elf` every file
    that begins as an ELF file does. `limit` is how many bytes are read at the most.
    """

    paths: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    elf: bool = False
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
    """What a file holds cannot be made sense of; the text says why. It becomes a problem with layer and path."""


class Analyzer(ABC):
    """One kind of file that tells of packages. A module holds one; `catalog` finds it by its directory.

    `version` is raised whenever the same bytes would give other facts: caches hang on it.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    wanted: ClassVar[WantedFiles]

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        """Keep to these bounds."""
        self.bounds = bounds

    @property
    def finds_packages(self) -> bool:
        """Whether those who ask for packages alone need it: not if it is one of `onfiles`."""
        return ".onfiles." not in type(self).__module__

    @abstractmethod
    def read(self, file: AnalyzedFile, /) -> Iterable[Fact]:
        """Yield what the file tells; Broken where it cannot be read, after what came before the fault."""

    def join(self, facts: Iterable[Fact], /) -> Iterator[Fact]:
        """Put together what several files of one layer say (dpkg's lists with its status); by default nothing is."""
        yield from facts
