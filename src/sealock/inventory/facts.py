"""What a layer holds, and all layers of an image: what caches keep. Loading this loads no analyzer."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.inventory.names import Names
from sealock.model.inventory import Distribution, FileFact, Package

ON_PACKAGES: Final = frozenset({"apk-repositories"})
"""Kinds of facts on files that say something about packages."""
_PACKAGE: Final = 4
_NAMES: Final = 4
_LETTERS: Final = 256
"""A package takes as much as so many facts on files, and so many names, or characters, as one of them."""
_USUAL: Final = 128
"""Bytes of a path that count as nothing beside its entry, on the average."""


class FileFault(Struct, frozen=True, array_like=True, gc=False):
    """What was wrong with a file of a layer; `on_files` where no package can have been missed for it."""

    path: str
    message: str
    on_files: bool = False


class LayerFacts(Struct, frozen=True):
    """What one layer holds by itself, whichever image it is a part of, so that it can be kept.

    `paths` are its files, which replace those of earlier layers; `directories`, which may change the modes of earlier
    ones; `gone`, what its whiteouts remove; `opaque`, the directories whose earlier contents it hides.
    """

    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]
    distributions: tuple[Distribution, ...]
    paths: Names
    directories: Names
    gone: Names
    opaque: Names
    entries: int
    size: int
    """Bytes of its regular files."""
    faults: tuple[FileFault, ...]
    units: int = 0
    """What its facts and names take, as `count_units` has it."""

    @property
    def cost(self) -> int:
        """What it takes of the entries that all layers may have: of facts as many are kept, which few layers have."""
        return max(self.entries, self.units)

    def of_packages(self) -> LayerFacts:
        """What is left of them for who asks for packages alone."""
        files = tuple(fact for fact in self.files if fact.kind in ON_PACKAGES)
        return replace(
            self,
            files=files,
            faults=tuple(fault for fault in self.faults if not fault.on_files),
            units=self.units - sum(map(count_units, self.files)) + sum(map(count_units, files)),
        )


def count_units(fact: Package | FileFact | Distribution) -> int:
    """How much a fact takes of what may be kept, packages most, and more where it is long, or lists very many things.

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
    """What the paths of a layer take beyond what is usual, in the same measure."""
    return max(0, sum(map(len, names.plain)) + sum(map(len, names.packed)) - _USUAL * entries) // _LETTERS


class ImageFacts(Struct, frozen=True):
    """What an image holds, all layers together: what a later one replaces or removes is marked as removed."""

    distribution: Distribution | None
    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]
    sizes: tuple[tuple[int, int, int], ...]
    """Of each layer: its index, its entries, and the bytes of its regular files."""
    faults: tuple[tuple[FileFault, ...], ...]
    """What was wrong with files, layer by layer."""
    cost: int = 0
    """As that of all its layers."""


NOTHING: Final = ImageFacts(None, (), (), (), ())
"""The facts of no layers."""
