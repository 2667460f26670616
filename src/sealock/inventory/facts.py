"""What a layer holds, and all layers of an image: what caches keep. Loading this loads no analyzer."""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from sealock.inventory.names import Names
from sealock.model.inventory import Distribution, FileFact, Package

ON_PACKAGES: Final = frozenset({"apk-repositories"})
"""Kinds of facts on files that say something about packages."""


class Fault(Struct, frozen=True, array_like=True, gc=False):
    """What was wrong with a file of a layer; `on_files` where no package can have been missed for it."""

    path: str
    message: str
    on_files: bool = False


class LayerFacts(Struct, frozen=True):
    """What one layer holds by itself, whichever image it is a part of, so that it can be kept.

    `paths` are its files, for telling what a later layer replaces, `folders` its folders, whose modes a later layer may
    set anew, `gone` are what its whiteouts remove, `opaque` the folders whose earlier contents it hides.
    """

    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]
    distributions: tuple[Distribution, ...]
    paths: Names
    folders: Names
    gone: Names
    opaque: Names
    entries: int
    size: int
    """Bytes of its regular files."""
    faults: tuple[Fault, ...]

    def of_packages(self) -> LayerFacts:
        """What is left of them for who asks for packages alone."""
        return replace(
            self,
            files=tuple(fact for fact in self.files if fact.kind in ON_PACKAGES),
            faults=tuple(fault for fault in self.faults if not fault.on_files),
        )


class ImageFacts(Struct, frozen=True):
    """What an image holds, all layers together: what a later one replaces or removes is marked as removed."""

    distribution: Distribution | None
    packages: tuple[Package, ...]
    files: tuple[FileFact, ...]
    sizes: tuple[tuple[int, int, int], ...]
    """Of each layer: its index, its entries, and the bytes of its regular files."""
    faults: tuple[tuple[Fault, ...], ...]
    """What was wrong with files, layer by layer."""


NOTHING: Final = ImageFacts(None, (), (), (), ())
"""The facts of no layers."""
