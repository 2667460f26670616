"""The facts of a layer and of an image, which caches keep. Importing this loads no analyzer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.inventory.names import Names
from sealock.model.inventory import UNREAD, Distribution, FileFact, Package

ON_PACKAGES: Final = frozenset({"apk-repositories", UNREAD})
"""Kinds of file facts that concern packages."""
_PACKAGE: Final = 4
_NAMES: Final = 4
_LETTERS: Final = 256
"""A package counts as four facts on files; so many names or characters count as one."""
_USUAL: Final = 128
"""Average bytes of a path that count as part of its entry."""


class FileFault(Struct, frozen=True, array_like=True, gc=False):
    """An error in a file of a layer; `on_files` if it cannot have hidden a package."""

    path: str
    message: str
    on_files: bool = False


class StatedDistribution(Distribution, frozen=True, gc=False):
    """What a file says of the distribution. Of the files that a container sees, that of the lowest rank counts."""

    path: str = ""
    rank: int = 0

    def plain(self) -> Distribution:
        """The distribution alone."""
        return Distribution(self.id, self.version, self.codename, self.name, self.like)


class LayerFacts(Struct, frozen=True):
    """The facts of one layer, independent of the image, so that caches can keep them.

    `paths` are its files, which replace those of earlier layers; `directories`, which may change the modes of earlier
    ones; `gone`, what its whiteouts remove; `opaque`, the directories whose earlier contents it hides; `implied`, those
    that hold its entries and have none of their own near these.
    """

    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]
    distributions: tuple[StatedDistribution, ...]
    paths: Names
    directories: Names
    gone: Names
    opaque: Names
    entries: int
    size: int
    """Bytes of its regular files."""
    faults: tuple[FileFault, ...]
    links: Names = Names()
    """Its links, as `names.pairs` yields them."""
    marked: Names = Names()
    """Those of its links whose own paths matter to an analyzer."""
    units: int = 0
    """What its facts and names take, in the measure of `count_units`."""
    implied: Names = Names()

    @property
    def cost(self) -> int:
        """What it takes of the limit of entries: facts have the same limit, which few layers reach."""
        return max(self.entries, self.units)

    def holders(self) -> Iterator[list[str]]:
        """Yield, part by part, the directories that hold its entries, among others that it has."""
        yield from self.directories.parts()
        yield from self.implied.parts()

    def of_packages(self) -> LayerFacts:
        """Only the facts on packages."""
        files = tuple(fact for fact in self.files if fact.kind in ON_PACKAGES)
        return replace(
            self,
            files=files,
            faults=tuple(fault for fault in self.faults if not fault.on_files),
            units=self.units - sum(map(count_units, self.files)) + sum(map(count_units, files)),
        )


def count_units(fact: Package | FileFact | Distribution) -> int:
    """The units that a fact takes of the limit: packages most, and more for long texts and lists.

    A lock file of megabytes names hundreds of thousands of packages, and a package may own as many files.
    """
    if isinstance(fact, Distribution):
        return 1
    letters = len(fact.path)
    if isinstance(fact, FileFact):
        return 1 + (letters + len(fact.detail)) // _LETTERS
    letters += len(fact.supplier) + len(fact.source) + sum(map(len, fact.licenses)) + sum(map(len, fact.files))
    return _PACKAGE + (len(fact.files) + len(fact.needs) + len(fact.provides)) // _NAMES + letters // _LETTERS


def excess(names: Names, entries: int) -> int:
    """The units of a layer's paths beyond the usual length."""
    return max(0, sum(map(len, names.plain)) + sum(map(len, names.packed)) - _USUAL * entries) // _LETTERS


class ImageFacts(Struct, frozen=True):
    """The facts of an image, all layers merged; what a later layer replaces or removes is marked as removed."""

    distribution: Distribution | None
    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]
    sizes: tuple[tuple[int, int, int], ...]
    """The index, the entries and the bytes of regular files of each layer."""
    faults: tuple[tuple[FileFault, ...], ...]
    """Errors in files, by layer."""
    cost: int = 0
    """The sum of its layers' costs."""


NOTHING: Final = ImageFacts(None, (), (), (), ())
"""The facts of no layers."""
